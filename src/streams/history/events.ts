/**
 * Events of the past, a page at a time, in either direction. It reads the log and nothing else; it keeps nothing between
 * two pages, so that any instance can answer the next.
 *
 * Store calls: 1 for the newest events, 2 at most for every page without `keys` or `where`; where that does not fill a page
 * it ends early, with a cursor. With them more reads are made, within the budget, as far as they leave out much.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { LoggedEvent, StreamEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { CLOCK_SKEW_MS, isPicky, isUnbounded, matcher, type Order, type Range, type RangeQuery } from './range.ts';
import { toStreamEvent } from '../log/stream-log.ts';
import { badCursor, openRange, type Rest } from './range-cursor.ts';
import { type ReadLimits, type Scanned, scanRange } from './range-scan.ts';
import { encodeTailCursor } from '../log/tail-cursor.ts';
import type { Scope } from '../scope.ts';

export const DEFAULT_EVENTS = 100;
export const MOST_EVENTS = 1_000;
/** A page ends before the event that would make it longer than this, as JSON; one event is always given. */
export const PAGE_CHARACTERS = 1_000_000;
/** A range's first read asks for this many more than the page holds, for the events at its edges that are not in it. */
const EDGE_EVENTS = 50;
/** Most calls to the store for a page without keys or filters. */
export const MOST_CALLS = 2;

const KIND = 'history';

export interface HistoryQuery extends RangeQuery {
  /** Most events on the page, 1 to 1,000; default 100. */
  limit?: number;
  /** Of arrival. Default: `oldest` first where there is a `from`, else `newest` first. */
  order?: Order;
}

export interface HistoryPage {
  /** In the asked order of arrival. */
  events: StreamEvent[];
  order: Order;
  /** As resolved: epoch ms, `from` inclusive, `to` exclusive. */
  from: number | null;
  to: number | null;
  /** Nothing more is to be had by going on; only then is `cursor` null. */
  complete: boolean;
  /** Goes on where this page ended. */
  cursor: string | null;
  /** A cursor for a tail that begins right behind the newest event; null where this page did not reach it. */
  tailCursor: string | null;
  /** Events that belong to the query were trimmed, or the range begins before what retention keeps. */
  truncated: boolean;
  scanned: Scanned;
}

/**
 * @throws TidegateError `invalid_input` with the field; `bad_cursor` for a cursor of another stream or query.
 */
export async function readHistory(
  scope: Scope,
  stream: DeclaredStream,
  query: HistoryQuery,
  limits: ReadLimits = {},
): Promise<HistoryPage> {
  const now = scope.runtime.now();
  const limit = checkLimit(query.limit ?? DEFAULT_EVENTS);
  const { range, resumed, cursorAt } = openRange(stream, KIND, query, now);
  const { order, sparse } = resumed ? carried(resumed.rest, query) : begin(range, query, now);
  const { events, ...page } = collector(stream.name, range, limit);
  const report = await scanRange(scope, stream, {
    range,
    order,
    resumed: resumed?.position ?? null,
    // One more than the page holds tells whether it is the last one.
    chunk: sparse ? READ_LIMIT : limit + (isUnbounded(range) ? 1 : EDGE_EVENTS),
    mostCalls: isPicky(range) ? null : MOST_CALLS,
    limits,
    ...page,
  });
  const { next, ended, complete, truncated, scanned } = report;
  const atEnd = order === 'oldest' ? ended === 'log' : report.fromEnd;
  const tail = order === 'oldest' ? report.position : report.end;
  return {
    events,
    order,
    from: range.from,
    to: range.to,
    complete,
    cursor: cursorAt(next, range, [order, ended === 'budget']),
    tailCursor: atEnd ? encodeTailCursor(stream.name, tail) : null,
    truncated,
    scanned,
  };
}

interface Direction {
  order: Order;
  /** Much of what is read first may not belong to the range. */
  sparse: boolean;
}

function begin(range: Range, query: HistoryQuery, now: number): Direction {
  const order = query.order ?? (range.from === null ? 'newest' : 'oldest');
  // Backwards from an end in the past, what may have come late stands before the range.
  return { order, sparse: order === 'newest' && range.to !== null && range.to < now - CLOCK_SKEW_MS };
}

function carried(rest: Rest, query: HistoryQuery): Direction {
  const [order, sparse] = Array.isArray(rest) ? rest : [];
  if ((order !== 'oldest' && order !== 'newest') || typeof sparse !== 'boolean')
    throw badCursor('it is not of this form');
  if (query.order !== undefined && query.order !== order) throw badCursor('it goes with another `order`');
  return { order, sparse };
}

/** Takes what matches until the page is full. */
function collector(stream: string, range: Range, limit: number) {
  const events: StreamEvent[] = [];
  const matches = matcher(range);
  let characters = 0;
  return {
    events,
    isFull: () => events.length >= limit,
    visit(event: LoggedEvent): boolean {
      if (!matches(event)) return true;
      if (events.length >= limit) return false;
      const taken = toStreamEvent(stream, event);
      characters += JSON.stringify(taken).length;
      if (characters > PAGE_CHARACTERS && events.length > 0) return false;
      events.push(taken);
      return true;
    },
  };
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_EVENTS) return limit;
  throw new TidegateError('invalid_input', `limit is ${limit}`, {
    field: 'limit',
    expected: `a whole number from 1 to ${MOST_EVENTS}`,
  });
}
