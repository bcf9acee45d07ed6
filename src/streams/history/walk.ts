/** How far a scan has walked the stretches of a log (scan.ts), and where the log was found to begin and to end. It reads nothing. */
import { decodeCursor } from '../../store/cursor.ts';
import type { Cursor, LogPage } from '../../store/store.ts';
import type { Stretch } from './stretches.ts';

export interface Cut {
  from: number;
  to: number;
}

/** A walk through stretches of a log. */
export interface Walk {
  forward: boolean;
  /** What is still to be walked, in the scan's direction. */
  left: Stretch[];
  epoch: string | null;
  /** The place behind the log's newest entry; null: nothing was read yet. */
  end: number | null;
  /** Places that were to be walked, but were trimmed before. */
  cut: Cut[];
}

/** Takes in where the log begins and ends. False: it is another log than the stretches are of, all of which is walked. */
export function arrive(walk: Walk, page: LogPage): boolean {
  if (page.floor === null || page.end === null) {
    walk.left = [];
    return false;
  }
  const { epoch, place: end } = decodeCursor(page.end);
  const isSame = walk.epoch === null || walk.epoch === epoch;
  if (!isSame) walk.left = [{ from: 0, to: Infinity, isTail: false }];
  const floor = decodeCursor(page.floor).place;
  for (const stretch of walk.left) {
    if (stretch.from >= floor) continue;
    walk.cut.push({ from: stretch.from, to: Math.min(stretch.to, floor) });
    stretch.from = floor;
  }
  walk.epoch = epoch;
  walk.end = end;
  return isSame;
}

/** Leaves out stretches of which nothing is left, or that lie beyond the log's ends. */
export function passOver({ left, forward, end }: Walk): void {
  const last = forward ? (end ?? Infinity) : Infinity;
  for (let [first] = left; first !== undefined && first.from >= Math.min(first.to, last); [first] = left) left.shift();
}

export function lengthOf({ from, to }: Stretch, end: number | null): number {
  return Math.max(0, Math.min(to, end ?? to) - from);
}

export function placeOf(cursor: Cursor | null): number | null {
  return cursor === null ? null : decodeCursor(cursor).place;
}
