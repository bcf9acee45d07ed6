/**
 * What a handler may ask of the person behind a call, and what comes back. A request is plain data with a schema; how it
 * travels (a round trip of the same request, or a task that waits) is not its concern. Pure.
 */
import * as z from 'zod';
import { TidegateError } from '../errors.ts';
import { type JsonObject, utf8Bytes } from '../json.ts';
import { type Root, type RootsRequest, RootsResult, type SampleRequest, SampleResult } from './client-asks.ts';
import { flatSchema } from './flat-schema.ts';

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

export const METHOD_OF: Readonly<Record<InputRequest['kind'], WireRequest['method']>> = {
  form: 'elicitation/create',
  url: 'elicitation/create',
  sample: 'sampling/createMessage',
  roots: 'roots/list',
};

export const ASK_KEY = /^[A-Za-z][\w.-]{0,63}$/;
/** Most bytes of a request as JSON, and of an answer to it. */
export const ASK_BYTES = 8_192;

/**
 * @param path names the request in errors, e.g. `ask.confirm`
 * @throws TidegateError `invalid_config` for a form that is not flat, or a request above `ASK_BYTES`
 */
export function wireRequest(request: InputRequest, path: string): WireRequest {
  const params = paramsOf(request, path);
  if (utf8Bytes(JSON.stringify(params)) > ASK_BYTES) throw wrong(path, `at most ${ASK_BYTES} bytes`);
  return { method: METHOD_OF[request.kind], params };
}

function paramsOf(request: InputRequest, path: string): JsonObject {
  switch (request.kind) {
    case 'form':
      return { mode: 'form', message: request.message, requestedSchema: flatSchema(request.schema, path) };
    case 'url':
      return { mode: 'url', message: request.message, url: checkUrl(request.url, path) };
    case 'sample':
      return { ...request.params };
    default:
      return {};
  }
}

const ElicitResult = z.looseObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.unknown()).optional(),
});

/**
 * What a client's response says, held against the shape that its method gives it and no form yet.
 * @throws TidegateError `invalid_input` naming the field below `path`, `too_large`
 */
export function answerIn(method: WireRequest['method'], response: unknown, path: string): Answer<JsonObject> {
  if (utf8Bytes(JSON.stringify(response ?? null)) > ASK_BYTES) {
    const expected = `at most ${ASK_BYTES} bytes`;
    throw new TidegateError('too_large', `${path} is too large`, { field: path, expected });
  }
  if (method !== 'elicitation/create') {
    const schema: z.ZodType = method === 'roots/list' ? RootsResult : SampleResult;
    return { action: 'accept', content: parse(schema, response, path) as JsonObject };
  }
  const { action, content = {} } = parse(ElicitResult, response, path);
  return action === 'accept' ? { action, content: content as JsonObject } : { action };
}

/**
 * A client's answer, held against the request that was sent, for where the handler's own schema is not at hand.
 * @throws TidegateError `invalid_input` naming the field below `path`, with what was expected
 */
export function checkAnswer({ method, params }: WireRequest, response: unknown, path: string): Answer<JsonObject> {
  const answer = answerIn(method, response, path);
  const { requestedSchema } = params;
  if (answer.action !== 'accept' || method !== 'elicitation/create') return answer;
  if (requestedSchema === undefined) return { action: 'accept', content: {} };
  const schema = z.fromJSONSchema(requestedSchema as Parameters<typeof z.fromJSONSchema>[0]);
  return { action: 'accept', content: parse(schema, answer.content, `${path}.content`) as JsonObject };
}

/**
 * The answer with the content that the handler's own schema makes of it: defaults, and what JSON Schema cannot say.
 * @throws TidegateError `invalid_input` naming the field below `path`
 */
export function readAnswer<Request extends InputRequest>(
  request: Request,
  answer: Answer<JsonObject>,
  path: string,
): Answer<ContentOf<Request>> {
  if (answer.action !== 'accept') return answer;
  const content =
    request.kind === 'form'
      ? parse(request.schema, answer.content, `${path}.content`)
      : request.kind === 'url'
        ? {}
        : answer.content;
  return { action: 'accept', content: content as ContentOf<Request> };
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown, path: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [path, ...(issue?.path ?? []).map(String)].join('.');
  const expected = issue?.message ?? 'what was asked for';
  throw new TidegateError('invalid_input', `${field}: ${expected}`, { field, expected });
}

function checkUrl(text: string, path: string): string {
  const url = URL.parse(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return text;
  throw wrong(`${path}.url`, 'an https URL');
}

function wrong(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected });
}
