/**
 * What a read of the past asks for: a range of event time, keys, a direction, and where the page before ended. A cursor
 * carries all of it, so that it cannot go on with another question. Pure: it reads no clock and no store.
 *
 * A log is in order of arrival and a range is one of event time. An event is found if it arrived no more than
 * `CLOCK_SKEW_MS` before its time (its source's clock ran ahead) and no later than its stream's `latenessMs` after it.
 */
import * as z from 'zod';
import type { DeclaredStream } from '../core/declaration/stream.ts';
import { TidegateError } from '../core/errors.ts';
import { isGap, type LoggedEvent } from '../core/event.ts';
import { utf8Bytes } from '../core/json.ts';
import type { Cursor } from '../store/store.ts';
import { withoutKeys } from './find-stream.ts';
import { decodeStreamCursor, encodeStreamCursor } from './stream-cursor.ts';
import { isRelative, isoTime, parseTime } from './time-text.ts';

/** How far a source's clock may run ahead of ours. */
export const CLOCK_SKEW_MS = 5_000;
export const MOST_KEYS = 20;
/** All keys of a query together, as they stand in a cursor. */
const KEYS_BYTES = 2_000;

export type Order = 'oldest' | 'newest';

export interface RangeQuery {
  /** Event time from which on, inclusive: see `parseTime`. Default: no bound. */
  from?: number | string;
  /** Event time up to which, exclusive. Default: no bound. */
  to?: number | string;
  /** Only events of these keys, and gaps; at most `MOST_KEYS`. */
  keys?: readonly string[];
  /** `cursor` of the page before. What else the query says must then be as it was, or be left out. */
  cursor?: string;
}

export interface Range {
  /** Epoch ms, inclusive. */
  from: number | null;
  /** Epoch ms, exclusive. */
  to: number | null;
  /** Sorted; null: all. */
  keys: readonly string[] | null;
}

/** @throws TidegateError `invalid_input`: `from`, `to` or `keys`. */
export function resolveRange(stream: DeclaredStream, query: RangeQuery, now: number): Range {
  const from = query.from === undefined ? null : parseTime(query.from, now, 'from');
  const to = query.to === undefined ? null : parseTime(query.to, now, 'to');
  if (from !== null && to !== null && from > to) {
    throw new TidegateError('invalid_input', `the range ends before it starts: ${isoTime(from)} to ${isoTime(to)}`, {
      field: 'from',
      expected: 'a time that is not after `to`',
    });
  }
  return { from, to, keys: resolveKeys(stream, query.keys) };
}

function resolveKeys(stream: DeclaredStream, keys: readonly string[] | undefined): readonly string[] | null {
  if (keys === undefined || keys.length === 0) return null;
  if (!stream.keyed) throw withoutKeys(stream, 'keys');
  const sorted = [...new Set(keys)].sort();
  if (sorted.length > MOST_KEYS || utf8Bytes(JSON.stringify(JSON.stringify(sorted))) > KEYS_BYTES) {
    throw new TidegateError('invalid_input', 'too many keys for one query', {
      field: 'keys',
      expected: `at most ${MOST_KEYS} keys, ${KEYS_BYTES} bytes together`,
    });
  }
  return sorted;
}

export function isUnbounded({ from, to, keys }: Range): boolean {
  return from === null && to === null && keys === null;
}

/** Gaps without a key concern every key. */
export function matcher({ from, to, keys }: Range): (event: LoggedEvent) => boolean {
  const wanted = keys === null ? null : new Set(keys);
  return (event) =>
    (from === null || event.time >= from) &&
    (to === null || event.time < to) &&
    (wanted === null || (event.key === undefined ? isGap(event) : wanted.has(event.key)));
}

/** Earliest append time of an event in the range; null: no bound. */
export function arrivesFrom({ from }: Range): number | null {
  return from === null ? null : from - CLOCK_SKEW_MS;
}

/** Latest append time of an event in the range; null: no bound. */
export function arrivesUntil({ to }: Range, stream: DeclaredStream): number | null {
  return to === null ? null : Math.floor(to + stream.latenessMs);
}

/** Whether retention by age has taken, or may have taken, events of the range. */
export function isPastRetention({ from }: Range, stream: DeclaredStream, now: number): boolean {
  const { ageMs } = stream.retention;
  return from !== null && ageMs !== null && from < now - ageMs;
}

const Resumed = z.tuple([
  z.string(),
  z.number().nullable(),
  z.number().nullable(),
  z.array(z.string()).max(MOST_KEYS).nullable(),
  z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).max(8),
  z.string(),
]);

type Rest = (string | number | boolean | null)[];

/** @param rest what else the query consists of, in an order of the caller's; `kind` names that caller. */
export function encodeRange(stream: string, kind: string, range: Range, rest: Rest, position: Cursor): string {
  const { from, to, keys } = range;
  return encodeStreamCursor(stream, JSON.stringify([kind, from, to, keys, rest, position]));
}

/**
 * What the query's cursor carries.
 * @throws TidegateError `bad_cursor` for a text that is no cursor, one of another stream or another kind of read, or
 * one that goes with another range or other keys than the query gives.
 */
export function decodeRange(
  stream: DeclaredStream,
  kind: string,
  query: RangeQuery & { cursor: string },
  now: number,
): { range: Range; rest: Rest; position: Cursor } {
  const resumed = Resumed.safeParse(jsonOf(decodeStreamCursor(stream.name, query.cursor)));
  if (!resumed.success || resumed.data[0] !== kind) throw badCursor('it is a cursor of another kind of read');
  const [, from, to, keys, rest, position] = resumed.data;
  const asked = resolveRange(stream, query, now);
  for (const [field, was, is] of [
    ['from', from, asked.from],
    ['to', to, asked.to],
  ] as const) {
    const given = query[field];
    if (given !== undefined && !isRelative(given) && is !== was) throw badCursor(`it goes with another \`${field}\``);
  }
  if (asked.keys !== null && JSON.stringify(asked.keys) !== JSON.stringify(keys)) {
    throw badCursor('it goes with other keys');
  }
  return { range: { from, to, keys }, rest, position };
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
