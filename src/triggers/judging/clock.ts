/**
 * The time of a trigger, in the time of events. The time of a stream is that of its newest event, moved on by as long as nothing
 * has come since that event arrived, and is never ahead of the clock. So a stream whose events always come five minutes after
 * they happened is always five minutes behind, and its silence is measured from there. The time of several streams is that of
 * the one that is furthest behind. No stream counts as behind by more than an hour. Pure.
 */
import type { Cursor } from '../../store/store.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';

export interface StreamClock {
  /** Before the first entry that waits to be judged; `head` where none does. */
  from: Cursor | null;
  /** Behind the last entry that was taken in. */
  head: Cursor | null;
  /** Time of the newest event, epoch ms; null: there was none yet. */
  newest: number | null;
  /** When it arrived, epoch ms. */
  arrivedAt: number;
  /** When the last entry arrived, epoch ms: all that came before is known. */
  knownTo: number;
}

/** Clocks of instances differ by no more than this, ms: what is older cannot be appended any more. */
export const CLOCKS_DIFFER_MS = 5_000;
/** A stream is behind the clock by no more than this, ms: its events may be of long ago, and its silence is of now. */
const MOST_BEHIND_MS = 3_600_000;

export function newClock(head: Cursor | null, now: number): StreamClock {
  return { from: head, head, newest: null, arrivedAt: now, knownTo: now };
}

/** The time of a stream when the clock showed `at`. */
function timeOf({ newest, arrivedAt }: StreamClock, at: number): number {
  return newest === null ? at : newest + Math.max(0, at - arrivedAt);
}

/**
 * The time of all streams together.
 * @param at epoch ms up to which a log is known without an entry of it
 */
export function timeOfAll(clocks: readonly StreamClock[], at: number): number {
  const [only] = clocks;
  if (clocks.length === 1 && only) {
    const known = Math.max(at, only.knownTo);
    return Math.max(timeOf(only, known), known - MOST_BEHIND_MS);
  }
  let least = Number.POSITIVE_INFINITY;
  for (const clock of clocks) {
    const known = Math.max(at, clock.knownTo);
    least = Math.min(least, Math.max(timeOf(clock, known), known - MOST_BEHIND_MS));
  }
  return least;
}

/** Takes in that an event arrived. @param time epoch ms, not after `at` */
export function arrived(clock: StreamClock, time: number, at: number): void {
  if (clock.newest !== null && time < clock.newest) return;
  clock.newest = time;
  clock.arrivedAt = at;
}

/** Times that lie ahead of the clock, because an earlier one was wrong, are now. Answers whether there were any. */
export function keepWithin(clock: StreamClock, now: number): boolean {
  const before = { ...clock };
  if (clock.newest !== null && liesBeyond(clock.newest, now, 0)) clock.newest = now;
  if (liesBeyond(clock.arrivedAt, now, 0)) clock.arrivedAt = now;
  if (liesBeyond(clock.knownTo, now, 0)) clock.knownTo = now;
  return clock.newest !== before.newest || clock.arrivedAt !== before.arrivedAt || clock.knownTo !== before.knownTo;
}
