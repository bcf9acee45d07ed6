/**
 * One POST to a receiver, through the guarded fetch: https, public addresses, checked when it is sent and not only when somebody
 * subscribed, no redirect, 10 s. Of the answer it takes the status and `Retry-After`; the body is thrown away unread.
 */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { createGuardedFetch } from '../../net/guarded-fetch.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import type { Tried } from './tried.ts';
import type { DeliveryFailure } from '../records/subscription.ts';

/** How long a receiver may take to answer, ms. */
export const RECEIVER_MS = 10_000;
/** Of an answer that is read. */
export const RECEIVER_BYTES = 65_536;
/** What codes of broken connections begin with, where it is TLS that broke. */
const OF_TLS =
  /^(?:ERR_TLS|ERR_SSL|CERT|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

interface Posting {
  url: string;
  headers: Record<string, string>;
  body: string;
  allow: readonly string[];
}

type PostAnswer =
  | { response: Response; failure: null }
  /** Nothing came of it. */
  | { response: null; failure: DeliveryFailure };

/** The caller reads or cancels the body of the response. Does not reject. */
export async function post(runtime: Runtime, { url, headers, body, allow }: Posting): Promise<PostAnswer> {
  try {
    const response = await createGuardedFetch(runtime)(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'tidegate', ...headers },
      body,
      allow,
      maxRedirects: 0,
      // It is not the length of an answer that says whether a delivery was taken.
      maxBytes: Number.MAX_SAFE_INTEGER,
      timeoutMs: RECEIVER_MS,
    });
    return { response, failure: null };
  } catch (thrown) {
    return { response: null, failure: failureIn(asTidegateError(thrown)) };
  }
}

/** What one delivery came to. Does not reject. */
export async function tryPost(runtime: Runtime, posting: Posting): Promise<Tried> {
  const begunAt = runtime.now();
  const { response, failure } = await post(runtime, posting);
  const ms = Math.max(0, runtime.now() - begunAt);
  if (response === null) return { outcome: failure, retryAfterMs: null, ms };
  response.body?.cancel().catch(() => {});
  const { status, headers } = response;
  const asked = status === 429 || status === 503 ? retryAfterMs(headers.get('retry-after'), runtime.now()) : null;
  return { outcome: outcomeOf(status), retryAfterMs: asked, ms };
}

function outcomeOf(status: number): Tried['outcome'] {
  if (status >= 200 && status < 300) return 'acknowledged';
  if (status === 410) return 'refused';
  if (status === 413) return 'too_large';
  return failureOfStatus(status);
}

/** A redirect is not followed: the url that was subscribed has to be mended, as after a 404. */
export function failureOfStatus(status: number): DeliveryFailure {
  if (status >= 500) return 'http_5xx';
  return status < 400 ? 'http_3xx' : 'http_4xx';
}

/** The kind of failure, which tells nothing of what stands at the address. */
function failureIn(error: TidegateError): DeliveryFailure {
  if (error.field === 'timeoutMs') return 'timeout';
  if (error.expected === 'at most 0 redirects') return 'http_3xx';
  for (let at: unknown = error.cause; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') {
      if (OF_TLS.test(at.code)) return 'tls_error';
      if (at.code.includes('TIMEOUT') || at.code === 'ETIMEDOUT') return 'timeout';
    }
  }
  return 'connection_refused';
}
