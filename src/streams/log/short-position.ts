/**
 * A position of a log in few characters, as clients hold it: the end of the log's epoch, then the place in base 36. And
 * digests of a few characters, by which a cursor recognises what it goes with. Pure.
 */
import { digestOf } from '../../base/digest.ts';
import { decodeCursor, encodeCursor, shortEpoch } from '../../store/cursor.ts';
import type { Cursor } from '../../store/store.ts';

/** Stands where an epoch is shorter than what a position has of it; no epoch has it. */
const PAD = '~';

/** @param characters of the epoch; `readShort` has to be given as many */
export function shortPosition(cursor: Cursor, characters: number): string {
  const { epoch, place } = decodeCursor(cursor);
  // Positions that stand side by side have a point between them.
  const [end = ''] = shortEpoch(epoch, characters).replace(/^~+/, '').split('.').slice(-1);
  return end.padStart(characters, PAD) + place.toString(36);
}

/** @throws TidegateError `bad_cursor` for what is no position */
export function readShort(text: string, characters: number): Cursor {
  const epoch = text.slice(0, characters).replace(/^~+/, '');
  const place = Number.parseInt(text.slice(characters), 36);
  // What is no number reads as NaN, which `decodeCursor` refuses.
  const cursor = encodeCursor(`${PAD}${epoch}`, place);
  decodeCursor(cursor);
  return cursor;
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The beginning of the digest in base64url: 6 bits a character, of which three digits of it have two. */
export function shortDigest(text: string, characters: number): string {
  const hex = digestOf(text);
  let short = '';
  for (let bit = 0; short.length < characters; bit += 6) {
    const twelve = Number.parseInt(hex.slice(bit >> 2, (bit >> 2) + 3), 16);
    short += BASE64URL[(twelve >> (bit % 4 === 0 ? 6 : 4)) & 63];
  }
  return short;
}
