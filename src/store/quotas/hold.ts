/**
 * What an instance keeps in hand of things that are counted one by one, such as tasks, waits and open streams, so that most of
 * them cost no call to the store. Pure; `counter.ts` does the calls.
 *
 * All that instances hold is counted, and nothing is held that made the sum more than half of the limit: what they hold
 * together, and what those held that ended without a word, is never more than that half. Above it each one is taken and given
 * back by a call of its own.
 */

interface HoldFacts {
  limit: number;
  pieceMs: number;
  /** What all instances have taken, when this one asked last. */
  sum: number;
  /** What was asked for in this process, before now and in all. */
  asked: number;
  /** Of that, since the store was asked last, and how long ago that was, ms. */
  lately: number;
  sinceMs: number;
  /** Who waits for this piece. */
  waiting: number;
  /** What is left of an earlier piece of time, and is given back with this call. */
  carried: number;
}

/** Things that last no longer than this go back by themselves soon, ms. */
const SHORT_MS = 300_000;
/** Of a limit, what one instance holds at most: of what goes back soon, and of what does not. */
const LARGEST_SHORT = 1 / 4;
const LARGEST_LONG = 1 / 10;
/** What is taken is meant to last so long, ms. */
const LASTS_MS = 30_000;

export function isLow(limit: number, sum: number): boolean {
  return sum <= limit / 2;
}

/** The most that an instance holds. It takes half of that at once at most, since what is in use comes back too. */
export function largestHold(limit: number, pieceMs: number): number {
  return Math.floor(limit * (pieceMs <= SHORT_MS ? LARGEST_SHORT : LARGEST_LONG));
}

/** How much is taken beyond what is asked for. A whole number; 0 above half of the limit. */
export function spareOf({ limit, pieceMs, sum, asked, lately, sinceMs, waiting, carried }: HoldFacts): number {
  const room = limit / 2 - sum;
  const wanted = Math.max(carried, waiting + (lately / Math.max(1, sinceMs)) * LASTS_MS);
  // No more than was asked for before: whoever asks once holds nothing.
  return Math.max(0, Math.floor(Math.min(wanted, asked, room, largestHold(limit, pieceMs) / 2)));
}

/** When the oldest pieces of time that are in the way have ended, ms. */
export function againAfter(
  total: number,
  limit: number,
  newestFirst: readonly number[],
  leftMs: number,
  pieceMs: number,
): number {
  let over = total - limit;
  for (const [index, one] of newestFirst.toReversed().entries()) {
    over -= one;
    if (over <= 0) return leftMs + index * pieceMs;
  }
  return leftMs + newestFirst.length * pieceMs;
}
