/**
 * Subscribing and refreshing. All of a new subscription is made in one commit, with a wake: its first turn reads the log from where
 * it begins, whatever was appended while it was made. A refresh replaces what was subscribed, and leaves how far it is delivered.
 */
import { TidegateError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { isPublic, type Principal } from '../base/principal.ts';
import type { WebhookOptions } from '../declare/app.ts';
import { afterConflict, commitSurely } from '../store/commit.ts';
import { decodeCursor, entriesBetween } from '../store/cursor.ts';
import type { Cursor, Operation } from '../store/store.ts';
import { decodeTailCursor } from '../streams/log/tail-cursor.ts';
import { streamLog } from '../streams/log/stream-log.ts';
import { ofStream, scopeOf, type StreamScope } from '../streams/scope.ts';
import { findSource, type Selection } from '../streams/sources/sources.ts';
import type { DeliveryDeps } from './records/deps.ts';
import {
  countKeys,
  DELIVERY_QUEUE,
  deliveryKey,
  subscriberKey,
  idOfSubscription,
  onlyKeyIn,
  outboxKey,
  type SubscriberPlace,
  subscriptionKey,
  type SubscriptionName,
  toOf,
  wakeKey,
} from './records/names.ts';
import { isCut } from './work/intake.ts';
import { noteOutbox } from './work/places.ts';
import { deliveryWake, type Subscribed, subscribed, subscriber, subscriptionCount } from './records/subscribed.ts';
import { MOST_FORMER, openSecret, ROTATION_MS, sealSecret, withoutSecretUrl } from './records/secrets.ts';
import { secretBytes } from './records/standard-webhooks.ts';
import { deliveryState, newDelivery } from './records/state.ts';
import type { ShownTarget, SubscribeRequest, Subscription } from './records/subscription.ts';
import { checkDeliveryTarget } from './send/target.ts';
import { verifyReceiver } from './send/verification.ts';
import { shownOf } from './shown.ts';

const LEAST_TTL_MS = 60_000;

/** Errors as `DeliveryService.subscribe`. */
export async function subscribeTo(
  deps: DeliveryDeps,
  principal: Principal,
  request: SubscribeRequest,
  deadline: number,
): Promise<Subscription> {
  checkKnown(deps, principal);
  const selection = findSource(deps.sourcesOf(principal), request.source).select(request.arguments);
  const shown = checkDeliveryTarget(deps, principal, request.target, selection.source);
  const { tenant, subject } = principal;
  const id = await idOfSubscription(principal, toOf(shown), request.source, selection.canonical);
  const name = { tenant, subject, id };
  const scope = ofStream(scopeOf(deps, principal), selection.source.stream);
  const ofKey = await onlyKeyIn(selection.canonical);
  const place = {
    place: scope.tenant,
    stream: selection.source.stream.name,
    ...(ofKey === undefined ? {} : { ofKey }),
  };
  const wanted: Wanted = { principal, request, selection, shown, name, scope, place };
  for (let conflicts = 0; ; conflicts += 1) {
    const made = await trySubscribe(deps, wanted, deadline);
    if (made !== null) {
      // Who works on deliveries hears of it as of an event.
      deps.changed?.(scope.tenant, selection.source.stream.name);
      return made;
    }
    if (!(await afterConflict(deps.runtime, conflicts, deadline))) {
      const message = 'too many change the subscriptions of one caller at once';
      throw new TidegateError('store_unavailable', message, { retryAfterMs: 1_000 });
    }
  }
}

interface Wanted {
  principal: Principal;
  request: SubscribeRequest;
  selection: Selection;
  shown: ShownTarget;
  name: SubscriptionName;
  scope: StreamScope<DeliveryDeps>;
  place: SubscriberPlace;
}

/** Null: somebody else has written meanwhile. */
async function trySubscribe(deps: DeliveryDeps, wanted: Wanted, deadline: number): Promise<Subscription | null> {
  const { store, runtime, app } = deps;
  const { principal, request, selection, shown, name, scope, place } = wanted;
  const { stream } = selection.source;
  const own = [subscriptionKey(name), deliveryKey(name), wakeKey(name), subscriberKey(place, name)];
  const keys = [...own, outboxKey(scope.tenant, stream.name), ...countKeys(name)];
  const [defined, stated, wake, following, outbox, each, all] = await store.getMany(keys, runtime.now());
  if (!defined || !stated || !wake || !following || !outbox || !each || !all) return null;
  const found = subscribed.read(defined);
  const standing = found?.ended === null ? found : null;
  const known = deliveryState.read(stated);
  if (known === null)
    checkCounts(
      deps,
      [each, all].map((reading) => subscriptionCount.read(reading)?.count ?? 0),
    );
  if (standing === null) await verify(deps, wanted, deadline);
  const begin = standing === null || known === null ? await beginningOf(wanted, request) : null;

  const now = runtime.now();
  const endless = app.webhooks.endless && deps.isAskedAgain?.(principal) === true;
  const refreshBefore = refreshOf({ ...app.webhooks, endless }, request.ttlMs, now);
  const definition: Subscribed = {
    principal: { ...principal, scopes: [...principal.scopes] },
    source: request.source,
    arguments: JSON.parse(selection.canonical) as JsonObject,
    target: withoutSecretUrl(shown),
    ...(await secretsOf(deps, wanted, standing, now)),
    ordered: request.ordered ?? false,
    createdAt: standing?.createdAt ?? now,
    refreshedAt: now,
    refreshBefore,
    ended: null,
  };
  const from = subscriber.read(following)?.from ?? null;
  const followed = { source: definition.source, arguments: definition.arguments, from: begin ? begin.head : from };
  const due = { queue: DELIVERY_QUEUE, at: now };
  const expiresAt = refreshBefore;
  const operations: Operation[] = [
    subscribed.replace(defined, definition, { expiresAt }),
    subscriber.replace(following, followed, { expiresAt }),
    deliveryWake.replace(wake, 1, { due }),
    noteOutbox(outbox, now),
  ];
  const state = begin === null ? known : newDelivery(place, begin.head);
  if (state === null) return null;
  if (begin !== null) operations.push(deliveryState.replace(stated, state, { due }));
  if (known === null) {
    for (const reading of [each, all]) {
      const count = (subscriptionCount.read(reading)?.count ?? 0) + 1;
      operations.push(subscriptionCount.replace(reading, { count }));
    }
  }
  const { status } = await commitSurely(runtime, store, operations, deadline);
  if (status === 'conflict') return null;
  const made = shownOf(name.id, definition, state, stream.name, runtime.now(), begin?.truncated ?? false);
  const isKept = standing !== null && standing.secret === definition.secret;
  return isKept && definition.secret !== null ? { ...made, keptSecret: true } : made;
}

/** Without a principal whoever guesses what somebody subscribed to could end it. */
function checkKnown({ isOpen }: DeliveryDeps, principal: Principal): void {
  if (isOpen !== true && !isPublic(principal)) return;
  throw new TidegateError('not_supported', 'Nobody knows who subscribes, so nothing can be delivered', {
    field: 'principal',
    expected: 'a caller that this server knows',
    hint: 'the operator sets AUTH; polling needs no caller',
  });
}

function checkCounts({ app: { quotas } }: DeliveryDeps, counts: readonly number[]): void {
  const most = [quotas.subscriptions, quotas.allSubscriptions];
  for (const [index, whose] of ['of one caller', 'of all callers'].entries()) {
    const limit = most[index] ?? 0;
    if ((counts[index] ?? 0) < limit) continue;
    throw new TidegateError('rate_limited', 'There are too many subscriptions already', {
      field: index === 0 ? 'quotas.subscriptions' : 'quotas.allSubscriptions',
      expected: `at most ${limit} subscriptions ${whose} at once`,
      hint: 'end those that nobody needs, or let one select more keys',
      retryAfterMs: 60_000,
    });
  }
}

async function verify(deps: DeliveryDeps, { name, request: { target } }: Wanted, deadline: number): Promise<void> {
  if (target.kind !== 'webhook' || target.shape !== 'event') return;
  if (deps.sealer === null) throw noSealer();
  const secret = secretBytes(target.secret ?? '');
  await verifyReceiver(deps, name, target.url, secret === null ? [] : [secret], deadline);
}

/** The secret, or the url of a chat, as it is kept. A new secret leaves the former ones beside it for a while. */
async function secretsOf(
  { sealer }: DeliveryDeps,
  { request: { target, keepsSecret }, name }: Wanted,
  standing: Subscribed | null,
  now: number,
): Promise<Pick<Subscribed, 'secret' | 'previous'>> {
  const own = target.kind !== 'webhook' ? null : target.shape === 'event' ? target.secret : target.url;
  if (own === null) return { secret: null, previous: [] };
  if (sealer === null) throw noSealer();
  const former = standing?.secret ?? null;
  const opened = former === null ? null : await openSecret(sealer, name, former, now);
  const before = (standing?.previous ?? []).filter(({ until }) => until > now);
  const isKept = opened === own || (keepsSecret === true && opened !== null);
  if (isKept && former !== null) return { secret: former, previous: before };
  const secret = await sealSecret(sealer, name, own);
  if (former === null) return { secret, previous: [] };
  return { secret, previous: [{ secret: former, until: now + ROTATION_MS }, ...before].slice(0, MOST_FORMER) };
}

/** Where delivery begins: at the end of the log, or at what was given, as far as the log has it and it is not too old. */
async function beginningOf(
  { scope, selection }: Wanted,
  { cursor, maxAgeMs }: SubscribeRequest,
): Promise<{ head: Cursor | null; truncated: boolean }> {
  const { store, runtime, tenant } = scope;
  const { name } = selection.source.stream;
  const log = streamLog(tenant, name);
  if (cursor === null) return { head: (await store.extent(log)).end, truncated: false };
  const given = decodeTailCursor(name, cursor);
  const page = await store.read(log, given, 1);
  const truncated = isCut(given, page);
  const head = truncated ? page.start : given;
  const floor = maxAgeMs === null ? null : await store.seek(log, runtime.now() - maxAgeMs);
  const skipped = floor === null ? 0 : head === null ? decodeCursor(floor).place : (entriesBetween(head, floor) ?? 0);
  return skipped > 0 ? { head: floor, truncated: true } : { head, truncated };
}

/** Until when it stands, epoch ms. What was asked for is brought within what the app grants. */
function refreshOf(
  { ttlMs, mostTtlMs, endless }: Required<WebhookOptions>,
  asked: number | null | undefined,
  now: number,
): number | null {
  if (asked === null) return endless ? null : now + mostTtlMs;
  const wanted = asked === undefined || !Number.isFinite(asked) ? ttlMs : Math.floor(asked);
  return now + Math.min(mostTtlMs, Math.max(LEAST_TTL_MS, wanted));
}

function noSealer(): TidegateError {
  return new TidegateError('invalid_config', 'TIDEGATE_SECRET is not set, and secrets of webhooks have to be sealed', {
    field: 'TIDEGATE_SECRET',
    expected: 'a random text of at least 32 characters, the same on every instance',
  });
}
