/** A subscription as its owner sees it. Pure. */
import { encodeTailCursor } from '../streams/log/tail-cursor.ts';
import type { Subscribed } from './records/subscribed.ts';
import { type DeliveryState, statusOf, watermarkOf } from './records/state.ts';
import type { Subscription } from './records/subscription.ts';

/** @param stream whose log it follows */
export function shownOf(
  id: string,
  definition: Subscribed,
  state: DeliveryState,
  stream: string,
  now: number,
  truncated = false,
): Subscription {
  const { source, arguments: given, target, ordered, refreshBefore, createdAt } = definition;
  return {
    id,
    source,
    arguments: given,
    target,
    ordered,
    refreshBefore,
    cursor: encodeTailCursor(stream, watermarkOf(state)),
    truncated,
    status: statusOf(state, now),
    createdAt,
  };
}
