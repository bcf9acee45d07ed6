/** Sends one thing, once, to whichever target a subscription has, and tells what came of it. Nothing here rejects. */
import type { JsonObject } from '../../base/json.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { isGranted, publishScope } from '../../base/scopes.ts';
import { openFeedSecrets } from '../../declare/check/open-secrets.ts';
import type { EventOccurrence, EventSource } from '../../streams/sources/sources.ts';
import { chatBody, chatText, eventBody } from './bodies.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import type { SubscriptionName } from '../records/names.ts';
import { RECEIVER_MS, tryPost } from './post.ts';
import type { Subscribed } from '../records/subscribed.ts';
import type { Tried } from './tried.ts';
import { signedHeaders } from '../records/standard-webhooks.ts';

/** Where to send to, and as whom. */
export interface Sending {
  name: SubscriptionName;
  principal: Principal;
  target: Subscribed['target'];
  secrets: readonly Uint8Array<ArrayBuffer>[];
}

/** @param cursor the watermark, as clients get it */
export async function sendEvent(
  deps: DeliveryDeps,
  to: Sending,
  source: EventSource,
  occurrence: EventOccurrence,
  cursor: string,
  isTest = false,
): Promise<Tried> {
  const { target } = to;
  if (target.kind === 'mqtt') return publish(deps, to, target, occurrence, cursor);
  if (target.kind === 'task') return begin(deps, to, target, occurrence);
  if (target.shape !== 'event') {
    const body = chatBody(target.shape, chatText(source, occurrence));
    return tryPost(deps.runtime, { url: target.url, headers: {}, body, allow: deps.app.webhooks.allow });
  }
  return sendSigned(deps, to, occurrence.eventId, eventBody(occurrence, cursor, isTest));
}

/** What is no event, such as a gap. Targets that know none of it have taken it. */
export async function sendControl(deps: DeliveryDeps, to: Sending, id: string, body: string): Promise<Tried> {
  const { target } = to;
  if (target.kind !== 'webhook' || target.shape !== 'event')
    return { outcome: 'acknowledged', retryAfterMs: null, ms: 0 };
  return sendSigned(deps, to, id, body);
}

/** Time and signatures are of this try. */
async function sendSigned({ app, runtime }: DeliveryDeps, to: Sending, id: string, body: string): Promise<Tried> {
  const { name, target, secrets } = to;
  if (target.kind !== 'webhook') throw new Error('only webhooks are signed');
  const signed = await signedHeaders(id, runtime.now(), body, secrets);
  const headers = { ...signed, 'X-MCP-Subscription-Id': name.id };
  return tryPost(runtime, { url: target.url, headers, body, allow: app.webhooks.allow });
}

async function publish(
  deps: DeliveryDeps,
  { principal }: Sending,
  { feed, topic }: Subscribed['target'] & { kind: 'mqtt' },
  occurrence: EventOccurrence,
  cursor: string,
): Promise<Tried> {
  const { app, runtime } = deps;
  const declared = isGranted(principal.scopes, publishScope(feed)) ? app.feeds.get(feed) : undefined;
  if (!declared?.outlet) {
    const why = `who subscribed may not publish to ${feed}, or it publishes nothing any more`;
    return { outcome: 'refused', retryAfterMs: null, ms: 0, why };
  }
  const { outlet } = declared;
  return timed(deps, async () => {
    const checked = outlet.check({ topic, payload: JSON.parse(eventBody(occurrence, cursor)) as JsonObject });
    if (checked.rule.confirm !== null) return 'refused';
    const deadline = runtime.now() + RECEIVER_MS;
    const ending = new AbortController();
    const clock = new AbortController();
    void runtime.sleep(RECEIVER_MS, clock.signal).then(() => ending.abort());
    try {
      const secret = openFeedSecrets(declared, runtime.variable).valueOf;
      const { status } = await checked.send({ feed, runtime, secret, signal: ending.signal, deadline });
      await deps.audit?.note(principal, { action: 'publish', target: feed, code: null });
      return status === 'acknowledged' || status === 'sent' ? 'acknowledged' : 'refused';
    } finally {
      clock.abort();
    }
  });
}

function begin(
  deps: DeliveryDeps,
  { name, principal }: Sending,
  { task }: Subscribed['target'] & { kind: 'task' },
  occurrence: EventOccurrence,
): Promise<Tried> {
  return timed(deps, async () => {
    if (!deps.beginTask) return 'refused';
    const once = `${name.id} ${occurrence.eventId}`;
    const deadline = deps.runtime.now() + RECEIVER_MS;
    await deps.beginTask(principal, task, occurrence as unknown as JsonObject, once, deadline);
    return 'acknowledged';
  });
}

/** What can never be taken is refused; all else is tried again. */
async function timed({ runtime }: DeliveryDeps, work: () => Promise<Tried['outcome']>): Promise<Tried> {
  const begunAt = runtime.now();
  try {
    const outcome = await work();
    return { outcome, retryAfterMs: null, ms: Math.max(0, runtime.now() - begunAt) };
  } catch (thrown) {
    const { code, message, retryAfterMs } = asTidegateError(thrown);
    runtime.log('info', 'a delivery failed', { code, message });
    const ms = Math.max(0, runtime.now() - begunAt);
    if (code === 'too_large') return { outcome: 'too_large', retryAfterMs: null, ms };
    const isFinal = code === 'invalid_input' || code === 'not_found' || code === 'not_supported';
    return isFinal
      ? { outcome: 'refused', retryAfterMs, ms, why: message }
      : { outcome: 'connection_refused', retryAfterMs, ms };
  }
}
