/** Ends a subscription from our side, and tells its receiver why, a few times if need be. */
import { backoff } from '../../base/backoff.ts';
import { eventError } from '../../base/json-rpc.ts';
import { commitSurely } from '../../store/commit.ts';
import { isPresent, type Operation } from '../../store/store.ts';
import { messageId, terminatedBody } from '../send/bodies.ts';
import { type Claimed, keepDelivery } from './claim.ts';
import { cleanUp } from './clean-up.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { DELIVERY_QUEUE, deliveryKey, subscriberKey, subscriptionKey } from '../records/names.ts';
import { type SubscriptionEnd, subscribed } from '../records/subscribed.ts';
import { openTarget } from '../records/secrets.ts';
import { sendControl } from '../send/send.ts';
import { deliveryState, newDelivery } from '../records/state.ts';

const TELL = { firstMs: 10_000, mostMs: 300_000 };
const MOST_TELLS = 5;
/** How long it is tried to tell, ms. */
const TOLD_WITHIN_MS = 15 * 60_000;

/** Nothing is sent any more but that it is over. */
export async function endDelivery(
  deps: DeliveryDeps,
  claimed: Claimed,
  why: Pick<SubscriptionEnd, 'reason' | 'data'>,
  deadline: number,
): Promise<void> {
  const { store, runtime } = deps;
  const { name, definition } = claimed;
  const now = runtime.now();
  const follower = await store.get(subscriberKey(claimed.state, name), now);
  const ended = { ...definition, ended: { ...why, at: now } };
  const until = now + TOLD_WITHIN_MS;
  const expects = claimed.definitionVersion;
  const state = {
    ...newDelivery(claimed.state, claimed.state.head),
    holder: claimed.holder,
    until: claimed.state.until,
  };
  const due = { queue: DELIVERY_QUEUE, at: state.until };
  const operations: Operation[] = [
    subscribed.put(subscriptionKey(name), ended, { expects, expiresAt: until }),
    deliveryState.put(deliveryKey(name), state, { expects: claimed.stateVersion, due }),
  ];
  if (isPresent(follower)) {
    const { partition, id, version } = follower;
    operations.push({ kind: 'delete', partition, id, expects: version });
  }
  const result = await commitSurely(runtime, store, operations, deadline);
  // Somebody has refreshed or ended it, or has the lease: the next turn judges it anew.
  if (result.status === 'conflict') return;
  const { version } = result;
  runtime.log('info', 'a subscription is ended', { id: name.id, source: definition.source, reason: why.reason });
  await tellEnd(
    deps,
    { ...claimed, definition: ended, definitionVersion: version, state, stateVersion: version },
    deadline,
  );
}

/** Tells that it is over, and removes it once the receiver knows, or cannot be told. */
export async function tellEnd(deps: DeliveryDeps, claimed: Claimed, deadline: number): Promise<void> {
  const { runtime } = deps;
  const { name, definition, state, holder } = claimed;
  const { ended, principal } = definition;
  const now = runtime.now();
  const opened = await openTarget(deps.sealer, name, definition, now);
  if (ended !== null && opened !== null && state.failures < MOST_TELLS && now < ended.at + TOLD_WITHIN_MS) {
    const body = terminatedBody(eventError(ended.reason, deps.app.events.codes, ended.data));
    const to = { name, principal, ...opened };
    const { outcome } = await sendControl(
      deps,
      to,
      messageId('terminated', `${name.id.slice('sub_'.length)}${ended.at.toString(36)}`),
      body,
    );
    if (outcome !== 'acknowledged' && outcome !== 'refused' && outcome !== 'too_large') {
      const failures = state.failures + 1;
      const dueAt = Math.round(runtime.now() + backoff(TELL, failures - 1, runtime.random()));
      const kept = await keepDelivery(deps, claimed, { ...state, failures, lastError: outcome }, dueAt, deadline);
      if (kept !== 'gone') return;
    }
  }
  await cleanUp(deps, name, deadline, holder);
}
