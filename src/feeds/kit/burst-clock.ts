/**
 * When a burst, or a call, that holds a connection has to come to its end. Some of its time is kept for what comes then: the
 * commit of the last batch, the answer, and the farewell. Pure: the clock is lent. It ends nothing by itself.
 */

/** A tenth of the time, but not more than a second, is kept. */
const RESERVED_SHARE = 0.1;
const MOST_RESERVED_MS = 1_000;

export interface BurstClock {
  now: () => number;
  /** What is kept for the end, ms. */
  reservedMs: number;
  /** Epoch ms at which the last batch is handed over, or waiting ends. */
  closesAt: number;
  /** Time until then, ms; negative behind it. */
  leftMs(): number;
  isOver(): boolean;
}

/**
 * A clock for what begins now.
 * @param deadline epoch ms
 * @param timeMs the longest that it may last, where a budget bounds it beside the deadline
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
