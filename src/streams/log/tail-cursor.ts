/** Cursors of a tail: those of the stream, and one for "before the first event" while the stream never had one. */
import type { Cursor } from '../../store/store.ts';
import { decodeStreamCursor, encodeStreamCursor } from './stream-cursor.ts';

/** No cursor of a store: it would name a log, and there is none yet. */
const BEGINNING = '-';

/** @param position null: before the first event, whenever that comes. */
export function encodeTailCursor(stream: string, position: Cursor | null): string {
  return encodeStreamCursor(stream, position ?? BEGINNING);
}

/** @throws TidegateError `bad_cursor` for a text that is no cursor, or is one of another stream. */
export function decodeTailCursor(stream: string, text: string): Cursor | null {
  const position = decodeStreamCursor(stream, text);
  return position === BEGINNING ? null : position;
}
