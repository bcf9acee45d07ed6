/**
 * Errors of JSON-RPC 2.0, as MCP uses it: their codes, and the HTTP response that carries one. Which failure gets which
 * code is decided at the edge of MCP, and not here.
 */
import { type JsonObject, sentJsonResponse } from './json.ts';

export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;
/** 2025-11-25 and before: there is no such resource. Since 2026-07-28 it is `INVALID_PARAMS`. */
export const RESOURCE_NOT_FOUND = -32_002;
/** 2026-07-28: a header and the body disagree. */
export const HEADER_MISMATCH = -32_020;
/** 2026-07-28: the client did not declare a capability that the request needs. */
export const MISSING_CLIENT_CAPABILITY = -32_021;
/**
 * Our own code, from the range that JSON-RPC leaves to servers: the client asks too often. `data.retryAfterMs` says
 * when to ask again.
 */
export const RATE_LIMITED = -32_010;

/** What official clients call a request that took too long. */
export const REQUEST_TIMED_OUT = -32_001;

export interface RpcError {
  code: number;
  message: string;
  data?: JsonObject;
}

/** The error response to `request`. It carries the request's id where that can be known. */
export function rpcErrorResponse(status: number, { code, message, data }: RpcError, request: unknown = null): Response {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return sentJsonResponse({ jsonrpc: '2.0', error, id: idOf(request) }, { status });
}

/**
 * The id of a message, whatever else is wrong with it. Null: it has none that could be repeated, or it is an answer, whose
 * id is one of ours.
 */
export function idOf(message: unknown): string | number | null {
  if (typeof message !== 'object' || message === null || isAnswer(message)) return null;
  const { id } = message as { id?: unknown };
  return typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id)) ? id : null;
}

/** Whether a message is meant as an answer, whatever is wrong with it. An answer is never answered. */
export function isAnswer(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  return !('method' in message) && ('result' in message || 'error' in message);
}

/**
 * Errors of the events extension have two dialects of codes. They stand in answers of methods, in notifications and in the bodies
 * that end a webhook, so they are the same wherever an app sends them.
 *
 * `sketch`: the codes of the sketch that preceded SEP-3415, which deployed clients know. `sep`: those that the SEP asks for, which
 * are provisional until it is accepted.
 */
export const EVENT_DIALECTS = ['sketch', 'sep'] as const;
export type EventDialect = (typeof EVENT_DIALECTS)[number];

const NAMES = ['NotFound', 'Forbidden', 'ResourceExhausted', 'Unsupported', 'CallbackEndpointError'] as const;
export type EventErrorName = (typeof NAMES)[number];

/** The code of the first name; each further one has the next lower code. */
const FIRST: Readonly<Record<EventDialect, number>> = { sketch: -32_011, sep: -32_023 };

export function eventErrorCode(name: EventErrorName, dialect: EventDialect): number {
  return FIRST[dialect] - NAMES.indexOf(name);
}

/** @param data by which clients tell apart what one code stands for, such as `{ kind: 'event' }` */
export function eventError(
  name: EventErrorName,
  dialect: EventDialect,
  data: JsonObject,
  message: string = name,
): RpcError {
  return { code: eventErrorCode(name, dialect), message, data };
}
