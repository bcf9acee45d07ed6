/**
 * Reads past events page by page, in either direction. It reads only the log and keeps nothing between two pages, so
 * any instance can answer the next page.
 *
 * Store calls: 1 for the newest events. A page of a range takes 2 where its events arrived in the order of their times and
 * the index of times reaches them, 3 where they are older than the newest 65,000 or so, and one more where events came that
 * the index does not reach yet. Where times are in disorder, a page takes at most `MOST_CALLS`; if they do not fill it, it
 * ends early, with a cursor. With `keys` or `where` a page takes as many reads as it needs to fill up, within the budget.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { LoggedEvent, StreamEvent } from '../../base/event.ts';
import { isPicky, matcher, type Order, type Range, type RangeQuery } from './range.ts';
import { toStreamEvent } from '../log/stream-log.ts';
import { badCursor, type Rest } from './range-end.ts';
import { openRange } from './range-cursor.ts';
import { type ReadLimits, type Scanned, scanRange } from './range-scan.ts';
import { encodeTailCursor } from '../log/tail-cursor.ts';
import type { Scope } from '../scope.ts';

export const DEFAULT_EVENTS = 100;
export const MOST_EVENTS = 1_000;
/**
 * Most characters of a page's events as JSON. A page ends before the event that would exceed this, but has at least one
 * event.
 */
export const PAGE_CHARACTERS = 1_000_000;
/** Most store calls for a page without keys or filters. */
export const MOST_CALLS = 6;
/** Store calls for a page of a range whose events arrived in the order of their times. */
export const ORDERED_CALLS = 2;

const KIND = 'history';

export interface HistoryQuery extends RangeQuery {
  /** Most events on the page, 1 to 1,000; default 100. */
  limit?: number;
  /** Order of arrival. Default: `oldest` first where there is a `from`, else `newest` first. */
  order?: Order;
}

export interface HistoryPage {
  /** In the asked order of arrival. */
  events: StreamEvent[];
  order: Order;
  /** The resolved range in epoch ms: `from` is inclusive, `to` exclusive. */
  from: number | null;
  to: number | null;
  /** There are no more pages. Only then is `cursor` null. */
  complete: boolean;
  /** Continues where this page ended. */
  cursor: string | null;
  /**
   * A cursor for a tail that begins after the newest event that the stream had; null where this page did not reach that
   * event, and for a range that has ended.
   */
  tailCursor: string | null;
  /** Events of the query's range may have been trimmed, or the page is `anew`. */
  truncated: boolean;
  /**
   * The stream went back to an earlier state since the page before, such as by a restore. This page begins the range anew, in
   * place of those before it.
   */
  anew: boolean;
  scanned: Scanned;
}

/** What a page may take beside the number of its events. */
export interface PageLimits extends ReadLimits {
  /** Takes an event where its page has room for it; the first of a page in any case. Default: up to `PAGE_CHARACTERS`. */
  take?: (event: StreamEvent) => boolean;
}

/**
 * @throws TidegateError `invalid_input` with the field; `bad_cursor` for a cursor of another stream or query.
 */
export async function readHistory(
  scope: Scope,
  stream: DeclaredStream,
  query: HistoryQuery,
  limits: PageLimits = {},
): Promise<HistoryPage> {
  const now = scope.runtime.now();
  const limit = checkLimit(query.limit ?? DEFAULT_EVENTS);
  const { range, resumed, check, cursorAt } = openRange(stream, KIND, query, now);
  const { order, sparse } = resumed?.held ? held(resumed.held, query) : begin(range, query, resumed?.flag ?? false);
  check(range, { order });
  const { events, ...page } = collector(stream.name, range, limit, limits.take ?? takerOf(PAGE_CHARACTERS));
  const report = await scanRange(scope, stream, {
    range,
    order,
    resumed: resumed?.positions[0] ?? null,
    // One event more than the page holds shows whether there is another page.
    wanted: sparse ? null : limit + 1,
    mostCalls: isPicky(range) ? null : MOST_CALLS,
    limits,
    ...page,
  });
  const { next, ended, complete, truncated, anew, scanned } = report;
  const isOpen = range.to === null || range.to >= now;
  const atEnd = isOpen && (order === 'oldest' ? complete : resumed === null || anew);
  return {
    events,
    order,
    from: range.from,
    to: range.to,
    complete,
    cursor: cursorAt({
      positions: [next],
      range,
      parts: { order },
      flag: ended === 'budget',
      rest: [order, ended === 'budget'],
    }),
    tailCursor: atEnd ? encodeTailCursor(stream.name, report.end) : null,
    truncated,
    anew,
    scanned,
  };
}

interface Direction {
  order: Order;
  /** The page before read many entries that do not belong to the range. */
  sparse: boolean;
}

function begin(range: Range, query: HistoryQuery, sparse: boolean): Direction {
  return { order: query.order ?? (range.from === null ? 'newest' : 'oldest'), sparse };
}

function held(rest: Rest, query: HistoryQuery): Direction {
  const [order, sparse] = Array.isArray(rest) ? rest : [];
  if ((order !== 'oldest' && order !== 'newest') || typeof sparse !== 'boolean')
    throw badCursor('it is not of this form');
  if (query.order !== undefined && query.order !== order) throw badCursor('it goes with another `order`');
  return { order, sparse };
}

/** Collects the matching events until the page is full. */
function collector(stream: string, range: Range, limit: number, take: (event: StreamEvent) => boolean) {
  const events: StreamEvent[] = [];
  const matches = matcher(range);
  return {
    events,
    isFull: () => events.length >= limit,
    visit(event: LoggedEvent): boolean {
      if (!matches(event)) return true;
      if (events.length >= limit) return false;
      const taken = toStreamEvent(stream, event);
      if (!take(taken)) return false;
      events.push(taken);
      return true;
    },
  };
}

function takerOf(most: number): (event: StreamEvent) => boolean {
  let characters = 0;
  let count = 0;
  return (event) => {
    characters += JSON.stringify(event).length;
    if (characters > most && count > 0) return false;
    count += 1;
    return true;
  };
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_EVENTS) return limit;
  throw new TidegateError('invalid_input', `limit is ${limit}`, {
    field: 'limit',
    expected: `a whole number from 1 to ${MOST_EVENTS}`,
  });
}
