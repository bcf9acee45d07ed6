/**
 * A position of a log in few characters, as clients hold it: the end of the log's epoch, then the place in base 36. And
 * digests of a few characters, by which a cursor recognises what it goes with. Pure.
 */
import { digestWords } from '../../base/digest.ts';
import { decodeCursor, encodeCursor, shortEpoch } from '../../store/cursor.ts';
import type { Cursor } from '../../store/store.ts';

/** Stands where an epoch is shorter than what a position has of it; no epoch has it. */
const PAD = '~';

/** @param characters of the epoch; `readShort` has to be given as many */
export function shortPosition(cursor: Cursor, characters: number): string {
  const { epoch, place } = decodeCursor(cursor);
  const end = shortEpoch(epoch, characters).slice(PAD.length);
  // Positions that stand side by side have a point between them.
  const from = Math.max(end.lastIndexOf(PAD), end.lastIndexOf('.')) + 1;
  return end.slice(from).padStart(characters, PAD) + place.toString(36);
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

/** The beginning of the digest in base64url: at most 10 characters of 6 bits each. */
export function shortDigest(text: string, characters: number): string {
  const [high, low] = digestWords(text);
  let short = '';
  for (let bit = 0; short.length < characters; bit += 6) {
    // Bits 30 to 35 are of both words.
    const six = bit < 30 ? high >>> (26 - bit) : (bit === 30 ? high << 4 : 0) | (low >>> (58 - bit));
    short += BASE64URL[six & 63];
  }
  return short;
}
