/**
 * One instance's share of one limit in the window that its clock is in: what it holds of it, and what it knows of the others.
 *
 * The proof that all instances together never use more than the limit of a window: `store.add` gives every call a span of
 * numbers of its own, `(total - piece, total]`, and a call may use those of its numbers that are at most the limit. A counter
 * only grows. So each number is used once at most, also where an answer is lost or a call counts twice: then its numbers are
 * used by nobody. Nothing is given back; what an instance holds unused ends with the window.
 */
import type { Store } from '../store.ts';
import { type PieceFacts, pieceOf } from './piece.ts';

export interface WindowLimit {
  /** Name of the counter in the store, without the window. */
  counter: string;
  /** Most of all instances in a window, by the clock of the instance that counts. */
  limit: number;
  windowMs: number;
}

export interface WindowShare {
  readonly limit: number;
  /** When its window begins and ends, epoch ms. */
  readonly start: number;
  readonly end: number;
  /** What can be used without asking anybody. */
  held: number;
  used: number;
  /** What all instances have taken, when this one asked last. */
  taken: number;
  /** Of that, what this instance has. */
  mine: number;
  /** True: nothing is left for anybody in this window, and this instance holds nothing either once `held` is 0. */
  isFull: boolean;
  /** When the calls to the store that are under way began, epoch ms. */
  readonly asking: Set<{ at: number }>;
  /** Requests that wait for a piece. */
  waiting: number;
  /** When the store failed last, epoch ms, and how. */
  failure: { at: number; error: unknown } | null;
  /** Of the window before, and what was known then. */
  readonly before: Lately;
  /** When this instance asked last, epoch ms, and what it had used by then; null: it has not. */
  asked: { at: number; used: number } | null;
}

interface Lately {
  taken: number;
  mine: number;
  /** Used in a millisecond. */
  pace: number;
}

const NOTHING: Lately = { taken: 0, mine: 0, pace: 0 };

/** A counter is kept a while longer than its window, because clocks differ and a slow one still counts in it, ms. */
const KEPT_MS = 60_000;

/** @param last what the instance held before, of whatever window; null: nothing */
export function openWindow({ limit, windowMs }: WindowLimit, now: number, last: WindowShare | null): WindowShare {
  const start = now - (now % windowMs);
  const before = last !== null && last.end === start ? latelyOf(last) : NOTHING;
  return {
    limit,
    start,
    end: start + windowMs,
    held: 0,
    used: 0,
    taken: 0,
    mine: 0,
    isFull: false,
    asking: new Set(),
    waiting: 0,
    failure: null,
    before,
    asked: null,
  };
}

function latelyOf({ taken, mine, used, start, end }: WindowShare): Lately {
  return { taken, mine, pace: used / (end - start) };
}

export function isWindowOf(share: WindowShare, now: number): boolean {
  return now >= share.start && now < share.end;
}

/** Takes a piece from the store. One call. @throws as the store; then nothing is held more than before */
export async function takePiece(
  store: Store,
  { counter }: WindowLimit,
  share: WindowShare,
  now: number,
): Promise<void> {
  const piece = pieceOf(knownOf(share, now));
  const call = { at: now };
  share.asking.add(call);
  share.asked = { at: now, used: share.used };
  try {
    const total = await store.add(`${counter}/${share.start}`, piece, { now, expiresAt: share.end + KEPT_MS });
    const granted = Math.min(piece, Math.max(0, share.limit - (total - piece)));
    share.held += granted;
    share.mine += granted;
    share.taken = Math.max(share.taken, Math.min(total, share.limit));
    share.isFull = total >= share.limit;
    share.failure = null;
  } catch (error) {
    share.failure = { at: now, error };
    throw error;
  } finally {
    share.asking.delete(call);
  }
}

function knownOf({ limit, taken, mine, used, waiting, before, asked, end }: WindowShare, now: number): PieceFacts {
  return {
    limit,
    taken,
    mine: mine + before.mine,
    all: taken + before.taken,
    waiting,
    pace: asked === null ? before.pace : (used - asked.used) / Math.max(1, now - asked.at),
    leftMs: end - now,
  };
}
