/**
 * The cursor of a read of the past. It carries the whole question beside the place where the page ended, so that it goes
 * on with that question and refuses any other: nothing that a caller gives beside it is ignored. Pure.
 */
import * as z from 'zod';
import { whereSchema } from '../../declare/check/condition-schema.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { Cursor } from '../../store/store.ts';
import { MOST_KEYS, type Range, type RangeQuery, resolveRange } from './range.ts';
import { decodeStreamCursor, encodeStreamCursor } from '../log/stream-cursor.ts';
import { beforeNow } from '../../base/time-text.ts';

/** What else a question consists of, in a form of the reader's, who checks it when it comes back. */
export type Rest = Json;

/** How long before now a bound of the range was told to be, ms; null where it was told otherwise, or not at all. */
type Before = Record<'from' | 'to', number | null>;

/** A question as it stands: asked anew, or where a cursor left it. */
export interface OpenRange {
  range: Range;
  /** Null on a first page. */
  resumed: { rest: Rest; position: Cursor } | null;
  /** For the page that goes on at `position`; null where that is. `range` is what the question came to. */
  cursorAt: (position: Cursor | null, range: Range, rest: Rest) => string | null;
}

const Carried = z.tuple([
  z.string(),
  z.number().nullable(),
  z.number().nullable(),
  z.object({ from: z.number().nullable(), to: z.number().nullable() }),
  z.array(z.string()).max(MOST_KEYS).nullable(),
  whereSchema.nullable(),
  z.json(),
  z.string(),
]);

/**
 * @param kind names the reader, whose cursors no other takes
 * @throws TidegateError `invalid_input`: `from`, `to`, `zone`, `keys` or below `where`; `bad_cursor` for a text that is no cursor, one of another
 * stream or another kind of read, or one that goes with another range, other keys or another filter than the query gives.
 */
export function openRange(stream: DeclaredStream, kind: string, query: RangeQuery, now: number): OpenRange {
  const asked = resolveRange(stream, query, now);
  const told: Before = { from: beforeNow(query.from), to: beforeNow(query.to) };
  const { cursor } = query;
  if (cursor === undefined) return { range: asked, resumed: null, cursorAt: cursorOf(stream.name, kind, told) };
  const carried = Carried.safeParse(carriedBy(stream, cursor));
  if (!carried.success || carried.data[0] !== kind) throw badCursor('it is a cursor of another kind of read');
  const [, from, to, before, keys, where, rest, position] = carried.data;
  const stands = { from, to };
  for (const bound of ['from', 'to'] as const) {
    // A time told from now means another moment by now.
    const same = told[bound] === null ? asked[bound] === stands[bound] : told[bound] === before[bound];
    if (query[bound] !== undefined && !same) throw badCursor(`it goes with another \`${bound}\``);
  }
  if (asked.keys !== null && JSON.stringify(asked.keys) !== JSON.stringify(keys)) {
    throw badCursor('it goes with other keys');
  }
  if (query.where !== undefined && JSON.stringify(asked.where) !== JSON.stringify(where)) {
    throw badCursor('it goes with another `where`');
  }
  return {
    range: { ...stands, keys, where },
    resumed: { rest, position },
    cursorAt: cursorOf(stream.name, kind, before),
  };
}

/** Which reader a cursor is of; null where that cannot be told. */
export function kindOf(stream: DeclaredStream, cursor: string): string | null {
  const carried = carriedBy(stream, cursor);
  return Array.isArray(carried) && typeof carried[0] === 'string' ? carried[0] : null;
}

function carriedBy(stream: DeclaredStream, cursor: string): unknown {
  return jsonOf(decodeStreamCursor(stream.name, cursor));
}

function cursorOf(stream: string, kind: string, before: Before): OpenRange['cursorAt'] {
  return (position, { from, to, keys, where }, rest) =>
    position === null
      ? null
      : encodeStreamCursor(stream, JSON.stringify([kind, from, to, before, keys, where, rest, position]));
}

export function badCursor(reason: string): TidegateError {
  return new TidegateError('bad_cursor', `the cursor cannot be used: ${reason}`, {
    field: 'cursor',
    expected: 'the cursor of the page before, with the same query',
    hint: 'leave the cursor out to begin anew',
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
