/**
 * A sum over all instances of what was taken and not given back, as far as it lasts no longer than it may. Each piece of time has a
 * counter of the store; the sum is that of the piece that it is now and of those before it, in which something taken still stands.
 *
 * The sum is never less than what is in use, by any instance, whose clocks differ by 5 s at most (`pieces.ts`):
 * - An instance uses only what it has taken from the store before. Small amounts come from what it holds in hand, and so do things
 *   that are counted one by one (`hold.ts`).
 * - What is given back leaves the hand before the call, which is made once: it is lost where the call is. It is taken off a piece
 *   of time that is no later than the one in which it was taken, and therefore forgotten no later.
 * - Whoever takes near the border of two pieces of time looks at both after it has counted: of two that count at once in both, at
 *   least one sees the other.
 * The sum may be more: by what answers that were lost took, what ended processes held, and what lasts less long than it may.
 */
import type { Runtime } from '../../base/runtime.ts';
import { callOfAnother, createHands, endOfPiece, type Hand, waitForCall, MOST_COUNTERS, MOST_JOINED } from './hands.ts';
import { againAfter, isLow, largestHold, spareOf } from './hold.ts';
import { type Counter, createPieces } from './pieces.ts';
import type { Store } from '../store.ts';

interface Counters {
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

/** Of a limit: what is taken beyond what is asked for, and kept in hand of what comes back, at most. */
const SMALL_SHARE = 1 / 1_000;
/** What is known of the others is good for so long to keep what comes back, ms. */
const FRESH_MS = 20_000;
/** Of the most that is kept in hand, what stays where more comes back. */
const STAYS_SHARE = 4 / 5;
/** What is given back may have been taken so long before it says, ms, and no more than a quarter of a piece of time. */
const TAKEN_BEFORE_MS = 30_000;

/** @param sleep bounds how long one request waits for what another takes. Absent: none waits */
export function createCounters({ now, sleep }: Pick<Runtime, 'now'> & Partial<Pick<Runtime, 'sleep'>>): Counters {
  const own = createHands();
  const { hands } = own;
  const pieces = createPieces(hands);
  const full = new Set<string>();

  /**
   * How much of what comes back to that piece of time is kept in hand, by what is known of the others. That of an earlier one
   * goes with the next call for more.
   */
  function keptOf({ name, limit, pieceMs }: Counter, at: number): number {
    const { known = null } = hands.get(`${name}/${at - (at % pieceMs)}`) ?? {};
    return known !== null && isLow(limit, known.sum) ? largestHold(limit, pieceMs) : 0;
  }

  /** Asks the store, whatever is in hand. */
  async function ask(store: Store, counter: Counter, hand: Hand, amount: number, at: number): Promise<number | null> {
    const { name, limit, pieceMs, isHeld = false } = counter;
    const start = at - (at % pieceMs);
    const key = `${name}/${start}`;
    const small = limit * SMALL_SHARE;
    const carried = isHeld ? await pieces.giveEarlier(store, counter, start, at) : 0;
    let spare = 0;
    // No more than was asked for before: whoever asks once holds nothing.
    const asked = hand.asked - amount;
    const { lately, askedAt, waiting } = hand;
    hand.waiting = 0;
    hand.lately = 0;
    hand.askedAt = at;
    if (isHeld && hand.known !== null) {
      const sum = hand.known.sum + amount - carried;
      spare = spareOf({ limit, pieceMs, sum, asked, lately, sinceMs: at - askedAt, waiting, carried });
    } else if (!isHeld && amount < small && !full.has(key)) spare = Math.floor(Math.min(small, asked));
    const { left: inHand, owed } = hand;
    hand.left = 0;
    hand.owed = 0;
    const piece = amount + owed - inHand + spare;
    let sums: number[];
    try {
      sums = await pieces.count(store, counter, start, piece, at);
    } catch (thrown) {
      hand.left += inHand;
      // Where the answer was lost it counts twice, which is never too little.
      hand.owed += owed;
      throw thrown;
    }
    const sum = sums.reduce((all, one) => all + one, 0);
    hand.known = { sum, before: sum - (sums[0] ?? 0), at };
    const mayHold = !isHeld || isLow(limit, sum);
    if (sum <= limit && (spare === 0 || mayHold)) {
      full.delete(key);
      hand.left += spare;
      return null;
    }
    const isEnough = sum - spare <= limit;
    if (sum > limit) {
      if (full.size >= MOST_COUNTERS) full.clear();
      full.add(key);
    }
    if (!isEnough) hand.left += inHand;
    // What the store does not take off counts until its time is over, and the answer is the same.
    await store
      .add(key, isEnough ? -spare : owed - piece, { now: at, expiresAt: endOfPiece(start, pieceMs) })
      .catch(() => {});
    return isEnough ? null : againAfter(sum, limit, sums.slice(1), start + pieceMs - at, pieceMs);
  }

  return {
    async take(store, counter, amount) {
      const { name, limit, pieceMs, isLoose, isHeld = false } = counter;
      for (let waits = 0; ; waits += 1) {
        const at = now();
        const start = at - (at % pieceMs);
        const hand = own.handOf(counter, start, at);
        if (waits === 0) {
          hand.asked += amount;
          hand.lately += amount;
        }
        if (hand.left >= amount) {
          hand.left -= amount;
          return null;
        }
        if (isLoose && hand.owed + amount < limit * SMALL_SHARE && !full.has(`${name}/${start}`)) {
          hand.owed += amount;
          return null;
        }
        if (!isHeld) return ask(store, counter, hand, amount, at);
        // Not for ever: the call of another request may fail as well.
        const others = waits < MOST_JOINED ? callOfAnother(hand, limit, at) : null;
        if (sleep && others) {
          await waitForCall(others, hand, sleep);
          continue;
        }
        const { promise: ended, resolve } = Promise.withResolvers<void>();
        const asking = { at, ended };
        hand.asking = asking;
        try {
          return await ask(store, counter, hand, amount, at);
        } finally {
          if (hand.asking === asking) hand.asking = null;
          resolve();
        }
      }
    },

    async give(store, counter, amount, takenAt) {
      const { name, limit, pieceMs, isHeld = false, isExact = false } = counter;
      const at = now();
      const from = takenAt - (isExact ? 0 : Math.min(TAKEN_BEFORE_MS, pieceMs / 4));
      const start = from - (from % pieceMs);
      const expiresAt = endOfPiece(start, pieceMs);
      if (expiresAt <= at) return;
      const key = `${name}/${start}`;
      const hand = own.handOf(counter, start, at);
      hand.left += amount;
      const isNow = at - start < pieceMs;
      const kept = isHeld ? keptOf(counter, at) : full.has(key) ? 0 : limit * SMALL_SHARE;
      const isFresh = !isHeld || !isNow || (hand.known !== null && Math.abs(at - hand.known.at) < FRESH_MS);
      if (hand.left <= kept && isFresh) return;
      // Of what is held most stays where the others have room, so that the next ones that come back cost no call either.
      const stays = isHeld && isNow ? Math.min(hand.left, Math.floor(kept * STAYS_SHARE)) : 0;
      const back = hand.left - stays;
      hand.left = stays;
      const total = await store.add(key, -back, { now: at, expiresAt });
      pieces.forget(key);
      if (!isHeld || !isNow) return;
      const sums = hand.known === null ? await pieces.earlierSums(store, counter, start, at) : [hand.known.before];
      const before = sums.reduce((all, one) => all + one, 0);
      hand.known = { sum: total + before, before, at };
      if (isLow(limit, total + before) || hand.left === 0) return;
      const { left } = hand;
      hand.left = 0;
      await store.add(key, -left, { now: at, expiresAt });
    },

    isFull({ name, pieceMs }) {
      const at = now();
      return full.has(`${name}/${at - (at % pieceMs)}`);
    },
  };
}
