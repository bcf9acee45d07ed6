/**
 * Errors of JSON-RPC 2.0, as MCP uses it: their codes, and the HTTP response that carries one. Which failure gets which
 * code is decided at the edge of MCP, and not here.
 */
import type { JsonObject } from './json.ts';

export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;
/** 2026-07-28: a header and the body disagree. */
export const HEADER_MISMATCH = -32_020;
/** 2026-07-28: the client did not declare a capability that the request needs. */
export const MISSING_CLIENT_CAPABILITY = -32_021;
/**
 * Our own code, from the range that JSON-RPC leaves to servers: the client asks too often. `data.retryAfterMs` says
 * when to ask again.
 */
export const RATE_LIMITED = -32_010;

export interface RpcError {
  code: number;
  message: string;
  data?: JsonObject;
}

/** The error response to `request`. It carries the request's id where that is a message with a method and an id. */
export function rpcErrorResponse(status: number, { code, message, data }: RpcError, request: unknown = null): Response {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return Response.json({ jsonrpc: '2.0', error, id: idOf(request) }, { status });
}

function idOf(message: unknown): string | number | null {
  if (typeof message !== 'object' || message === null) return null;
  const { id, method } = message as { id?: unknown; method?: unknown };
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number') ? id : null;
}
