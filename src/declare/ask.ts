/**
 * What a handler may ask the person behind a call, and the answers. A request is plain data with a schema. It does not
 * say how it travels, which is either a round trip of the same request or a task that waits. This file is pure.
 */
import type * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import type { Root, RootsRequest, SampleRequest, SampleResult } from './client-asks.ts';

/** A form that the client shows: a flat object of texts, numbers, booleans and choices, as MCP allows it. */
export interface FormRequest<Content = unknown> {
  kind: 'form';
  /** For people. */
  message: string;
  schema: z.ZodType<Content>;
}

/** A page that the person opens. What the person does on the page does not pass through the client. */
export interface UrlRequest {
  kind: 'url';
  message: string;
  /** https, or http on the loopback. */
  url: string;
}

export type AskRequest<Content = unknown> = FormRequest<Content> | UrlRequest;

/** All that a client can be asked, including what MCP deprecates. */
export type InputRequest = AskRequest | SampleRequest | RootsRequest;

/** The content of an answer that accepts the request. */
export type ContentOf<Request extends InputRequest> =
  Request extends FormRequest<infer Content>
    ? Content
    : Request extends SampleRequest
      ? SampleResult
      : Request extends RootsRequest
        ? { roots: Root[] }
        : Record<string, never>;

/**
 * The answer to a request. `accept` carries the checked content of a form, or `{}` for a page. `decline` and `cancel`
 * carry nothing.
 */
export type Answer<Content = unknown> =
  | { action: 'accept'; content: Content }
  | { action: 'decline' }
  | { action: 'cancel' };

/** Makes a request for a form whose fields `schema` describes. */
export function form<Content>(message: string, schema: z.ZodType<Content>): FormRequest<Content> {
  return { kind: 'form', message, schema };
}

/**
 * Makes a request to open a page. It is answered when the person says that they opened it, which proves nothing about
 * what they did there.
 */
export function page(message: string, url: string): UrlRequest {
  return { kind: 'url', message, url };
}

/** A request in the form of MCP, to be stored or sent. */
export interface WireRequest {
  method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  params: JsonObject;
}

/** The form of a question's key. */
export const ASK_KEY = /^[A-Za-z][\w.-]{0,63}$/;
