/**
 * The one mapping from error codes to HTTP answers, outside of MCP: `application/problem+json` (RFC 9457). What is not
 * the caller's to mend is not shown.
 */
import type { ErrorCode, TidegateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';

const STATUS: Record<ErrorCode, number> = {
  invalid_input: 400,
  bad_cursor: 400,
  missing_capability: 400,
  not_supported: 400,
  not_found: 404,
  too_large: 413,
  rate_limited: 429,
  cancelled: 504,
  upstream: 502,
  address_refused: 502,
  store_unavailable: 503,
  store_unknown: 503,
  invalid_config: 500,
  internal: 500,
};

const RETRY_AFTER_MS = 1_000;

export function problemResponse(error: TidegateError): Response {
  const status = STATUS[error.code];
  const shown = status < 500;
  const body: JsonObject = {
    title: shown ? error.message : status === 503 ? 'The store does not answer' : 'The server failed',
    status,
    code: status === 500 ? 'internal' : error.code,
    ...(shown && error.field !== null ? { field: error.field } : {}),
    ...(shown && error.expected !== null ? { expected: error.expected } : {}),
    ...(shown && error.hint !== null ? { hint: error.hint } : {}),
  };
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  if (status === 503 || status === 429) headers['Retry-After'] = retryAfter(error.retryAfterMs ?? RETRY_AFTER_MS);
  return new Response(JSON.stringify(body), { status, headers });
}

/** Whole seconds, one at least. */
function retryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}
