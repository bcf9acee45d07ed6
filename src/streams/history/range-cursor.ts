/**
 * The cursor of a read of the past. Its question is repeated beside it, so that it is short: it holds the positions where
 * the page ended, the moment of the first page, by which times relative to now stay what they were, and digests of the
 * question, by which another question is refused. Nothing is kept for a cursor.
 *
 *     <kind><digest of all: 6><a digest of each part: 6><moment>.<position>.<position>…
 *     <kind of a page in time>…<moment>.<time>.<position>
 *     <kind of the rest of such pages>…<moment>.<time>.<position>.<position in order of arrival>
 *
 * A cursor of an earlier release holds the question itself (`long-cursor.ts`). Pure.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { canonicalText } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { isLong } from '../log/stream-cursor.ts';
import { readShort, shortDigest, shortPosition } from '../log/short-position.ts';
import { encodeHeld, heldKind, openHeld } from './long-cursor.ts';
import {
  badCursor,
  isOver,
  type Parts,
  type Positions,
  type Range,
  type RangeEnd,
  type RangeQuery,
  resolveRange,
  type Rest,
  type TimePlace,
} from '../ranges/range.ts';
import type { Cursor } from '../../store/store.ts';

interface Resumed {
  positions: Positions;
  /** Where the last page in the order of times ended; null: there was none. */
  time: TimePlace | null;
  /** See `RangeEnd`. */
  flag: boolean;
  /** The rest of the question, where the cursor holds it, in a form that its reader chooses and checks; else null. */
  held: Rest | null;
}

/** A question that is asked for the first time, or continued from a cursor. */
export interface OpenRange {
  range: Range;
  /** When the first page was asked for, epoch ms: times relative to now are of that moment. */
  since: number;
  /** Null on a first page. */
  resumed: Resumed | null;
  /** @throws TidegateError `bad_cursor` where the cursor goes with another question */
  check: (range: Range, parts: Parts) => void;
  /** Makes the cursor of the page that goes on; null where there is none. */
  cursorAt: (end: RangeEnd) => string | null;
}

const LETTERS: Readonly<Record<string, string>> = { history: 'hH', windows: 'wW' };
/** Of a page in the order of times; the time stands before its position. */
const IN_TIME = 't';
/** Of a page in order of arrival behind pages in the order of times, and where its flag is set. */
const REST = ['m', 'M'] as const;
const KINDS: Readonly<Record<string, string>> = {
  h: 'history',
  H: 'history',
  [IN_TIME]: 'history',
  [REST[0]]: 'history',
  [REST[1]]: 'history',
  w: 'windows',
  W: 'windows',
};
const FORM = /^([hHtmMwW])([\w-]{6})([\w-]{6})([0-9a-z]{1,9})((?:\.[^.]{0,24}){1,4})$/su;
const DIGEST_CHARACTERS = 6;
/** Of the epoch of each position: more where there is one position. */
const EPOCH_CHARACTERS = { one: 8, several: 4 };

/**
 * Opens the question of a query: a new one, or the one that its cursor continues.
 * @param kind names the reader; a cursor of another kind is refused
 * @throws TidegateError `invalid_input`: `from`, `to`, `zone`, `keys` or a path below `where`; `bad_cursor` for a text
 * that is not a cursor, and for a cursor of another kind of read. `check` refuses one of another question.
 */
export function openRange(stream: DeclaredStream, kind: string, query: RangeQuery, now: number): OpenRange {
  const { cursor } = query;
  if (cursor !== undefined && isLong(cursor)) {
    const { range, before, rest, positions } = openHeld(stream, kind, query, cursor, now);
    const resumed = { positions, time: null, flag: false, held: rest };
    // What such a cursor holds was compared with the query already.
    const cursorAt = (end: RangeEnd) => encodeHeld(stream.name, kind, before, end);
    return { range, since: now, resumed, check: () => {}, cursorAt };
  }
  const read = cursor === undefined ? null : readCursor(kind, cursor);
  const since = read?.since ?? now;
  return {
    range: resolveRange(stream, query, since),
    since,
    resumed: read && { positions: read.positions, time: read.time, flag: read.flag, held: null },
    check(range, parts) {
      if (read !== null) checkDigests(read, digestsOf(stream.name, range, parts));
    },
    cursorAt: (end) => (isOver(end) ? null : writeCursor(stream.name, kind, since, end)),
  };
}

/** The kind of reader that made a cursor; null where the cursor does not say. */
export function kindOf(stream: DeclaredStream, cursor: string): string | null {
  return isLong(cursor) ? heldKind(stream, cursor) : (KINDS[FORM.exec(cursor)?.[1] ?? ''] ?? null);
}

interface Digests {
  all: string;
  /** A character for each of `PARTS` and of the parts of the kind: it tells which part is another, most of the time. */
  each: string;
}

function digestsOf(stream: string, { from, to, keys, where }: Range, parts: Parts): Digests & { names: string[] } {
  const all: [string, Json][] = [
    ['stream', stream],
    ['from` or `to', [from, to]],
    ['keys', keys && [...keys]],
    ['where', where as Json],
    ...Object.entries(parts),
  ];
  const texts = all.map(([, value]) => canonicalText(value));
  const each = texts.map((text) => shortDigest(text, 1)).join('');
  return {
    all: shortDigest(texts.join('\n'), DIGEST_CHARACTERS),
    each: each.padEnd(DIGEST_CHARACTERS, '_'),
    names: all.map(([name]) => name),
  };
}

function checkDigests(read: Digests, asked: ReturnType<typeof digestsOf>): void {
  if (read.all === asked.all) return;
  const other = asked.names.find((_, index) => read.each[index] !== asked.each[index]);
  if (other === undefined) throw badCursor('it goes with another question');
  throw badCursor(other === 'stream' ? 'it is a cursor of another stream' : `it goes with another \`${other}\``);
}

function writeCursor(
  stream: string,
  kind: string,
  since: number,
  { positions, range, parts, flag, time }: RangeEnd,
): string {
  const inTime = positions.length > 1 ? REST[flag ? 1 : 0] : IN_TIME;
  const letter = time ? inTime : (LETTERS[kind]?.[flag ? 1 : 0] ?? '');
  const { all, each } = digestsOf(stream, range, parts);
  const characters = charactersOf(positions.length);
  const places = positions.map((position) => (position === null ? '' : shortPosition(position, characters)));
  return [letter + all + each + since.toString(36), ...(time ? [timeText(time)] : []), ...places].join('.');
}

/** `e` before an edge; milliseconds in base 36, or in decimals, with `_` for the point, where they are no whole number. */
function timeText({ time, isEdge }: TimePlace): string {
  const text = Number.isSafeInteger(time) ? time.toString(36) : `d${String(time).replace('.', '_')}`;
  return isEdge ? `e${text}` : `i${text}`;
}

function timeOf(text: string, at: Cursor): TimePlace {
  const [, kind = '', decimal, ms = ''] = /^([ei])(d?)(.+)$/s.exec(text) ?? [];
  const time =
    decimal === 'd' && ms.includes('_') ? Number(ms.replace('_', '.')) : Number.parseInt((decimal ?? '') + ms, 36);
  if (kind === '' || !Number.isFinite(time)) throw badCursor('it is not of this form');
  return { time, isEdge: kind === 'e', at };
}

interface ReadCursor extends Digests {
  since: number;
  positions: Positions;
  time: TimePlace | null;
  flag: boolean;
}

function readCursor(kind: string, cursor: string): ReadCursor {
  const [, letter = '', all = '', each = '', since = '', places = ''] = FORM.exec(cursor) ?? [];
  if (letter === '') throw badCursor('it is not a cursor');
  if (KINDS[letter] !== kind) throw badCursor('it is a cursor of another kind of read');
  const [first = '', ...others] = places.slice(1).split('.');
  const isInTime = letter === IN_TIME || letter === REST[0] || letter === REST[1];
  const texts = isInTime ? others : [first, ...others];
  const characters = charactersOf(texts.length);
  const positions = texts.map((text) => (text === '' ? null : readShort(text, characters)));
  const [at = null] = positions;
  if (isInTime && at === null) throw badCursor('it is not of this form');
  return {
    all,
    each,
    since: Number.parseInt(since, 36),
    positions,
    time: isInTime && at !== null ? timeOf(first, at) : null,
    flag: letter === letter.toUpperCase(),
  };
}

function charactersOf(positions: number): number {
  return positions === 1 ? EPOCH_CHARACTERS.one : EPOCH_CHARACTERS.several;
}
