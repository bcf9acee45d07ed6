/**
 * A position of a log in few characters, as clients hold it: the end of the log's epoch, then the place in base 36. Where the
 * mark of the entry before it is known, that takes the place of half of the epoch: `!<epoch><mark><place>`. And digests of a
 * few characters, by which a cursor recognises what it goes with. Pure.
 */
import { digestWords } from '../../base/digest.ts';
import { decodeCursor, encodeCursor, MARK_CHARACTERS, shortEpoch } from '../../store/cursor.ts';
import type { Cursor } from '../../store/store.ts';

/** Stands where an epoch is shorter than what a position has of it; no epoch has it. */
const PAD = '~';
/** Stands before a position that holds a mark. */
const MARKED = '!';

/** @param characters of the epoch; `readShort` has to be given as many */
export function shortPosition(cursor: Cursor, characters: number): string {
  const { epoch, place, mark } = decodeCursor(cursor);
  if (mark !== undefined) return `${MARKED}${endOf(epoch, characters / 2)}${mark}${place.toString(36)}`;
  return endOf(epoch, characters) + place.toString(36);
}

function endOf(epoch: string, characters: number): string {
  const end = shortEpoch(epoch, characters).slice(PAD.length);
  // Positions that stand side by side have a point between them.
  const from = Math.max(end.lastIndexOf(PAD), end.lastIndexOf('.')) + 1;
  return end.slice(from).padStart(characters, PAD);
}

/** @throws TidegateError `bad_cursor` for what is no position */
export function readShort(text: string, characters: number): Cursor {
  const isMarked = text.startsWith(MARKED);
  const [from, to] = isMarked ? [1, 1 + characters / 2] : [0, characters];
  const epoch = text.slice(from, to).replace(/^~+/, '');
  const behind = isMarked ? to + MARK_CHARACTERS : to;
  const place = Number.parseInt(text.slice(behind), 36);
  // What is no number reads as NaN, which `decodeCursor` refuses.
  const cursor = encodeCursor(`${PAD}${epoch}`, place, isMarked ? text.slice(to, behind) : null);
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
