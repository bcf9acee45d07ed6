/** What tools, prompts and resources answer with, in the form of MCP. This file holds types alone. */
import type { Annotations } from './display.ts';
import type { Displayed } from './display.ts';

export type ContentBlock = { annotations?: Annotations } & (
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: ResourceContents }
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

export interface ResourceContents {
  uri: string;
  mimeType?: string;
  /** A resource has its content as text here, or as base64 in `blob`. */
  text?: string;
  blob?: string;
}
