/**
 * What a handler may ask of the person behind a call, and what comes back. A request is plain data with a schema; how it
 * travels (a round trip of the same request, or a task that waits) is not its concern. Pure.
 */
import * as z from 'zod';
import { TidegateError } from '../errors.ts';
import { type JsonObject, utf8Bytes } from '../json.ts';

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

/** `accept` carries the checked content of a form, and of a page `{}`; the others carry nothing. */
export type Answer<Content = unknown> =
  | { action: 'accept'; content: Content }
  | { action: 'decline' }
  | { action: 'cancel' };

/** The content that a request's acceptance carries. */
export type ContentOf<Request extends AskRequest> =
  Request extends FormRequest<infer Content> ? Content : Record<string, never>;

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
  method: 'elicitation/create';
  params: JsonObject;
}

export const ASK_KEY = /^[A-Za-z][\w.-]{0,63}$/;
/** Most bytes of a request as JSON, and of an answer to it. */
export const ASK_BYTES = 8_192;

/**
 * @param path names the request in errors, e.g. `ask.confirm`
 * @throws TidegateError `invalid_config` for a form that is not flat, or a request above `ASK_BYTES`
 */
export function wireRequest(request: AskRequest, path: string): WireRequest {
  const { message } = request;
  const params: JsonObject =
    request.kind === 'url'
      ? { mode: 'url', message, url: checkUrl(request.url, path) }
      : { mode: 'form', message, requestedSchema: flatSchema(request.schema, path) };
  if (utf8Bytes(JSON.stringify(params)) > ASK_BYTES) throw wrong(path, `at most ${ASK_BYTES} bytes`);
  return { method: 'elicitation/create', params };
}

const Response = z.looseObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.unknown()).optional(),
});

/**
 * A client's answer, held against the request that was sent.
 * @throws TidegateError `invalid_input` naming the field below `path`, with what was expected
 */
export function checkAnswer({ params }: WireRequest, response: unknown, path: string): Answer<JsonObject> {
  if (utf8Bytes(JSON.stringify(response ?? null)) > ASK_BYTES) {
    const expected = `at most ${ASK_BYTES} bytes`;
    throw new TidegateError('too_large', `${path} is too large`, { field: path, expected });
  }
  const { action, content = {} } = parse(Response, response, path);
  if (action !== 'accept') return { action };
  const { requestedSchema } = params;
  if (requestedSchema === undefined) return { action, content: {} };
  const schema = z.fromJSONSchema(requestedSchema as Parameters<typeof z.fromJSONSchema>[0]);
  return { action, content: parse(schema, content, `${path}.content`) as JsonObject };
}

/** The answer with the content that the handler's own schema makes of it: defaults, and what JSON Schema cannot say. */
export function readAnswer<Content>(
  request: AskRequest<Content>,
  answer: Answer<JsonObject>,
  path: string,
): Answer<Content> {
  if (answer.action !== 'accept') return answer;
  if (request.kind === 'url') return { action: 'accept', content: {} as Content };
  return { action: 'accept', content: parse(request.schema, answer.content, `${path}.content`) };
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown, path: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [path, ...(issue?.path ?? []).map(String)].join('.');
  const expected = issue?.message ?? 'what was asked for';
  throw new TidegateError('invalid_input', `${field}: ${expected}`, { field, expected });
}

const KEPT = ['type', 'title', 'description', 'minLength', 'maxLength', 'minimum', 'maximum', 'format', 'default'];
const PRIMITIVES = new Set<unknown>(['string', 'number', 'integer', 'boolean']);
const CHOICES = ['enum', 'oneOf', 'anyOf', 'items', 'minItems', 'maxItems'];

function flatSchema(schema: z.ZodType, path: string): JsonObject {
  const { type, properties = {}, required } = z.toJSONSchema(schema, { io: 'input' });
  if (type !== 'object') throw wrong(path, 'the schema of a flat object');
  const fields = Object.entries(properties).map(([name, declared]) => {
    const field = Object.fromEntries(
      Object.entries(declared as JsonObject).filter(([key]) => KEPT.includes(key) || CHOICES.includes(key)),
    );
    const items = field.items as JsonObject | undefined;
    const isChoice = field.type === 'array' && (items?.enum !== undefined || items?.anyOf !== undefined);
    if (isChoice || PRIMITIVES.has(field.type)) return [name, field];
    throw wrong(`${path}.${name}`, 'a text, a number, a boolean, a choice or a list of choices');
  });
  return { type, properties: Object.fromEntries(fields) as JsonObject, ...(required ? { required } : {}) };
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
