/**
 * Whether a receiver wants to be sent to, asked before anything is: it echoes a challenge, the app trusts its url, or its origin has
 * a document that says so. That it confirmed is kept for each owner and url, so that many subscriptions cost it one question.
 *
 * How often a host is asked is bounded over all owners, since somebody may subscribe a host that is not theirs.
 */
import { toBase64Url } from '../../base/base64url.ts';
import { sameText, sha256 } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { createGuardedFetch } from '../../net/guarded-fetch.ts';
import { commitSurely } from '../../store/commit.ts';
import { isPresent } from '../../store/store.ts';
import { messageId, verificationBody } from './bodies.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { type SubscriptionName, verifiedKey } from '../records/names.ts';
import { RECEIVER_BYTES, failureOfStatus, post } from './post.ts';
import { verifiedReceiver } from '../records/subscribed.ts';
import { signedHeaders } from '../records/standard-webhooks.ts';
import { isBelow, isTrusted } from './target.ts';
import type { DeliveryFailure } from '../records/subscription.ts';
import type { CallbackCause } from './tried.ts';

const DOCUMENT = '/.well-known/mcp-webhook-receiver.json';
const DOCUMENT_MS = 3_000;
/** How long it is remembered that a receiver confirmed, ms. What is subscribed stands on, however old. */
const REMEMBERED_MS = 7 * 86_400_000;
const ASKED_EACH_MS = 60_000;
const MOST_ASKED = 600;
const MOST_ASKED_BY_TENANT = 120;
const MOST_ASKED_BY_ONE = 30;

/**
 * One store call where it is known; else as long as the receiver takes.
 * @param secrets with which the challenge is signed
 * @throws TidegateError `upstream` with its failure as the cause; `rate_limited` where its host was asked too often; as the store's
 */
export async function verifyReceiver(
  deps: DeliveryDeps,
  name: SubscriptionName,
  url: string,
  secrets: readonly Uint8Array<ArrayBuffer>[],
  deadline: number,
): Promise<void> {
  const { app, runtime, store } = deps;
  if (isTrusted(url, app.webhooks.trusted)) return;
  const key = verifiedKey(name, toBase64Url(await sha256(url)));
  const reading = await store.get(key, runtime.now());
  if (isPresent(reading)) return;
  await countAsking(deps, name, url);
  const failure = await challenge(deps, name, url, secrets);
  // Who publishes the document need not know of challenges, nor answer them.
  const isDocumented = failure !== null && (await isInDocument(deps, url));
  if (failure !== null && !isDocumented) throw unconfirmed(url, failure);
  const by = isDocumented ? 'document' : 'challenge';
  const put = verifiedReceiver.put(key, { by }, { expects: reading.version, expiresAt: runtime.now() + REMEMBERED_MS });
  // After a conflict another subscription of the same owner has asked the same.
  await commitSurely(runtime, store, [put], deadline);
}

/** Null: it confirmed. */
async function challenge(
  { app, runtime }: DeliveryDeps,
  { id }: SubscriptionName,
  url: string,
  secrets: readonly Uint8Array<ArrayBuffer>[],
): Promise<DeliveryFailure | null> {
  const nonce = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  const body = verificationBody(nonce);
  const signed = await signedHeaders(messageId('verification', runtime.newId()), runtime.now(), body, secrets);
  const headers = { ...signed, 'X-MCP-Subscription-Id': id };
  const { response, failure } = await post(runtime, { url, headers, body, allow: app.webhooks.allow });
  if (response === null) return failure;
  if (!response.ok) {
    response.body?.cancel().catch(() => {});
    return failureOfStatus(response.status);
  }
  const text = await boundedText(response);
  const answer = text === null ? null : parseJson(text);
  const echoed = typeof answer === 'object' && answer !== null && 'challenge' in answer ? answer.challenge : null;
  return typeof echoed === 'string' && sameText(echoed, nonce) ? null : 'challenge_failed';
}

/** Whether the origin of the url says that it takes deliveries there. */
async function isInDocument({ app, runtime }: DeliveryDeps, url: string): Promise<boolean> {
  try {
    const { origin, pathname } = new URL(url);
    const { allow } = app.webhooks;
    const init = { allow, maxRedirects: 0, maxBytes: RECEIVER_BYTES, timeoutMs: DOCUMENT_MS };
    const response = await createGuardedFetch(runtime)(`${origin}${DOCUMENT}`, init);
    const text = response.ok ? await boundedText(response) : null;
    if (text === null) response.body?.cancel().catch(() => {});
    const document = text === null ? null : parseJson(text);
    const receivers =
      typeof document === 'object' && document !== null && 'receivers' in document && document.receivers;
    return Array.isArray(receivers) && receivers.some((one) => isPath(one) && isBelow(pathname, one));
  } catch {
    return false;
  }
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/');
}

/** Null: it is too long, or broke off. */
async function boundedText({ body }: Response): Promise<string | null> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > RECEIVER_BYTES) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return null;
  }
  reader.cancel().catch(() => {});
  return null;
}

async function countAsking(
  { store, runtime }: DeliveryDeps,
  { tenant, subject }: SubscriptionName,
  url: string,
): Promise<void> {
  const now = runtime.now();
  const window = Math.floor(now / ASKED_EACH_MS) * ASKED_EACH_MS;
  // Without its port: a host is one, whoever listens there.
  const host = new URL(url).hostname.replace(/\.$/, '');
  const counters: [key: string, most: number][] = [
    [`${tenant}/webhook-asked/${subject}/${host}/${window}`, MOST_ASKED_BY_ONE],
    [`${tenant}/webhook-asked-by-all/${host}/${window}`, MOST_ASKED_BY_TENANT],
    [`${APP_TENANT}/webhook-asked/${host}/${window}`, MOST_ASKED],
  ];
  for (const [key, most] of counters) {
    const asked = await store.add(key, 1, { now, expiresAt: window + 2 * ASKED_EACH_MS });
    if (asked <= most) continue;
    throw new TidegateError('rate_limited', `${host} was asked to confirm too often`, {
      field: 'target.url',
      expected: `at most ${most} receivers of one host that are new in a minute`,
      retryAfterMs: window + ASKED_EACH_MS - now,
    });
  }
}

function unconfirmed(url: string, failure: DeliveryFailure): TidegateError {
  const cause: CallbackCause = { callback: failure };
  return new TidegateError('upstream', `the receiver at ${new URL(url).origin} does not confirm: ${failure}`, {
    field: 'target.url',
    expected: 'a receiver that answers the signed challenge with 2xx and {"challenge": …} within 10 s',
    hint: `or an origin with ${DOCUMENT}`,
    cause,
  });
}
