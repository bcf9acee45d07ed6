/**
 * What a handler may ask of the person behind a call, and what comes back. A request is plain data with a schema; how it
 * travels (a round trip of the same request, or a task that waits) is not its concern. Pure.
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

/** A page that the person opens; what is done there does not pass through the client. */
export interface UrlRequest {
  kind: 'url';
  message: string;
  /** https, or http on the loopback. */
  url: string;
}

export type AskRequest<Content = unknown> = FormRequest<Content> | UrlRequest;

/** All that a client can be asked, what is deprecated too. */
export type InputRequest = AskRequest | SampleRequest | RootsRequest;

/** What the answer to a request carries where it is accepted. */
export type ContentOf<Request extends InputRequest> =
  Request extends FormRequest<infer Content>
    ? Content
    : Request extends SampleRequest
      ? SampleResult
      : Request extends RootsRequest
        ? { roots: Root[] }
        : Record<string, never>;

/** `accept` carries the checked content of a form, and of a page `{}`; the others carry nothing. */
export type Answer<Content = unknown> =
  | { action: 'accept'; content: Content }
  | { action: 'decline' }
  | { action: 'cancel' };

/** Asks for what `schema` describes. */
export function form<Content>(message: string, schema: z.ZodType<Content>): FormRequest<Content> {
  return { kind: 'form', message, schema };
}

/** Asks to open a page; resolves when the person says to have done so, which proves nothing of what was done there. */
export function page(message: string, url: string): UrlRequest {
  return { kind: 'url', message, url };
}

/** The same as MCP has it, to be stored or sent. */
export interface WireRequest {
  method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  params: JsonObject;
}

/** The keys that questions may have. */
export const ASK_KEY = /^[A-Za-z][\w.-]{0,63}$/;
