/**
 * Cursors as clients get them: a store's cursor together with the name of its stream. The encoded form holds a list
 * with one position for each partition of the log; a log has one partition. Cursors are not signed: a forged one
 * reaches only a stream that the caller may read anyway.
 */
import { fromBase64Url, toBase64Url } from '../../base/base64url.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Cursor } from '../../store/store.ts';

const FORMAT = 1;
/** A longer text is not a cursor. */
export const CURSOR_CHARACTERS = 16_384;

export function encodeStreamCursor(stream: string, cursor: Cursor): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify([FORMAT, stream, [cursor]])));
}

/** @throws TidegateError `bad_cursor` for a text that is not a cursor, or a cursor of another stream. */
export function decodeStreamCursor(stream: string, text: string): Cursor {
  const parts = parse(text);
  if (parts === null) throw badCursor('it is not a cursor', stream);
  if (parts.stream !== stream) throw badCursor('it is a cursor of another stream', stream);
  return parts.cursor;
}

function parse(text: string): { stream: string; cursor: Cursor } | null {
  const bytes = text.length > CURSOR_CHARACTERS ? null : fromBase64Url(text);
  if (bytes === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length !== 3) return null;
  const [format, stream, places] = value as unknown[];
  if (format !== FORMAT || typeof stream !== 'string' || !Array.isArray(places) || places.length !== 1) return null;
  const cursor: unknown = places[0];
  return typeof cursor === 'string' && cursor !== '' ? { stream, cursor } : null;
}

function badCursor(reason: string, stream: string): TidegateError {
  return new TidegateError('bad_cursor', `the cursor cannot be used: ${reason}`, {
    field: 'cursor',
    expected: `a cursor that a read of the stream ${stream} answered`,
    hint: 'leave the cursor out to begin anew',
  });
}
