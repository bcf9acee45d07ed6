/** What can be done about subscriptions, for whoever serves it: the methods of MCP, tools, a command. */
import type { Principal } from '../base/principal.ts';
import type {
  AbandonedDelivery,
  DeliveryAttempt,
  DeliveryFailure,
  SubscribeRequest,
  Subscription,
} from './subscription.ts';

/** Which subscription: by its id, or by what it was made of. `to` is the url of a webhook, `feed:topic`, or the name of the task. */
export type SubscriptionRef = { id: string } | { source: string; arguments: unknown; to: string };

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

/** What an error of `subscribe` has as its cause where the receiver did not confirm. */
export interface CallbackCause {
  callback: DeliveryFailure;
}

/** Why a receiver did not confirm; null: the error is another one. */
export function callbackFailureOf(thrown: unknown): DeliveryFailure | null {
  const cause = thrown instanceof Error ? thrown.cause : null;
  return typeof cause === 'object' && cause !== null && 'callback' in cause ? (cause as CallbackCause).callback : null;
}
