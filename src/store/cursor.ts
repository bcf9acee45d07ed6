/**
 * Cursors: a position between two entries of one log, as text. A log has one part for now; the text is a vector already,
 * so that parts can be added without a cursor in someone's hands turning foreign.
 */
import { fnv1a } from '../base/digest.ts';
import { TidegateError } from '../base/errors.ts';
import type { Cursor } from './store.ts';

/** A position: `place` is that of the entry read next. Places are dense and begin at 0. */
export interface Position {
  epoch: string;
  place: number;
}

/** What a driver knows of a log: entries stand at `floor` to `end - 1`, the newest of them at least. */
export interface Span {
  epoch: string;
  floor: number;
  end: number;
}

/**
 * The epoch of a log that the commit `id` begins: of this log alone, and another one should the log be lost with its
 * engine's data and begun anew.
 */
export function epochOf(log: string, id: string): string {
  return `${fnv1a(log).toString(36)}-${id}`;
}

/** `<place in base 36>[-<place of the next part>…].<epoch>` */
export function encodeCursor(epoch: string, place: number): Cursor {
  return `${place.toString(36)}.${epoch}`;
}

/** @throws TidegateError `bad_cursor` for what `encodeCursor` cannot have made. */
export function decodeCursor(cursor: Cursor): Position {
  const [, places = '', epoch = ''] = /^([0-9a-z]{1,11})\.(.{1,136})$/su.exec(cursor) ?? [];
  const place = Number.parseInt(places, 36);
  if (!Number.isSafeInteger(place) || place.toString(36) !== places) {
    throw new TidegateError('bad_cursor', 'not a cursor of this server', {
      expected: 'a cursor from an earlier answer',
    });
  }
  return { epoch, place };
}

/**
 * How many entries of a log stand between two of its cursors, negative where `to` is the earlier; null where they are not
 * of one epoch, so that nothing can be said.
 * @throws TidegateError `bad_cursor`
 */
export function entriesBetween(from: Cursor, to: Cursor): number | null {
  const [first, second] = [decodeCursor(from), decodeCursor(to)];
  return first.epoch === second.epoch ? second.place - first.place : null;
}

/** Where a read after `after` begins. */
export function readFrom(span: Span, after: Position | null): { from: number; truncated: boolean } {
  if (after === null) return { from: span.floor, truncated: false };
  const known = after.epoch === span.epoch && after.place >= span.floor && after.place <= span.end;
  return known ? { from: after.place, truncated: false } : { from: span.floor, truncated: true };
}

/** The places that a page of the newest `n` entries before `before` covers: `from` to `to - 1`. */
export function lastBefore(
  span: Span,
  n: number,
  before: Position | null,
): { from: number; to: number; truncated: boolean } {
  const foreign = before !== null && (before.epoch !== span.epoch || before.place > span.end);
  const to = before === null || foreign ? span.end : Math.max(before.place, span.floor);
  const gone = before !== null && !foreign && before.place < span.floor;
  return { from: Math.max(span.floor, to - n), to, truncated: foreign || gone };
}

/** The floor that a trim asks for: never lower than it was, never above the newest entry. `timed` is the first place that `appendedBefore` keeps. */
export function raisedFloor(span: Span, timed: number | null, keep: number | null): number {
  const wanted = Math.max(span.floor, timed ?? 0, keep === null ? 0 : span.end - keep);
  return Math.min(wanted, span.end - 1);
}
