/** What tools, prompts and resources answer with, in the form of MCP. This file holds types alone. */
import type { Annotations } from './display.ts';
import type { Displayed } from './display.ts';

/** Bytes in what a handler answers: as they are, in base64, or as a data URI of base64. They are sent as base64. */
export type ContentBytes = string | Uint8Array | ArrayBuffer;

/** One part of an answer. A handler whose answer has one that is none of these is told of it in the log, and the caller gets an error. */
export type ContentBlock<Bytes = string> = { annotations?: Annotations } & (
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: Bytes; mimeType: string }
  | { type: 'resource'; resource: ResourceContents<Bytes> }
  | ({ type: 'resource_link' } & ListedResource)
);

/** A resource, as lists and links show it. */
export interface ListedResource extends Displayed {
  uri: string;
  name: string;
  description?: string;
  mimeType?: string;
  annotations?: Annotations;
  /** Size of the content in bytes, before any encoding. */
  size?: number;
}

export interface ResourceContents<Bytes = string> {
  uri: string;
  mimeType?: string;
  /** A resource has its content as text here, or as bytes in `blob`, which is sent as base64. */
  text?: string;
  blob?: Bytes;
}
