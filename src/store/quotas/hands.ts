/**
 * What an instance has in hand of counters, and who of it asks the store for more. `counter.ts` says what is taken and given
 * back; nothing here calls the store.
 */
import type { Runtime } from '../../base/runtime.ts';
import { isLow } from './hold.ts';

/** Of whatever is remembered by counter. */
export const MOST_COUNTERS = 10_000;
/** So few are not looked through. */
const FEW_COUNTERS = 100;
/** The pieces of time that something may last. */
export const PIECES = 2;
/** While a call for more is younger than this, others wait for what it brings, ms. */
const YOUNG_MS = 300;
/** So often, for one request. */
export const MOST_JOINED = 3;
/** What an instance has of a counter. */
export interface Hand {
  /** In use, and not taken from the store yet. */
  owed: number;
  /** Taken from the store, and not in use. */
  left: number;
  /** What was asked for here. */
  asked: number;
  /** The sum over all instances when it was last known, of it that of earlier pieces of time, and when; null: it was not asked for. */
  known: { sum: number; before: number; at: number } | null;
  /** What was asked for since the store was asked last, and when that was, epoch ms. */
  lately: number;
  askedAt: number;
  /** Who waits for a call that is under way. */
  waiting: number;
  asking: CallForMore | null;
  /** From then on nothing of it counts, epoch ms. */
  endsAt: number;
}

/** A call for more that is under way. */
interface CallForMore {
  /** Epoch ms. */
  at: number;
  ended: Promise<void>;
}

/** The hands of an instance, by counter and piece of time. */
export function createHands() {
  const hands = createCounterMemory<Hand>(({ endsAt }, at) => at >= endsAt);
  return {
    hands,
    /** A new one knows what that of the piece before knew. @param at epoch ms */
    handOf({ name, pieceMs }: { name: string; pieceMs: number }, start: number, at: number): Hand {
      const key = `${name}/${start}`;
      const known = hands.get(key);
      if (known) return known;
      const { asked = 0, lately = 0, askedAt = 0, known: last = null } = hands.get(`${name}/${start - pieceMs}`) ?? {};
      const sum = last && { ...last, before: last.sum };
      const endsAt = endOfPiece(start, pieceMs);
      const hand: Hand = { owed: 0, left: 0, asked, known: sum, lately, askedAt, waiting: 0, asking: null, endsAt };
      hands.set(key, hand, at);
      return hand;
    },
  };
}

/** From when on nothing counts that was taken in the piece of time that begins at `start`. */
export function endOfPiece(start: number, pieceMs: number): number {
  return start + (PIECES + 1) * pieceMs;
}

interface CounterMemory<Value> {
  get(key: string): Value | undefined;
  /** The oldest is forgotten where there are too many: what is held in hand of it counts until its time is over. */
  set(key: string, value: Value, at: number): void;
  delete(key: string): void;
}

/**
 * Remembers by counter, and forgets what is over when there is twice as much as was left the last time: that costs each value as
 * much as keeping it.
 * @param isOver whether a value is of no use any more
 */
export function createCounterMemory<Value>(isOver: (value: Value, at: number) => boolean): CounterMemory<Value> {
  const values = new Map<string, Value>();
  let many = FEW_COUNTERS;

  function forget(at: number): void {
    for (const [key, value] of values) if (isOver(value, at)) values.delete(key);
    many = Math.max(FEW_COUNTERS, 2 * values.size);
  }

  return {
    get: (key) => values.get(key),
    set(key, value, at) {
      if (values.size >= many) forget(at);
      if (values.size >= MOST_COUNTERS && !values.has(key)) {
        const [oldest] = values.keys();
        if (oldest !== undefined) values.delete(oldest);
      }
      values.set(key, value);
    },
    delete: (key) => void values.delete(key),
  };
}

/** The end of another request's call, where it may bring something for this one; null: there is none. */
export function callOfAnother({ asking, known }: Hand, limit: number, at: number): CallForMore | null {
  if (asking === null || Math.abs(at - asking.at) >= YOUNG_MS) return null;
  return known === null || isLow(limit, known.sum) ? asking : null;
}

/** Waits for it, and no longer than it is young: the other request may end without a word, and with it its call. */
export async function waitForCall({ ended }: CallForMore, hand: Hand, pause: Runtime['sleep']): Promise<void> {
  const over = new AbortController();
  hand.waiting += 1;
  await Promise.race([ended, pause(YOUNG_MS, over.signal)]);
  over.abort();
}
