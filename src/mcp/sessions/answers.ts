/** What is answered to a request of 2025-11-25 or before that is refused as a whole, and how a session is handed out. Pure. */
import type { JsonObject } from '../../base/json.ts';
import { INVALID_REQUEST, rpcErrorResponse } from '../../base/json-rpc.ts';
import { LEGACY_VERSIONS, MODERN_VERSION } from '../wire/versions.ts';
import { SESSION_HEADER } from './sessions.ts';

export function invalid(message: string, request: unknown, data?: JsonObject): Response {
  return rpcErrorResponse(400, { code: INVALID_REQUEST, message, ...(data ? { data } : {}) }, request);
}

/** Null: the request says no version, or one that has sessions. */
export function unknownVersion({ headers }: Request, body: unknown): Response | null {
  const version = headers.get('mcp-protocol-version');
  if (version === null || LEGACY_VERSIONS.includes(version)) return null;
  if (version === MODERN_VERSION) {
    const expected = 'one request by POST, or the version that initialize was answered with';
    const data = { code: 'invalid_input', field: 'MCP-Protocol-Version', expected };
    return invalid(`${MODERN_VERSION} has neither batches nor streams by GET`, body, data);
  }
  const expected = `one of ${[MODERN_VERSION, ...LEGACY_VERSIONS].join(', ')}`;
  const data = { code: 'invalid_input', field: 'MCP-Protocol-Version', expected };
  return invalid(`Unsupported protocol version: ${version}`, body, data);
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

/** A stream that was asked for has nothing more, or there is none of that kind. Clients that are told so do not come back for it. */
export function noStream(message: string, hint: string): Response {
  const data = { code: 'invalid_input', expected: 'POST', hint };
  const response = rpcErrorResponse(405, { code: INVALID_REQUEST, message, data });
  response.headers.set('Allow', 'POST, DELETE, OPTIONS');
  return response;
}

/** A stream is sent as events, and nothing else. */
export function takesNoEvents(): Response {
  const data = { code: 'invalid_input', field: 'Accept', expected: 'text/event-stream' };
  return rpcErrorResponse(406, { code: INVALID_REQUEST, message: 'A stream is sent as events', data });
}

export function withSession(response: Response, text: string): Response {
  const headers = new Headers(response.headers);
  headers.set(SESSION_HEADER, text);
  return new Response(response.body, { status: response.status, headers });
}
