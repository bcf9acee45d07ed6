/**
 * Cursors as clients get them: a position of a stream's log, with a mark of the stream. They are short, so that a model can
 * copy them. Cursors are not signed: a forged one reaches only a stream that the caller may read anyway.
 *
 * The cursors of earlier releases are longer, and are read for good (`decodeLongCursor`).
 */
import { fromBase64Url, toBase64Url } from '../../base/base64url.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Cursor } from '../../store/store.ts';
import { readShort, shortDigest, shortPosition } from './short-position.ts';

const FORMAT = 1;
/** A longer text is not a cursor. */
export const CURSOR_CHARACTERS = 16_384;
/** Of the stream's name, and of the log's epoch. */
const MARK_CHARACTERS = 6;
const EPOCH_CHARACTERS = 8;
const SHORT = new RegExp(`^p([\\w-]{${MARK_CHARACTERS}})(!?.{${EPOCH_CHARACTERS}}[0-9a-z]{1,11})$`, 'su');
/** Every cursor of an earlier release begins with this. */
const LONG = 'WzEs';

/** `p<mark of the stream><epoch><place>` */
export function encodeStreamCursor(stream: string, cursor: Cursor): string {
  return `p${streamMark(stream)}${shortPosition(cursor, EPOCH_CHARACTERS)}`;
}

/** @throws TidegateError `bad_cursor` for a text that is not a cursor, or a cursor of another stream. */
export function decodeStreamCursor(stream: string, text: string): Cursor {
  if (isLong(text)) return decodeLongCursor(stream, text);
  const [, mark, position] = SHORT.exec(text) ?? [];
  if (mark === undefined || position === undefined) throw notACursor(stream);
  if (mark !== streamMark(stream)) throw badCursor('it is a cursor of another stream', stream);
  return readShort(position, EPOCH_CHARACTERS);
}

/** A mark of a stream, which another stream does not have. */
export function streamMark(stream: string): string {
  return shortDigest(stream, MARK_CHARACTERS);
}

/** Whether a text has the form of the cursors of earlier releases, which hold all that they go with. */
export function isLong(text: string): boolean {
  return text.startsWith(LONG);
}

/** What a cursor of an earlier release holds. Errors as `decodeStreamCursor`. */
export function decodeLongCursor(stream: string, text: string): string {
  const parts = parse(text);
  if (parts === null) throw notACursor(stream);
  if (parts.stream !== stream) throw badCursor('it is a cursor of another stream', stream);
  return parts.cursor;
}

/** A cursor in the form of earlier releases, for a read that such a one began. */
export function encodeLongCursor(stream: string, held: string): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify([FORMAT, stream, [held]])));
}

function parse(text: string): { stream: string; cursor: string } | null {
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

function notACursor(stream: string): TidegateError {
  return badCursor('it is not a cursor of this kind', stream);
}

function badCursor(reason: string, stream: string): TidegateError {
  return new TidegateError('bad_cursor', `the cursor cannot be used: ${reason}`, {
    field: 'cursor',
    expected: `a cursor that a read of the stream ${stream} answered`,
    hint: 'leave the cursor out to begin anew',
  });
}
