/** What the route `/mcp` answers to what it does not serve: errors in JSON-RPC's form, with the status and the headers of HTTP. */
import type { TidegateError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import {
  type EventDialect,
  eventErrorCode,
  INTERNAL_ERROR,
  INVALID_REQUEST,
  RATE_LIMITED,
  rpcErrorResponse,
} from '../base/json-rpc.ts';
import type { OriginRefusal } from './origin.ts';
import { problemOf, problemResponse } from './problem.ts';

export function refusedOrigin({ message, ...data }: OriginRefusal): Response {
  return mcpError(403, INVALID_REQUEST, message, data);
}

/** The challenge, with the error in the form that clients of MCP read. That of a method of events is `Forbidden` (SEP-3415). */
export function insufficientScope(
  { status, headers }: Response,
  needed: readonly string[],
  body: unknown,
  eventCodes: EventDialect,
): Response {
  const expected = needed.join(' ');
  const reason = `This needs the scopes ${expected}`;
  const data = { code: 'insufficient_scope', field: 'Authorization', expected };
  const isOfEvents = String((body as { method?: unknown } | null)?.method).startsWith('events/');
  const error = isOfEvents
    ? { code: eventErrorCode('Forbidden', eventCodes), message: `Forbidden: ${reason}`, data: { reason, ...data } }
    : { code: INVALID_REQUEST, message: reason, data };
  const response = rpcErrorResponse(status, error, body);
  for (const [name, value] of headers) if (name !== 'content-type') response.headers.set(name, value);
  return response;
}

/**
 * Refuses a request before it was looked at, with the status and the `Retry-After` of `problemResponse`.
 * @param expected of a request that would not have been refused; default: as the error says
 * @param message that is refused, where it has come
 */
export function refusedForNow(error: TidegateError, expected?: string, message?: unknown): Response {
  const { headers } = problemResponse(error);
  const { title, status, ...about } = problemOf(error);
  const isLater = error.code === 'rate_limited' || error.code === 'overloaded';
  const isOurs = status >= 500 && !isLater;
  const code = isLater ? RATE_LIMITED : isOurs ? INTERNAL_ERROR : INVALID_REQUEST;
  const data = expected === undefined ? about : { ...about, expected };
  const response = rpcErrorResponse(status, { code, message: title, data }, message);
  const retryAfter = headers.get('retry-after');
  if (retryAfter !== null) response.headers.set('Retry-After', retryAfter);
  return response;
}

export function mcpError(status: number, code: number, message: string, data: JsonObject): Response {
  return rpcErrorResponse(status, { code, message, data });
}
