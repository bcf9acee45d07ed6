/**
 * What a read of the past asks for: a range of event time, keys and a filter; and where a page of it ended. Pure: it reads no clock and no store.
 *
 * A log is in order of arrival, but a range is of event time. An event is found whenever it arrived.
 */
import type { Where } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import { passesWhere } from '../conditions/scope.ts';
import { withoutKeys } from '../find-stream.ts';
import { isoTime, parseTime } from '../../base/time/time-text.ts';
import { checkWhere } from './where.ts';
import { zoneOf } from '../../base/time/zone.ts';
import type { Cursor } from '../../store/store.ts';

export const MOST_KEYS = 20;
/** Most bytes of all keys of a query together, as a cursor holds them. */
const KEYS_BYTES = 2_000;

export type Order = 'oldest' | 'newest';

export interface RangeQuery {
  /** Earliest event time, inclusive; see `parseTime` for its forms. Default: no bound. */
  from?: number | string;
  /** Latest event time, exclusive. Default: no bound. */
  to?: number | string;
  /** Only events of these keys and gaps without a key; at most `MOST_KEYS`. */
  keys?: readonly string[];
  /** Only events whose data pass the filter, and gaps. */
  where?: Where;
  /** IANA name of the time zone for dates without a time. Default: UTC. */
  zone?: string;
  /** `cursor` of the page before. Everything else in the query must then be as it was. */
  cursor?: string;
}

export interface Range {
  /** Epoch ms, inclusive. */
  from: number | null;
  /** Epoch ms, exclusive. */
  to: number | null;
  /** Sorted; null: all. */
  keys: readonly string[] | null;
  /** Null: all. */
  where: Where | null;
}

/** @throws TidegateError `invalid_input`: `from`, `to`, `zone`, `keys` or a path below `where`. */
export function resolveRange(stream: DeclaredStream, query: RangeQuery, now: number): Range {
  const zone = query.zone === undefined ? null : zoneOf(query.zone);
  const from = query.from === undefined ? null : parseTime(query.from, now, 'from', zone);
  const to = query.to === undefined ? null : parseTime(query.to, now, 'to', zone);
  if (from !== null && to !== null && from > to) {
    throw new TidegateError('invalid_input', `the range ends before it starts: ${isoTime(from)} to ${isoTime(to)}`, {
      field: 'from',
      expected: 'a time that is not after `to`',
    });
  }
  const where = query.where === undefined || Object.keys(query.where).length === 0 ? null : query.where;
  if (where !== null) checkWhere(stream, where);
  return { from, to, keys: resolveKeys(stream, query.keys), where };
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

/** Whether the range leaves out some events within its times. */
export function isPicky({ keys, where }: Pick<Range, 'keys' | 'where'>): boolean {
  return keys !== null || where !== null;
}

/** Makes a test of whether an event is in the range. A gap without a key concerns every key, so it passes. */
export function matcher({ from, to, keys, where }: Range): (event: LoggedEvent) => boolean {
  const wanted = keys === null ? null : new Set(keys);
  return (event) =>
    (from === null || event.time >= from) &&
    (to === null || event.time < to) &&
    (wanted === null || (event.key === undefined ? isGap(event) : wanted.has(event.key))) &&
    (where === null || isGap(event) || passesWhere(where, event.data));
}

/** Positions of the page's streams; null: that stream was read to its end. */
export type Positions = readonly (Cursor | null)[];

/** What a kind of read asks for beside its range, by the names of its arguments. At most two parts. */
export type Parts = Readonly<Record<string, Json>>;

/** The same in the form of earlier releases, which its reader chooses, and checks when a cursor brings it back. */
export type Rest = Json;

/** Where a page in the order of times ended. */
export interface TimePlace {
  /** Of the last event that was given; or, where `isEdge`, what was given lies on the near side of it. Epoch ms. */
  time: number;
  isEdge: boolean;
  /** Behind the last event that was given; or the end of the log. */
  at: Cursor;
}

export interface RangeEnd {
  positions: Positions;
  /** As it was resolved. */
  range: Range;
  parts: Parts;
  /** Something that this page found, and the next one goes by. */
  flag: boolean;
  rest: Rest;
  /**
   * Where the last page in the order of times ended; the first position is that of `at`. A second one is that of a page in order of
   * arrival behind it. Absent: no page was in the order of times.
   */
  time?: TimePlace | null;
}

/** Whether no page follows. */
export function isOver({ positions }: Pick<RangeEnd, 'positions'>): boolean {
  return positions.every((position) => position === null);
}

export function badCursor(reason: string): TidegateError {
  return new TidegateError('bad_cursor', `the cursor cannot be used: ${reason}`, {
    field: 'cursor',
    expected: 'the cursor of the page before, with all other arguments as they were',
    hint: 'repeat the whole call that the page before told, or leave the cursor out to begin anew',
  });
}
