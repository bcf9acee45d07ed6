/** What can be done about subscriptions, for whoever serves it: the methods of MCP, tools, a command. */
import { TidegateError } from '../base/errors.ts';
import type { Principal } from '../base/principal.ts';
import { afterConflict, commitSurely } from '../store/commit.ts';
import { isPresent, type Operation } from '../store/store.ts';
import { findSource } from '../streams/sources/sources.ts';
import { cleanUp } from './work/clean-up.ts';
import type { DeliveryDeps } from './records/deps.ts';
import {
  DELIVERY_QUEUE,
  deliveryKey,
  isSubscriptionId,
  subscriberKey,
  idOfSubscription,
  subscriptionKey,
  type SubscriptionName,
  wakeKey,
} from './records/names.ts';
import { deliveryWake, type Subscribed, subscribed } from './records/subscribed.ts';
import { replay } from './replay.ts';
import { shownOf } from './shown.ts';
import { deliveryState } from './records/state.ts';
import type { CallbackCause } from './send/tried.ts';
import { subscribeTo } from './subscribe.ts';
import { sendTest } from './test-delivery.ts';
import type {
  AbandonedDelivery,
  DeliveryAttempt,
  DeliveryFailure,
  SubscribeRequest,
  Subscription,
} from './records/subscription.ts';

/** Which subscription: by its id, or by what it was made of. `to` is the url of a webhook, `feed:topic`, or the name of the task. */
type SubscriptionRef = { id: string } | { source: string; arguments: unknown; to: string };

export interface DeliveryService {
  /**
   * Subscribes, or refreshes what is subscribed to already. A receiver that is not known yet is asked first whether it wants
   * to be sent anything, which takes as long as it takes to answer, 10 s at most.
   * @throws TidegateError `invalid_input` naming what is wrong; `not_found` for a source, feed or task that the caller does not
   * have; `not_supported` for a caller whom nobody knows; `rate_limited` for a quota, or a host that was asked too often;
   * `upstream` for a receiver that does not confirm, with `callbackFailureOf`; `invalid_config` without `TIDEGATE_SECRET`; as the store's
   */
  subscribe(principal: Principal, request: SubscribeRequest, deadline: number): Promise<Subscription>;
  /** Nothing is sent any more that is not on its way already. @throws TidegateError `not_found`; as the store's */
  unsubscribe(principal: Principal, which: SubscriptionRef, deadline: number): Promise<void>;
  /** Those of the caller, in the order of their ids. Two store calls. @throws TidegateError as the store's */
  list(
    principal: Principal,
    page: { limit: number; after?: string },
  ): Promise<{ subscriptions: Subscription[]; next: string | null }>;
  /** Sends an event of a made-up id, once, and tells what became of it. @throws TidegateError `not_found`; as the store's */
  test(principal: Principal, id: string, deadline: number): Promise<DeliveryAttempt>;
  /** The last tries, the newest first, and what was given up. One store call. @throws TidegateError `not_found` */
  deliveries(
    principal: Principal,
    id: string,
  ): Promise<{ attempts: DeliveryAttempt[]; abandoned: AbandonedDelivery[] }>;
  /**
   * Sends again what was given up, all of it or some. Answers how many will be sent: what the log no longer holds is gone.
   * @throws TidegateError `not_found`; `overloaded` while somebody sends for it; as the store's
   */
  replay(principal: Principal, id: string, eventIds: readonly string[] | null, deadline: number): Promise<number>;
}

/** Why a receiver did not confirm; null: the error is another one. */
export function callbackFailureOf(thrown: unknown): DeliveryFailure | null {
  const cause = thrown instanceof Error ? thrown.cause : null;
  return typeof cause === 'object' && cause !== null && 'callback' in cause ? (cause as CallbackCause).callback : null;
}

export function createSubscriptions(deps: DeliveryDeps): DeliveryService {
  const { store, runtime } = deps;

  /** The subscription that is meant, of this caller alone: what is another's is unknown. */
  async function nameOf(principal: Principal, which: SubscriptionRef): Promise<SubscriptionName> {
    const { tenant, subject } = principal;
    if ('id' in which) {
      if (!isSubscriptionId(which.id)) throw unknownSubscription();
      return { tenant, subject, id: which.id };
    }
    const { canonical } = findSource(deps.sourcesOf(principal), which.source).select(which.arguments);
    return { tenant, subject, id: await idOfSubscription(principal, which.to, which.source, canonical) };
  }

  async function standing(principal: Principal, id: string) {
    const name = await nameOf(principal, { id });
    const [defined, stated] = await store.getMany([subscriptionKey(name), deliveryKey(name)], runtime.now());
    const definition = defined ? subscribed.read(defined) : null;
    const state = stated ? deliveryState.read(stated) : null;
    if (definition === null || definition.ended !== null || state === null) throw unknownSubscription();
    return { name, definition, state };
  }

  return {
    subscribe: (principal, request, deadline) => subscribeTo(deps, principal, request, deadline),

    async unsubscribe(principal, which, deadline) {
      const name = await nameOf(principal, which);
      for (let conflicts = 0; ; conflicts += 1) {
        const keys = [subscriptionKey(name), deliveryKey(name), wakeKey(name)];
        const [defined, stated, wake] = await store.getMany(keys, runtime.now());
        const definition = defined ? subscribed.read(defined) : null;
        if (!defined || !wake || !isPresent(defined) || definition === null || definition.ended !== null) {
          throw unknownSubscription();
        }
        const state = stated ? deliveryState.read(stated) : null;
        const { partition, id, version } = defined;
        const due = { queue: DELIVERY_QUEUE, at: runtime.now() };
        const operations: Operation[] = [
          { kind: 'delete', partition, id, expects: version },
          deliveryWake.replace(wake, 1, { due }),
        ];
        const follower = state && (await store.get(subscriberKey(state, name), runtime.now()));
        if (follower && isPresent(follower)) {
          operations.push({
            kind: 'delete',
            partition: follower.partition,
            id: follower.id,
            expects: follower.version,
          });
        }
        const { status } = await commitSurely(runtime, store, operations, deadline);
        if (status === 'committed') break;
        if (!(await afterConflict(runtime, conflicts, deadline))) {
          throw new TidegateError('store_unknown', 'The subscription is not ended: it was written to all the time', {
            retryAfterMs: 1_000,
          });
        }
      }
      // Where somebody sends for it just now, they remove the rest.
      await cleanUp(deps, name, deadline);
    },

    async list({ tenant, subject }, { limit, after }) {
      const prefix = `${subject}/`;
      const { partition } = subscriptionKey({ tenant, subject, id: '' });
      const from = after === undefined ? {} : { after: `${prefix}${after}` };
      const page = await store.list(partition, {
        now: runtime.now(),
        limit: Math.min(limit, MOST_LISTED),
        prefix,
        ...from,
      });
      const states = await store.getMany(
        page.records.map(({ id }) => ({ partition: `${tenant}/delivery`, id })),
        runtime.now(),
      );
      const subscriptions = page.records.flatMap((record, index) => {
        const stated = states[index];
        const definition: Subscribed = subscribed.decode(record.value);
        const state = stated ? deliveryState.read(stated) : null;
        if (definition.ended !== null || state === null) return [];
        return [shownOf(record.id.slice(prefix.length), definition, state, state.stream, runtime.now())];
      });
      return { subscriptions, next: page.next === null ? null : page.next.slice(prefix.length) };
    },

    async test(principal, id, deadline) {
      const { name, definition } = await standing(principal, id);
      return sendTest(deps, name, definition, deadline);
    },

    async deliveries(principal, id) {
      const { state } = await standing(principal, id);
      const abandoned = state.abandoned.map(({ before: _before, ...one }) => one);
      return { attempts: state.attempts.toReversed(), abandoned: abandoned.toReversed() };
    },

    async replay(principal, id, eventIds, deadline) {
      const { name } = await standing(principal, id);
      return replay(deps, name, eventIds, deadline);
    },
  };
}

const MOST_LISTED = 100;

function unknownSubscription(): TidegateError {
  return new TidegateError('not_found', 'There is no such subscription', {
    field: 'id',
    expected: 'a subscription of yours that has not ended',
  });
}
