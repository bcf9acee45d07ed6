/**
 * Cursors of a tail: the stream's cursors, and one for a stream that never had an event. It stands before the first
 * event.
 */
import type { Cursor } from '../../store/store.ts';
import { decodeStreamCursor, encodeStreamCursor } from './stream-cursor.ts';

/** Stands for the beginning of a log that does not exist yet; a store's cursor would need a log. */
const BEGINNING = '-';

/** @param position null: before the first event, whenever it comes */
export function encodeTailCursor(stream: string, position: Cursor | null): string {
  return encodeStreamCursor(stream, position ?? BEGINNING);
}

/** @throws TidegateError `bad_cursor` for a text that is not a cursor, or a cursor of another stream. */
export function decodeTailCursor(stream: string, text: string): Cursor | null {
  const position = decodeStreamCursor(stream, text);
  return position === BEGINNING ? null : position;
}
