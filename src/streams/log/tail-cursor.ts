/**
 * Cursors of a tail: the stream's cursors, and one for a stream that never had an event. It stands before the first
 * event.
 */
import type { Cursor } from '../../store/store.ts';
import { decodeLongCursor, decodeStreamCursor, encodeStreamCursor, isLong, streamMark } from './stream-cursor.ts';

/** Stands for the beginning of a log that does not exist yet, in the cursors of earlier releases. */
const LONG_BEGINNING = '-';

/** @param position null: before the first event, whenever it comes */
export function encodeTailCursor(stream: string, position: Cursor | null): string {
  return position === null ? beginningOf(stream) : encodeStreamCursor(stream, position);
}

/** @throws TidegateError `bad_cursor` for a text that is not a cursor, or a cursor of another stream. */
export function decodeTailCursor(stream: string, text: string): Cursor | null {
  if (text === beginningOf(stream)) return null;
  if (!isLong(text)) return decodeStreamCursor(stream, text);
  const position = decodeLongCursor(stream, text);
  return position === LONG_BEGINNING ? null : position;
}

/** Before the first event; a store's cursor would need a log. */
function beginningOf(stream: string): string {
  return `b${streamMark(stream)}`;
}
