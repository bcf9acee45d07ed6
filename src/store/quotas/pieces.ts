/**
 * The counters of the pieces of time, and what earlier ones summed up to: what is added to one, and the sum over all in which
 * something taken still stands. `counter.ts` says why that is never less than what is in use.
 */
import type { Store } from '../store.ts';
import { createCounterMemory, endOfPiece, type Hand, PIECES } from './hands.ts';

export interface Counter {
  name: string;
  limit: number;
  pieceMs: number;
  /** Small amounts are summed here first, at no call; the sum may be less than what is in use by that, for each instance. */
  isLoose: boolean;
  /** Things are counted one by one, and some are kept in hand. Default false. */
  isHeld?: boolean;
  /** `takenAt` is never later than when it was taken. Default: it may be, by half a minute. */
  isExact?: boolean;
}

/** How long what earlier pieces of time summed up to is remembered, ms. */
const REMEMBERED_MS = 30_000;
/** Clocks of instances differ by this at most, ms. */
const SKEW_MS = 5_000;

interface Pieces {
  /** Gives back what is in hand of earlier pieces of time. Answers how much it was. Errors as the store's, here and below. */
  giveEarlier(store: Store, counter: Counter, start: number, at: number): Promise<number>;
  /** Adds to the piece of time that it is. Answers what all pieces sum up to, newest first; those before it may be old. */
  count(store: Store, counter: Counter, start: number, amount: number, at: number): Promise<number[]>;
  /** What the pieces before the one that begins at `start` sum up to, newest first; it may be old. */
  earlierSums(store: Store, counter: Counter, start: number, at: number): Promise<number[]>;
  /** The sum of a counter has changed: it is asked for again. @param key `<counter>/<start>` */
  forget(key: string): void;
}

/** @param hands by the same keys as the counters */
export function createPieces(hands: { get(key: string): Hand | undefined }): Pieces {
  const earlier = createCounterMemory<{ total: number; at: number }>((known, now) => now - known.at >= REMEMBERED_MS);

  async function giveEarlier(store: Store, { name, pieceMs }: Counter, start: number, at: number): Promise<number> {
    let given = 0;
    for (let from = start - PIECES * pieceMs; from < start; from += pieceMs) {
      const hand = hands.get(`${name}/${from}`);
      if (hand === undefined || hand.left === 0) continue;
      const { left } = hand;
      hand.left = 0;
      given += left;
      await store.add(`${name}/${from}`, -left, { now: at, expiresAt: endOfPiece(from, pieceMs) });
      earlier.delete(`${name}/${from}`);
    }
    return given;
  }

  async function before(store: Store, { pieceMs, name }: Counter, start: number, at: number, ageMs: number) {
    const key = `${name}/${start}`;
    const known = earlier.get(key);
    if (known !== undefined && at - known.at < ageMs && at >= known.at) return known.total;
    const total = await store.add(key, 0, { now: at, expiresAt: endOfPiece(start, pieceMs) });
    earlier.set(key, { total, at }, at);
    return total;
  }

  async function count(store: Store, counter: Counter, start: number, amount: number, at: number): Promise<number[]> {
    const { name, pieceMs } = counter;
    const adding = store.add(`${name}/${start}`, amount, { now: at, expiresAt: endOfPiece(start, pieceMs) });
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

  function earlierSums(store: Store, counter: Counter, start: number, at: number): Promise<number[]> {
    const starts = Array.from({ length: PIECES }, (_, index) => start - (index + 1) * counter.pieceMs);
    return Promise.all(starts.map((from) => before(store, counter, from, at, REMEMBERED_MS)));
  }

  return { giveEarlier, count, earlierSums, forget: (key) => earlier.delete(key) };
}
