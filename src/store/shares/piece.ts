/**
 * How much of a limit an instance takes from the store at once, to serve from it in memory. It does no I/O and keeps nothing.
 *
 * An instance that is alone needs at most seven pieces up to half of its limit, whatever the pace. One that has a part of the
 * traffic gets that part of a piece, so all pieces that are held together stay near a tenth of the limit. Pieces shrink with
 * what is left, down to one.
 */

/** What an instance knows when it takes a piece. All counts are of one limit and one owner. */
export interface PieceFacts {
  /** Most of all instances in a window. */
  limit: number;
  /** What all instances have taken in this window, as far as this one knows. */
  taken: number;
  /** What this instance has taken in this window and the one before. */
  mine: number;
  /** What all have taken in both, as far as this one knows. */
  all: number;
  /** Requests that wait for this piece. */
  waiting: number;
  /** How many are used in a millisecond, lately. */
  pace: number;
  /** What is left of the window, ms. */
  leftMs: number;
}

/** No instance holds a larger share of the limit than this. */
const LARGEST_SHARE = 1 / 10;
/** Nor of what is left: from half of the limit on pieces shrink. */
const LARGEST_PART = 1 / 6;
/** An instance that asks for the first time gets this share, so that many which ask once do not hold much together. */
const FIRST_SHARE = 1 / 640;
/** What an instance knows of the others is old when it asks again: it takes so many times what it has taken, at most. */
const GROWTH = 10;
/** A piece is meant to last so long, ms. */
const LASTS_MS = 15_000;

/** A whole number, 1 at least. It may be more than what is left. */
export function pieceOf({ limit, taken, mine, all, waiting, pace, leftMs }: PieceFacts): number {
  const left = Math.max(0, limit - taken);
  const least = Math.max(1, Math.floor(left * FIRST_SHARE));
  const part = all === 0 ? 0 : mine / all;
  const most = Math.min(GROWTH * mine, part * Math.min(limit * LARGEST_SHARE, left * LARGEST_PART));
  const wanted = waiting + pace * Math.min(LASTS_MS, leftMs);
  return Math.max(least, Math.floor(Math.min(wanted, most)));
}
