/**
 * The cursor of an answer of windows that ends before the rows of its read do, because its reader takes no more at once. The
 * next answer reads the same again and goes on behind the last row: rows stay whole, and are not parts that are to be merged.
 * Events that come meanwhile may change a row that was passed, as they may after any answer.
 *
 *     r<digest of the question: 6>_<moment of the first page>_<start of the last row's window>_<its rows that were passed>_<cursor of the read>
 *
 * Pure.
 */
import { canonicalText } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { shortDigest } from '../log/short-position.ts';
import { badCursor } from '../ranges/range.ts';

/** Behind the first `passed` rows of the window that begins at `start`. */
export interface RowPlace {
  /** Null: the rows are no windows, such as those of a drawing, and `passed` counts all of them. */
  start: number | null;
  passed: number;
}

export interface HeldRows {
  /** When the first page was asked for, epoch ms: times relative to now are of that moment, on the page of the next read too. */
  since: number;
  place: RowPlace;
  /** The cursor with which the rows were read; null: without one. */
  cursor: string | null;
}

const DIGEST_CHARACTERS = 6;
const NUMBER = '-?\\d+(?:\\.\\d+)?';
const FORM = new RegExp(`^r([\\w-]{6})_(${NUMBER})_(${NUMBER})?_(\\d{1,6})_(.*)$`, 's');

export function isOfRows(cursor: string): boolean {
  return FORM.test(cursor);
}

/** @param question all that is asked, without what may differ from page to page */
export function writeRowsCursor({ since, place, cursor }: HeldRows, question: object): string {
  const parts = [`r${digestOf(question)}`, since, place.start ?? '', place.passed, cursor ?? ''];
  return parts.join('_');
}

/** @throws TidegateError `bad_cursor` for a text of another form, and for a cursor that goes with another question */
export function readRowsCursor(text: string, question: object): HeldRows {
  const [, digest, since = '', start, passed = '', cursor = ''] = FORM.exec(text) ?? [];
  if (digest === undefined) throw badCursor('it is not a cursor');
  if (digest !== digestOf(question)) throw badCursor('it goes with another question');
  return {
    since: Number(since),
    place: { start: start === undefined ? null : Number(start), passed: Number(passed) },
    cursor: cursor === '' ? null : cursor,
  };
}

/**
 * How many of the rows stand before a place.
 * @param starts of the window of each row, in the order of the rows
 */
export function rowsBefore({ start, passed }: RowPlace, starts: readonly number[], newestFirst: boolean): number {
  if (start === null) return passed;
  const first = starts.findIndex((one) => (newestFirst ? one <= start : one >= start));
  if (first === -1) return starts.length;
  const within = starts.slice(first).filter((one) => one === start).length;
  return first + Math.min(passed, within);
}

/** The place behind the first `count` rows. */
export function placeAfter(count: number, starts: readonly number[]): RowPlace {
  const start = starts[count - 1];
  if (start === undefined) return { start: null, passed: count };
  return { start, passed: starts.slice(0, count).filter((one) => one === start).length };
}

function digestOf(question: object): string {
  return shortDigest(canonicalText(JSON.parse(JSON.stringify(question)) as Json), DIGEST_CHARACTERS);
}
