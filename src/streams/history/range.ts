/**
 * What a read of the past asks for: a range of event time, keys, a direction. Pure: it reads no clock and no store.
 *
 * A log is in order of arrival and a range is one of event time. An event is found if it arrived no more than
 * `CLOCK_SKEW_MS` before its time (its source's clock ran ahead) and no later than its stream's `latenessMs` after it.
 */
import type { Where } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { utf8Bytes } from '../../base/json.ts';
import { passesWhere } from '../conditions/scope.ts';
import { withoutKeys } from '../find-stream.ts';
import { isoTime, parseTime } from '../../base/time-text.ts';
import { checkWhere } from './where.ts';
import { zoneOf } from '../../base/zone.ts';

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
  /** Only events whose data pass, and gaps. */
  where?: Where;
  /** IANA name of the time zone in which a date alone is read; default UTC. */
  zone?: string;
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

export function isUnbounded({ from, to, keys, where }: Range): boolean {
  return from === null && to === null && keys === null && where === null;
}

/** Whether events within the range's times may be left out. */
export function isPicky({ keys, where }: Pick<Range, 'keys' | 'where'>): boolean {
  return keys !== null || where !== null;
}

/** Gaps without a key concern every key. */
export function matcher({ from, to, keys, where }: Range): (event: LoggedEvent) => boolean {
  const wanted = keys === null ? null : new Set(keys);
  return (event) =>
    (from === null || event.time >= from) &&
    (to === null || event.time < to) &&
    (wanted === null || (event.key === undefined ? isGap(event) : wanted.has(event.key))) &&
    (where === null || isGap(event) || passesWhere(where, event.data));
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
