/** Removes what is left of a subscription that was ended or has expired, and counts it no more. */
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { type Delete, isPresent, type Operation, type Reading } from '../../store/store.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import {
  countKeys,
  deliveryKey,
  subscriberKey,
  subscriptionKey,
  type SubscriptionName,
  wakeKey,
} from '../records/names.ts';
import { subscribed, subscriptionCount } from '../records/subscribed.ts';
import { deliveryState, isLeasedState } from '../records/state.ts';

/**
 * Two store calls, and one where there is something. Answers whether it is gone: not, where it stands or somebody works on it.
 * @param ours whether the lease is the caller's. Errors as the store's
 */
export async function cleanUp(
  deps: DeliveryDeps,
  name: SubscriptionName,
  deadline: number,
  ours: string | null = null,
): Promise<boolean> {
  const { store, runtime } = deps;
  for (let conflicts = 0; ; conflicts += 1) {
    const now = runtime.now();
    const keys = [subscriptionKey(name), deliveryKey(name), wakeKey(name), ...countKeys(name)];
    const [definition, stated, wake, each, all] = await store.getMany(keys, now);
    if (!definition || !stated || !wake || !each || !all) return false;
    const standing = subscribed.read(definition);
    if (standing !== null && standing.ended === null) return false;
    const state = deliveryState.read(stated);
    if (state === null) {
      const left = deletes([wake]);
      if (left.length > 0) await commitSurely(runtime, store, left, deadline);
      return true;
    }
    if (isLeasedState(state, now) && state.holder !== ours) return false;
    const follower = await store.get(subscriberKey(state, name), now);
    const counts = [each, all].map((reading): Operation => {
      const count = Math.max(0, (subscriptionCount.read(reading)?.count ?? 0) - 1);
      return subscriptionCount.replace(reading, { count });
    });
    const operations = [...deletes([definition, stated, wake, follower]), ...counts];
    const { status } = await commitSurely(runtime, store, operations, deadline);
    if (status === 'committed') return true;
    if (!(await afterConflict(runtime, conflicts, deadline))) return false;
  }
}

function deletes(readings: readonly Reading[]): Delete[] {
  return readings.flatMap((reading) => {
    if (!isPresent(reading)) return [];
    const { partition, id, version } = reading;
    return [{ kind: 'delete', partition, id, expects: version }];
  });
}
