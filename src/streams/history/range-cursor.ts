/**
 * The cursor of a read of the past. It holds the position where the page ended and the whole question, so that the next
 * page continues the same question. An argument beside the cursor that contradicts the question is refused. Pure.
 */
import * as z from 'zod';
import { whereSchema } from '../../declare/check/condition-schema.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { Cursor } from '../../store/store.ts';
import { MOST_KEYS, type Range, type RangeQuery, resolveRange } from './range.ts';
import { decodeStreamCursor, encodeStreamCursor } from '../log/stream-cursor.ts';
import { beforeNow } from '../../base/time/time-text.ts';

/** The rest of a question, in a form that its reader chooses. The reader checks it when the cursor comes back. */
export type Rest = Json;

/** How long before now a bound was given to be, ms; null where it was not given, or not relative to now. */
type Before = Record<'from' | 'to', number | null>;

/** A question that is asked for the first time, or continued from a cursor. */
export interface OpenRange {
  range: Range;
  /** Null on a first page. */
  resumed: { rest: Rest; position: Cursor } | null;
  /**
   * Makes the cursor of the page that continues at `position`; null where `position` is null. `range` is the resolved
   * range.
   */
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
 * Opens the question of a query: a new one, or the one that its cursor continues.
 * @param kind names the reader; a cursor of another kind is refused
 * @throws TidegateError `invalid_input`: `from`, `to`, `zone`, `keys` or a path below `where`; `bad_cursor` for a text
 * that is not a cursor, for a cursor of another stream or another kind of read, and for one whose range, keys or filter
 * differ from what the query gives.
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
    // A time relative to now has moved since the first page, so the durations are compared.
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

/** The kind of reader that made a cursor; null where the cursor does not say. */
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
