/**
 * Cursors as text: a position between two entries of one log. A log has one partition today. The form leaves room for the
 * places of more, so that logs can be partitioned without making the cursors that clients hold foreign.
 */
import { fnv1a } from '../base/digest.ts';
import { TidegateError } from '../base/errors.ts';
import type { Cursor, LogPage } from './store.ts';

/** A position; `place` is the place of the entry that is read next. Places are dense and begin at 0. */
export interface Position {
  epoch: string;
  place: number;
  /**
   * The mark of the entry before it (`markOfCommit`). Where a log went back to an earlier state and was appended to, another entry
   * stands there. Absent where what stands before it is not known.
   */
  mark?: string;
}

/** What a driver knows of a log: its readable entries are at `floor` to `end - 1`, and there is at least one. */
export interface Span {
  epoch: string;
  floor: number;
  end: number;
}

/**
 * The epoch of a log that begins with the commit `id`. No other log has it. A log that was lost with its engine's data and
 * began anew has another one.
 */
export function epochOf(log: string, id: string): string {
  return `${fnv1a(log).toString(36)}-${id}`;
}

export const MARK_CHARACTERS = 4;

/** The mark of each entry that the commit `id` appended: 20 bits of a hash of the id, in characters of base 36. */
export function markOfCommit(id: string): string {
  return (fnv1a(id) % 36 ** MARK_CHARACTERS).toString(36).padStart(MARK_CHARACTERS, '0');
}

/**
 * `<place in base 36>~<mark>.<epoch>`; more places would stand behind the first, each after a hyphen.
 * @param mark of the entry before the place; null: it is not known
 */
export function encodeCursor(epoch: string, place: number, mark: string | null = null): Cursor {
  return `${place.toString(36)}${mark === null ? '' : `~${mark}`}.${epoch}`;
}

/**
 * The last characters of an epoch, behind a `~`, which stand for it in a cursor: they are random, so that another epoch of
 * the log has others. Clients hold short cursors, and a store takes them as it takes whole ones.
 */
export function shortEpoch(epoch: string, characters: number): string {
  return `~${epoch.slice(-characters)}`;
}

/** Whether an epoch, as a cursor has it, whole or short, is this one. */
export function isEpoch(given: string, epoch: string): boolean {
  return given === epoch || (given.startsWith('~') && given.length > 1 && epoch.endsWith(given.slice(1)));
}

const FORM = /^([0-9a-z]{1,11})(?:~([0-9a-z]{4}))?\.(.{1,136})$/su;

/** @throws TidegateError `bad_cursor` for what `encodeCursor` cannot have made. */
export function decodeCursor(cursor: Cursor): Position {
  const [, places = '', mark, epoch = ''] = FORM.exec(cursor) ?? [];
  const place = Number.parseInt(places, 36);
  if (!Number.isSafeInteger(place) || place.toString(36) !== places) {
    throw new TidegateError('bad_cursor', 'not a cursor of this server', {
      expected: 'a cursor from an earlier answer',
    });
  }
  return mark === undefined ? { epoch, place } : { epoch, place, mark };
}

/**
 * How many entries of a log are between two of its cursors; negative where `to` is the earlier one. Null where the two
 * have different epochs and cannot be compared.
 * @throws TidegateError `bad_cursor`
 */
export function entriesBetween(from: Cursor, to: Cursor): number | null {
  const [first, second] = [decodeCursor(from), decodeCursor(to)];
  return first.epoch === second.epoch ? second.place - first.place : null;
}

/** Finds the mark of the entry before a place that is above the floor; null where it is not known. */
export type MarkBefore = (place: number) => string | null;

/** Whether a position is of this log, and what stands before it is what stood there. */
function isOf({ epoch, place, mark }: Position, span: Span, markBefore: MarkBefore): boolean {
  if (!isEpoch(epoch, span.epoch) || place > span.end) return false;
  if (mark === undefined || place <= span.floor) return true;
  const standing = markBefore(place);
  return standing === null || standing === mark;
}

/** Where a read after `after` begins. */
export function readFrom(
  span: Span,
  after: Position | null,
  markBefore: MarkBefore,
): { from: number; truncated: boolean } {
  if (after === null) return { from: span.floor, truncated: false };
  const known = isOf(after, span, markBefore) && after.place >= span.floor;
  return known ? { from: after.place, truncated: false } : { from: span.floor, truncated: true };
}

/**
 * Whether a page that was asked for with a cursor is of another history than the cursor: the log began anew, or went back to an
 * earlier state, such as by a restore. False where nothing but retention took what the cursor knew.
 */
export function wentBack({ truncated, floor }: Pick<LogPage, 'truncated' | 'floor'>, cursor: Cursor | null): boolean {
  if (!truncated || cursor === null) return false;
  if (floor === null) return true;
  const [asked, first] = [decodeCursor(cursor), decodeCursor(floor)];
  return !isEpoch(asked.epoch, first.epoch) || asked.place >= first.place;
}

/** The places that a page of the newest `n` entries before `before` covers: `from` to `to - 1`. */
export function lastBefore(
  span: Span,
  n: number,
  before: Position | null,
  markBefore: MarkBefore,
): { from: number; to: number; truncated: boolean } {
  const foreign = before !== null && !isOf(before, span, markBefore);
  const to = before === null || foreign ? span.end : Math.max(before.place, span.floor);
  const gone = before !== null && !foreign && before.place < span.floor;
  return { from: Math.max(span.floor, to - n), to, truncated: foreign || gone };
}

/**
 * The floor that a trim asks for: never lower than it was, never above the newest entry. `timed` is the first place
 * that `appendedBefore` keeps.
 */
export function raisedFloor(span: Span, timed: number | null, keep: number | null): number {
  const wanted = Math.max(span.floor, timed ?? 0, keep === null ? 0 : span.end - keep);
  return Math.min(wanted, span.end - 1);
}
