/**
 * Says when a burst, or a call, that holds a connection has to end. Some of its time is kept for the commit of the last
 * batch, the answer, and the end of the connection. It ends nothing by itself. Pure: the clock is lent.
 */

import type { BurstContext } from '../../declare/feed.ts';

/** The share of the time that is kept; at most a second is kept. */
const RESERVED_SHARE = 0.1;
const MOST_RESERVED_MS = 1_000;

export interface BurstClock {
  now: () => number;
  /** Time that is kept for the end, ms. */
  reservedMs: number;
  /** Epoch ms at which the last batch is handed over, or waiting ends. */
  closesAt: number;
  /** Time until `closesAt`, ms; negative after it. */
  leftMs(): number;
  isOver(): boolean;
}

/**
 * Makes a clock for a burst or call that begins now.
 * @param deadline epoch ms
 * @param timeMs the longest time that a budget allows, if one bounds it beside the deadline
 */
export function createBurstClock(
  now: () => number,
  deadline: number,
  timeMs: number = Number.POSITIVE_INFINITY,
): BurstClock {
  const startedAt = now();
  const endsAt = Math.min(deadline, startedAt + timeMs);
  const reservedMs = Math.min(MOST_RESERVED_MS, (endsAt - startedAt) * RESERVED_SHARE);
  const closesAt = endsAt - reservedMs;
  return {
    now,
    reservedMs,
    closesAt,
    leftMs: () => closesAt - now(),
    isOver: () => now() >= closesAt,
  };
}

/** The clock of a burst: bounded by its deadline and its budget, and without an end where it holds its connection. */
export function burstClockOf(context: Pick<BurstContext, 'now' | 'deadline' | 'budget' | 'hold'>): BurstClock {
  const now = () => context.now();
  return context.hold === null
    ? createBurstClock(now, context.deadline, context.budget.timeMs)
    : createBurstClock(now, Number.POSITIVE_INFINITY);
}
