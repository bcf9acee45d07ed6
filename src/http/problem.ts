/**
 * The one mapping from error codes to HTTP answers outside of MCP: `application/problem+json` (RFC 9457). A caller sees
 * no detail of a failure that it cannot mend.
 */
import { againAfterMs, type ErrorCode, isOfStore, type TidegateError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';
import { EVENT_STREAM_HEADERS, eventText } from '../calls/events/event-stream.ts';
import type { OriginRefusal } from './origin.ts';
import { jsonDocument } from '../base/plain.ts';
import { withSafeHeaders } from './safe-headers.ts';

const STATUS: Record<ErrorCode, number> = {
  invalid_input: 400,
  bad_cursor: 400,
  bad_request_state: 400,
  bad_answer: 400,
  missing_capability: 400,
  not_supported: 400,
  not_found: 404,
  too_large: 413,
  too_costly: 413,
  rate_limited: 429,
  overloaded: 503,
  cancelled: 504,
  upstream: 502,
  address_refused: 502,
  store_unavailable: 503,
  store_unknown: 503,
  store_full: 503,
  store_damaged: 503,
  newer_version: 503,
  invalid_config: 500,
  internal: 500,
};

/** What is said in place of the error's own message. */
const TITLES: Partial<Record<ErrorCode, string>> = {
  store_unavailable: 'The store does not answer',
  store_unknown: 'The store does not answer',
  store_full: 'The store has no room',
  store_damaged: 'The store has to be mended',
  newer_version: 'A newer release wrote what this needs',
};

const RETRY_AFTER_MS = 1_000;

/** What a caller is told of an error: of a failure that it cannot mend no more than its code. */
interface HttpProblem {
  title: string;
  status: number;
  code: string;
  field?: string;
  expected?: string;
  hint?: string;
}

export function problemOf(error: TidegateError): HttpProblem {
  const status = STATUS[error.code];
  const shown = status < 500 || error.code === 'overloaded';
  return {
    title: shown ? error.message : (TITLES[error.code] ?? 'The server failed'),
    status,
    code: status === 500 ? 'internal' : error.code,
    ...(shown && error.field !== null ? { field: error.field } : {}),
    ...(shown && error.expected !== null ? { expected: error.expected } : {}),
    ...(shown && error.hint !== null ? { hint: error.hint } : {}),
  };
}

export function problemResponse(error: TidegateError): Response {
  const problem = problemOf(error);
  const isLater = problem.status === 503 || problem.status === 429;
  return respond({ ...problem }, isLater ? againAfterMs(error) : null);
}

/**
 * 503, naming the part that is not ready. Where the operator has to mend something, it names the variable and never the
 * value.
 * @param store its driver's name
 */
export function notReadyResponse(part: 'store', store: string, error: TidegateError): Response {
  const { code, field, expected } = error;
  const misconfigured = code === 'invalid_config' && field !== null;
  const body = {
    title: misconfigured ? 'The store is not configured' : (TITLES[code] ?? 'The store does not answer'),
    status: 503,
    code: misconfigured || isOfStore(error) ? code : 'store_unavailable',
    part,
    store,
    ...(misconfigured ? { field, ...(expected === null ? {} : { expected }) } : {}),
  };
  return respond(body, againAfterMs(error));
}

const SHOWN_OF_CALLERS: ReadonlySet<ErrorCode> = new Set(['upstream', 'overloaded', 'cancelled']);

/** 503: who calls cannot be found out now, for example because the issuer of a token does not answer. */
export function unidentifiedResponse(error: TidegateError): Response {
  const { code } = error;
  const shown = isOfStore(error) || SHOWN_OF_CALLERS.has(code) ? code : 'internal';
  const hint = 'send the same again later; the log of the server says what does not answer';
  return respond({ title: 'Who calls cannot be found out now', status: 503, code: shown, hint }, againAfterMs(error));
}

/** 503 of a process that was told to end. */
export function endingResponse(): Response {
  return respond({ title: 'The server ends', status: 503, code: 'cancelled', part: 'process' }, RETRY_AFTER_MS);
}

/** 403: a request that is not meant for this server. */
export function refusedResponse({
  message,
  field,
  expected,
  hint,
}: Omit<OriginRefusal, 'field'> & { field: string }): Response {
  return respond({ title: message, status: 403, code: 'invalid_input', field, expected, hint }, null);
}

/** 405: what is there takes another method. */
export function methodResponse(path: string, allowed: string): Response {
  const title = `${path} takes ${allowed}`;
  const response = respond({ title, status: 405, code: 'invalid_input', field: 'method', expected: allowed }, null);
  response.headers.set('Allow', allowed);
  return response;
}

/**
 * 401. It is the same for every wrong token, whether there is such a stream or not.
 * @param isGiven whether a token came
 */
export function unauthorizedResponse(isGiven = false): Response {
  const title = isGiven ? 'The token is not one that is taken here' : 'This needs a token: Authorization: Bearer …';
  const expected = 'Bearer, a space, and one key or token';
  const hint = 'whoever runs this server has it';
  const response = respond({ title, status: 401, code: 'unauthorized', field: 'Authorization', expected, hint }, null);
  response.headers.set('WWW-Authenticate', 'Bearer');
  return response;
}

/** 403: a page of another origin asks for what is for the server's own pages. */
export function foreignResponse(): Response {
  const title = 'Origin: logins are for pages of this server';
  const hint = 'pages of other origins send Authorization with fetch';
  return respond({ title, status: 403, code: 'invalid_input', field: 'Origin', hint }, null);
}

/** 403: a login alone does not let a page write. */
export function unwrittenResponse(): Response {
  const title = 'X-CSRF-Token: a write with a login cookie needs the token of this login';
  const hint = 'GET /login answers it as csrf';
  return respond({ title, status: 403, code: 'invalid_input', field: 'X-CSRF-Token', hint }, null);
}

/** 401. It is the same for every wrong signature, whether the stream takes signed pushes or not. */
export function unsignedResponse(headers: readonly string[]): Response {
  const [field = 'Authorization'] = headers;
  const title = `${field}: no signature that is valid here and now`;
  const expected = 'a signature of these bytes by a secret of the stream, made a few minutes ago at most';
  const hint = 'send the body as it was signed, and see that the clock of the sender is right';
  const response = respond({ title, status: 401, code: 'unauthorized', field, expected, hint }, null);
  response.headers.set('WWW-Authenticate', 'Bearer');
  return response;
}

function respond(body: JsonObject & { status: number }, retryAfterMs: number | null): Response {
  const headers = withSafeHeaders({ 'Content-Type': 'application/problem+json' }, false);
  if (retryAfterMs !== null) headers['Retry-After'] = retryAfter(retryAfterMs);
  return new Response(jsonDocument(body), { status: body.status, headers });
}

/** Whole seconds, one at least. */
function retryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}

const LATER = new Set([429, 503]);

/**
 * A refusal that ends by itself, in a form that browsers understand. An `EventSource` comes back after a stream that ended, and never
 * again after any status but 200: a page would stand still for good because a server was busy for a second. Whoever asks for
 * `text/event-stream` therefore gets 200, with the time to come back after and an event `later` that has the reason.
 */
export async function laterIfAsked(
  request: Request,
  answer: Response,
  { random }: Pick<Runtime, 'random'>,
): Promise<Response> {
  const wantsEvents = request.headers.get('accept')?.includes('text/event-stream') === true;
  if (!LATER.has(answer.status) || request.method !== 'GET' || !wantsEvents) return answer;
  const problem = await answer.text();
  const afterMs = Number(answer.headers.get('retry-after') ?? 0) * 1_000;
  // Those who were refused together must not come back together.
  const retryMs = Math.round(Math.max(RETRY_AFTER_MS, afterMs) * (1 + random()));
  const headers = withSafeHeaders({ ...EVENT_STREAM_HEADERS }, false);
  return new Response(eventText({ type: 'later', data: problem, retryMs }), { status: 200, headers });
}
