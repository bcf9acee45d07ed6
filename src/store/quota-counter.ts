/**
 * A sum over all instances of what was taken and not given back, as far as it lasts no longer than it may. Each piece of time has a
 * counter of the store; the sum is that of the piece that it is now and of those before it, in which something taken still stands.
 *
 * The sum is never less than what is in use, by any instance, whose clocks differ by `SKEW_MS` at most:
 * - An instance uses only what it has taken from the store before. Small amounts come from what it holds in hand.
 * - What is given back leaves the hand before the call, which is made once: it is lost where the call is. It is taken off a piece
 *   of time that is no later than the one in which it was taken, and therefore forgotten no later.
 * - Whoever takes near the border of two pieces of time looks at both after it has counted: of two that count at once in both, at
 *   least one sees the other.
 * The sum may be more: by what answers that were lost took, what ended processes held, and what lasts less long than it may.
 */
import type { Runtime } from '../base/runtime.ts';
import type { Store } from './store.ts';

export interface Counter {
  name: string;
  limit: number;
  pieceMs: number;
  /** Small amounts are summed here first, at no call; the sum may be less than what is in use by that, for each instance. */
  isLoose: boolean;
}

export interface Counters {
  /**
   * Takes an amount, or nothing. Null: it is taken; else after how long it makes sense to come again, ms.
   * @throws TidegateError as the store's
   */
  take(store: Store, counter: Counter, amount: number): Promise<number | null>;
  /**
   * Gives back what was taken at `takenAt`, epoch ms, or up to half a minute before. Errors as `take`; then it counts until its
   * time is over.
   */
  give(store: Store, counter: Counter, amount: number, takenAt: number): Promise<void>;
  /** Whether it was at its limit when it was last asked. */
  isFull(counter: Counter): boolean;
}

/** The pieces of time that something may last. */
export const PIECES = 2;
/** Of a limit: what is taken beyond what is asked for, and kept in hand of what comes back, at most. */
const SMALL_SHARE = 1 / 1_000;
/** Up to this share of the limit one more is kept in hand, of things that are counted one by one. */
const LOW_SHARE = 1 / 10;
/** How long what earlier pieces of time summed up to is remembered, ms. */
const REMEMBERED_MS = 30_000;
const MOST_REMEMBERED = 10_000;
/** What is given back may have been taken so long before it says, ms, and no more than a quarter of a piece of time. */
const TAKEN_BEFORE_MS = 30_000;
/** Clocks of instances differ by this at most, ms. */
const SKEW_MS = 5_000;

/** What an instance has of a counter. */
interface Hand {
  /** In use, and not taken from the store yet. */
  owed: number;
  /** Taken from the store, and not in use. */
  left: number;
  /** What was asked for here. */
  asked: number;
  /** The sum, when it was last known; null: it was not asked for. */
  sum: number | null;
}

export function createCounters({ now }: Pick<Runtime, 'now'>): Counters {
  const hands = new Map<string, Hand>();
  const earlier = new Map<string, { total: number; at: number }>();
  const full = new Set<string>();

  function handOf(key: string): Hand {
    const known = hands.get(key);
    if (known) return known;
    const hand: Hand = { owed: 0, left: 0, asked: 0, sum: null };
    remember(hands, key, hand);
    return hand;
  }

  async function before(store: Store, { pieceMs, name }: Counter, start: number, at: number, ageMs: number) {
    const key = `${name}/${start}`;
    const known = earlier.get(key);
    if (known !== undefined && at - known.at < ageMs && at >= known.at) return known.total;
    const total = await store.add(key, 0, { now: at, expiresAt: expiryOf(start, pieceMs) });
    remember(earlier, key, { total, at });
    return total;
  }

  /** Adds to the piece of time that it is. Answers what all pieces sum up to, newest first; those before it may be old. */
  async function count(store: Store, counter: Counter, start: number, amount: number, at: number): Promise<number[]> {
    const { name, pieceMs } = counter;
    const adding = store.add(`${name}/${start}`, amount, { now: at, expiresAt: expiryOf(start, pieceMs) });
    const isEarly = at - start < SKEW_MS;
    const isLate = start + pieceMs - at <= SKEW_MS;
    if (isEarly || isLate) await adding;
    const starts = Array.from({ length: PIECES }, (_, index) => start - (index + 1) * pieceMs);
    const [current, next, ...others] = await Promise.all([
      adding,
      isLate ? before(store, counter, start + pieceMs, at, 0) : 0,
      ...starts.map((from, index) => before(store, counter, from, at, isEarly && index === 0 ? 0 : REMEMBERED_MS)),
    ]);
    return [current + next, ...others];
  }

  return {
    async take(store, counter, amount) {
      const at = now();
      const { name, limit, pieceMs, isLoose } = counter;
      const start = at - (at % pieceMs);
      const key = `${name}/${start}`;
      const hand = handOf(key);
      hand.asked += amount;
      if (hand.left >= amount) {
        hand.left -= amount;
        return null;
      }
      const small = limit * SMALL_SHARE;
      if (isLoose && hand.owed + amount < small && !full.has(key)) {
        hand.owed += amount;
        return null;
      }
      // No more than was asked for before: whoever asks once holds nothing.
      const spare = amount < small && !full.has(key) ? Math.floor(Math.min(small, hand.asked - amount)) : 0;
      const { left: inHand, owed } = hand;
      hand.left = 0;
      hand.owed = 0;
      const piece = amount + owed - inHand + spare;
      let sums: number[];
      try {
        sums = await count(store, counter, start, piece, at);
      } catch (thrown) {
        hand.left += inHand;
        throw thrown;
      }
      const sum = sums.reduce((all, one) => all + one, 0);
      hand.sum = sum;
      if (sum <= limit) {
        full.delete(key);
        hand.left += spare;
        return null;
      }
      if (full.size >= MOST_REMEMBERED) full.clear();
      full.add(key);
      const isEnough = sum - spare <= limit;
      if (!isEnough) hand.left += inHand;
      await store.add(key, isEnough ? -spare : owed - piece, { now: at, expiresAt: expiryOf(start, pieceMs) });
      return isEnough ? null : againAfter(sum, limit, sums.slice(1), start + pieceMs - at, pieceMs);
    },

    async give(store, { name, limit, pieceMs }, amount, takenAt) {
      const at = now();
      const from = takenAt - Math.min(TAKEN_BEFORE_MS, pieceMs / 4);
      const start = from - (from % pieceMs);
      const expiresAt = expiryOf(start, pieceMs);
      if (expiresAt <= at) return;
      const key = `${name}/${start}`;
      const hand = handOf(key);
      hand.left += amount;
      const isLow = hand.sum !== null && hand.sum <= limit * LOW_SHARE && at - start < pieceMs;
      const kept = full.has(key) ? 0 : Math.max(limit * SMALL_SHARE, isLow ? 1 : 0);
      if (hand.left <= kept) return;
      const { left } = hand;
      hand.left = 0;
      await store.add(key, -left, { now: at, expiresAt });
      earlier.delete(key);
    },

    isFull({ name, pieceMs }) {
      const at = now();
      return full.has(`${name}/${at - (at % pieceMs)}`);
    },
  };
}

function expiryOf(start: number, pieceMs: number): number {
  return start + (PIECES + 1) * pieceMs;
}

/** The oldest is forgotten: what is held in hand of it counts until its time is over. */
function remember<Value>(values: Map<string, Value>, key: string, value: Value): void {
  if (values.size >= MOST_REMEMBERED && !values.has(key)) {
    const [oldest] = values.keys();
    if (oldest !== undefined) values.delete(oldest);
  }
  values.set(key, value);
}

/** When the oldest pieces of time that are in the way have ended, ms. */
function againAfter(
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
