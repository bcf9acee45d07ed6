/** What is answered to a request of 2025-11-25 or before that is refused as a whole, and how a session is handed out. Pure. */
import type { JsonObject } from '../../base/json.ts';
import { INVALID_REQUEST, rpcErrorResponse } from '../../base/json-rpc.ts';
import { SESSION_HEADER } from './sessions.ts';

export function invalid(message: string, request: unknown, data?: JsonObject): Response {
  return rpcErrorResponse(400, { code: INVALID_REQUEST, message, ...(data ? { data } : {}) }, request);
}

export function gone(body: unknown): Response {
  const expected = 'the session that initialize was answered with, not ended, and used within 30 days';
  const hint = 'send initialize again, without Mcp-Session-Id';
  const data = { code: 'not_found', field: 'Mcp-Session-Id', expected, hint };
  return rpcErrorResponse(404, { code: INVALID_REQUEST, message: 'There is no such session', data }, body);
}

export function needsSession(what: string, body: unknown): Response {
  const expected = 'the session that initialize was answered with';
  return invalid(`${what} needs a session`, body, { code: 'invalid_input', field: 'Mcp-Session-Id', expected });
}

export function withSession(response: Response, text: string): Response {
  const headers = new Headers(response.headers);
  headers.set(SESSION_HEADER, text);
  return new Response(response.body, { status: response.status, headers });
}
