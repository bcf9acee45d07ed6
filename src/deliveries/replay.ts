/** Sends again what was given up. */
import { TidegateError } from '../base/errors.ts';
import { afterConflict, commitSurely } from '../store/commit.ts';
import { entriesBetween } from '../store/cursor.ts';
import type { DeliveryDeps } from './records/deps.ts';
import { MOST_PENDING } from './work/intake.ts';
import { DELIVERY_QUEUE, deliveryKey, type SubscriptionName } from './records/names.ts';
import { deliveryState, isLeasedState, type Pending } from './records/state.ts';

/** Answers how many are to be sent. Errors as `DeliveryService.replay`. */
export async function replay(
  { store, runtime }: DeliveryDeps,
  name: SubscriptionName,
  eventIds: readonly string[] | null,
  deadline: number,
): Promise<number> {
  for (let conflicts = 0; ; conflicts += 1) {
    const now = runtime.now();
    const reading = await store.get(deliveryKey(name), now);
    const state = deliveryState.read(reading);
    if (state === null) return 0;
    if (!isLeasedState(state, now)) {
      const isWanted = (id: string) => eventIds === null || eventIds.includes(id);
      const room = Math.max(0, MOST_PENDING - state.pending.length);
      const again = state.abandoned.filter(({ eventId }) => isWanted(eventId)).slice(0, room);
      if (again.length === 0) return 0;
      const fresh = again.map(({ eventId, before }): Pending => {
        return { kind: 'event', id: eventId, before, attempts: 0, dueAt: now, since: now };
      });
      const next = {
        ...state,
        pending: [...state.pending, ...fresh].toSorted(inOrder),
        abandoned: state.abandoned.filter((one) => !again.includes(one)),
        restUntil: 0,
        asked: false,
      };
      const put = deliveryState.replace(reading, next, { due: { queue: DELIVERY_QUEUE, at: now } });
      const { status } = await commitSurely(runtime, store, [put], deadline);
      if (status === 'committed') return again.length;
    }
    if (!(await afterConflict(runtime, conflicts, deadline))) {
      throw new TidegateError('overloaded', 'Deliveries of this subscription are on their way just now', {
        retryAfterMs: 10_000,
      });
    }
  }
}

/** In the order of the log, which the watermark goes by. What stands in no log any more comes first. */
function inOrder(a: Pending, b: Pending): number {
  if (a.before === null || b.before === null) return a.before === b.before ? 0 : a.before === null ? -1 : 1;
  return -(entriesBetween(a.before, b.before) ?? 1);
}
