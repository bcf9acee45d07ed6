/** Turns questions into the form of MCP and bounds them, and checks the form of the answers. This file is pure. */
import * as z from 'zod';
import { KEPT_NAME, lostName } from '../../base/schema/lost-name.ts';
import type { Answer, ContentOf, InputRequest, WireRequest } from '../ask.ts';
import { RootsResult, SampleResult } from '../client-asks.ts';
import { flatSchema } from './flat-schema.ts';
import { asMeant } from '../../base/schema/as-meant.ts';
import { defOf } from '../../base/schema/schema-parts.ts';
import { describeIssues, UNWORDED } from '../../base/schema/issue-words.ts';
import { TidegateError, invalidConfig } from '../../base/errors.ts';
import { isDeep, type Json, type JsonObject, utf8Bytes } from '../../base/json.ts';

export const METHOD_OF: Readonly<Record<InputRequest['kind'], WireRequest['method']>> = {
  form: 'elicitation/create',
  url: 'elicitation/create',
  sample: 'sampling/createMessage',
  roots: 'roots/list',
};

/** Most bytes of a request as JSON, and of an answer to it. */
const ASK_BYTES = 8_192;
export const ANSWER_BYTES = 32_768;

/**
 * Turns a request into the form of MCP.
 * @param path names the request in errors, e.g. `ask.confirm`
 * @throws TidegateError `invalid_config` for a form that is not flat, or a request above `ASK_BYTES`
 */
export function wireRequest(request: InputRequest, path: string): WireRequest {
  const params = paramsOf(request, path);
  if (utf8Bytes(JSON.stringify(params)) > ASK_BYTES) throw invalidConfig(path, `at most ${ASK_BYTES} bytes`);
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

/** What is declined has no content, whatever stands there. */
const ElicitResult = z.looseObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.unknown().optional(),
});
const Content = z.record(z.string(), z.unknown());

/**
 * Reads a client's response and checks it against the shape that its method requires. It does not check it against a
 * form.
 * @throws TidegateError `invalid_input` naming the field below `path`, `too_large`
 */
export function answerIn(method: WireRequest['method'], response: unknown, path: string): Answer<JsonObject> {
  if (isDeep((response ?? null) as Json)) {
    const expected = 'an answer that is not nested so deep';
    throw new TidegateError('invalid_input', `${path} is nested too deep`, { field: path, expected });
  }
  if (utf8Bytes(JSON.stringify(response ?? null)) > ANSWER_BYTES) {
    const expected = `at most ${ANSWER_BYTES} bytes`;
    throw new TidegateError('too_large', `${path} is too large`, { field: path, expected });
  }
  if (method !== 'elicitation/create') {
    const schema: z.ZodType = method === 'roots/list' ? RootsResult : SampleResult;
    return { action: 'accept', content: parseAnswer(schema, response, path) as JsonObject };
  }
  const { action, content } = parseAnswer(ElicitResult, response, path);
  if (action !== 'accept') return { action };
  return { action, content: parseAnswer(Content, content ?? {}, `${path}.content`) as JsonObject };
}

/**
 * Returns the answer with its content parsed by the handler's own schema, which fills in defaults and checks what JSON
 * Schema cannot express.
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
      ? parseAnswer(request.schema, withoutBlanks(request.schema, answer.content), `${path}.content`)
      : request.kind === 'url'
        ? {}
        : answer.content;
  return { action: 'accept', content: content as ContentOf<Request> };
}

/**
 * The content of a form without the fields that were left empty: forms send an empty text for them. It stays where its field takes one,
 * and where the field is needed, so that the refusal names it;
 * of a list that may be empty it means that nothing was chosen.
 */
export function withoutBlanks(schema: z.ZodType, content: JsonObject): JsonObject {
  const def = defOf(schema);
  if (def.type !== 'object') return content;
  const shape = def.shape as Readonly<Record<string, z.ZodType>>;
  const left = Object.entries(content).flatMap(([name, value]) => {
    const field = value === '' && Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (field === undefined || field.safeParse('').success) return [[name, value] as const];
    if (field.safeParse(undefined).success) return [];
    return [[name, field.safeParse([]).success ? [] : value] as const];
  });
  return Object.fromEntries(left);
}

/**
 * Answers are taken as they were meant, like arguments.
 * @throws TidegateError `invalid_input` naming the field below `path`
 */
export function parseAnswer<Value>(schema: z.ZodType<Value>, value: unknown, path: string): Value {
  const asGiven = schema.safeParse(value);
  if (asGiven.success) return whole(value, asGiven.data, path);
  const meant = asMeant(schema, value);
  const parsed = schema.safeParse(meant, UNWORDED);
  if (parsed.success) return whole(meant, parsed.data, path);
  const { field, expected } = describeIssues(schema, meant, parsed.error, path);
  throw new TidegateError('invalid_input', `${field}: ${expected}`, { field, expected });
}

/** @throws TidegateError `invalid_input` for a member that a schema loses in silence */
function whole<Value>(given: unknown, made: Value, path: string): Value {
  const lost = lostName(given, made);
  if (lost === null) return made;
  const field = [path, ...lost].join('.');
  const expected = `expected ${KEPT_NAME}`;
  throw new TidegateError('invalid_input', `${field}: ${expected}`, { field, expected });
}

function checkUrl(text: string, path: string): string {
  const url = URL.parse(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal);
  if (isSafe && url.username === '' && url.password === '') return text;
  throw invalidConfig(`${path}.url`, 'an https URL without a user and a password');
}
