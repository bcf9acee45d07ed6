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
import { isPicky, type Order, type Range, type RangeQuery, type TimePlace } from '../ranges/range.ts';
import { toStreamEvent } from '../log/stream-log.ts';
import { leftOf, readInTime } from '../ranges/in-time.ts';
import { collector, type Direction, firstDirection, heldDirection, takerOf } from './page-events.ts';
import { openRange, type OpenRange } from './range-cursor.ts';
import { type ReadLimits, type Scanned, scanRange } from '../ranges/range-scan.ts';
import { SCAN_BUDGET } from '../ranges/scan.ts';
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
const MOST_CALLS = 6;
/** Store calls for a page of a range whose events arrived in the order of their times. */
export const ORDERED_CALLS = 2;

const KIND = 'history';

export interface HistoryQuery extends RangeQuery {
  /** Most events on the page, 1 to 1,000; default 100. */
  limit?: number;
  /** Default: `oldest` first where there is a `from`, else `newest` first. */
  order?: Order;
  /**
   * By the times of events, or as they arrived. Default: `time`; events whose times are too mixed to be sorted come as they arrived,
   * from the first page on, or from the page on at which that shows. A cursor goes on as the page before did.
   */
  by?: 'time' | 'arrival';
}

export interface HistoryPage {
  /** In the asked order. */
  events: StreamEvent[];
  order: Order;
  by: 'time' | 'arrival';
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
  /** The page has the oldest events that the log holds, since the range has no beginning, and older ones were trimmed. */
  olderTrimmed: boolean;
  /**
   * The stream went back to an earlier state since the page before, such as by a restore. This page begins the range anew, in
   * place of those before it.
   */
  anew: boolean;
  scanned: Scanned;
}

/** What a page may take beside the number of its events. */
interface PageLimits extends ReadLimits {
  /**
   * Takes an event where its page has room for it; the first of a page in any case. `place` grows in the order of the log
   * among the events of a page. Default: up to `PAGE_CHARACTERS`.
   */
  take?: (event: StreamEvent, place: number) => boolean;
}

/**
 * @throws TidegateError `invalid_input` with the field; `bad_cursor` for a cursor of another stream or query
 */
export async function readHistory(
  scope: Scope,
  stream: DeclaredStream,
  query: HistoryQuery,
  limits: PageLimits = {},
): Promise<HistoryPage> {
  const now = scope.runtime.now();
  const limit = checkLimit(query.limit ?? DEFAULT_EVENTS);
  const open = openRange(stream, KIND, query, now);
  const { range, resumed, check } = open;
  const direction = resumed?.held
    ? heldDirection(resumed.held, query)
    : firstDirection(range, query, resumed?.flag ?? false);
  check(range, { order: direction.order });
  const asked: Asked = { scope, stream, open, direction, limit, limits, isOpen: range.to === null || range.to >= now };
  const inTime = resumed === null ? query.by !== 'arrival' : resumed.time !== null;
  if (!inTime) return pageAsArrived(asked, null);
  if (resumed?.time && resumed.positions.length > 1) return pageAsArrived(asked, resumed.time);
  const found = await pageInTime(asked);
  if ('page' in found) return found.page;
  const { budget = SCAN_BUDGET } = limits;
  const reads = Math.max(1, budget.reads - found.storeCalls);
  const page = await pageAsArrived({ ...asked, limits: { ...limits, budget: { ...budget, reads } } }, found.behind);
  return { ...page, scanned: { ...page.scanned, storeCalls: page.scanned.storeCalls + found.storeCalls } };
}

interface Asked {
  scope: Scope;
  stream: DeclaredStream;
  open: OpenRange;
  direction: Direction;
  limit: number;
  limits: PageLimits;
  /** Whether events may come that are in the range. */
  isOpen: boolean;
}

/** The times of the events behind a place are too mixed to be sorted. Null: those of all. */
interface Mixed {
  behind: TimePlace | null;
  /** How many it took to find out. */
  storeCalls: number;
}

async function pageInTime(asked: Asked): Promise<{ page: HistoryPage } | Mixed> {
  const { scope, stream, open, direction, limit, limits, isOpen } = asked;
  const { range, resumed, cursorAt } = open;
  const { order } = direction;
  const taking = limits.take ?? takerOf(PAGE_CHARACTERS);
  const read = (after: TimePlace | null) => {
    const events: StreamEvent[] = [];
    const take = (event: LoggedEvent, place: number) => {
      const taken = toStreamEvent(stream.name, event);
      if (!taking(taken, place)) return false;
      events.push(taken);
      return true;
    };
    return readInTime(scope, stream, { range, order, after, limit, take, limits }).then((report) => ({
      report,
      events,
    }));
  };
  const after = resumed?.time ?? null;
  let { report, events } = await read(after);
  const anew = report.ended === 'other';
  if (anew) ({ report, events } = await read(null));
  if (report.ended === 'mixed') return { behind: anew ? null : after, storeCalls: report.scanned.storeCalls };
  const { next, end, truncated, scanned } = report;
  const complete = report.ended === 'all';
  const atEnd = isOpen && (order === 'oldest' ? complete : after === null || anew);
  const page: HistoryPage = {
    events,
    order,
    by: 'time',
    from: range.from,
    to: range.to,
    complete,
    cursor: cursorAt({
      positions: [next?.at ?? null],
      range,
      parts: { order },
      flag: false,
      rest: [order, false],
      time: next,
    }),
    tailCursor: atEnd ? encodeTailCursor(stream.name, end) : null,
    truncated: truncated || anew,
    olderTrimmed: beginsAtFloor(range, order, after === null || anew, complete) && (report.floor ?? 0) > 0,
    anew,
    scanned,
  };
  return { page };
}

/** @param behind where the pages in the order of times ended, of which this one gives the rest; null: there was none */
async function pageAsArrived(asked: Asked, behind: TimePlace | null): Promise<HistoryPage> {
  const { scope, stream, open, direction, limit, limits, isOpen } = asked;
  const { range, resumed, cursorAt } = open;
  const { order, sparse } = direction;
  const left = { ...range, ...leftOf(range, order, behind) };
  const taking = limits.take ?? takerOf(PAGE_CHARACTERS);
  const { events, ...page } = collector(stream.name, left, limit, taking, behind && { behind, order });
  const isRest = behind !== null;
  const report = await scanRange(scope, stream, {
    range: left,
    order,
    resumed: (isRest ? resumed?.positions[1] : resumed?.positions[0]) ?? null,
    // One event more than the page holds shows whether there is another page.
    wanted: sparse || isRest ? null : limit + 1,
    mostCalls: isPicky(range) || isRest ? null : MOST_CALLS,
    limits,
    ...page,
  });
  const { next, ended, complete, truncated, anew, scanned } = report;
  if (anew && isRest) {
    const first = await pageAsArrived({ ...asked, open: { ...open, resumed: null } }, null);
    return { ...first, truncated: true, anew };
  }
  const atEnd = isOpen && (order === 'oldest' ? complete : resumed === null || anew);
  const end = { range, parts: { order }, flag: ended === 'budget', rest: [order, ended === 'budget'] };
  const isOver = next === null;
  return {
    events,
    order,
    by: 'arrival',
    from: range.from,
    to: range.to,
    complete,
    cursor: isOver
      ? null
      : cursorAt({ ...end, ...(isRest ? { positions: [behind.at, next], time: behind } : { positions: [next] }) }),
    tailCursor: atEnd ? encodeTailCursor(stream.name, report.end) : null,
    truncated,
    olderTrimmed:
      beginsAtFloor(range, order, (resumed === null && !isRest) || anew, complete) && (report.floor ?? 0) > 0,
    anew,
    scanned,
  };
}

function beginsAtFloor({ from }: Pick<Range, 'from'>, order: Order, isFirst: boolean, isLast: boolean): boolean {
  return from === null && (order === 'oldest' ? isFirst : isLast);
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST_EVENTS) return limit;
  throw new TidegateError('invalid_input', `limit is ${limit}`, {
    field: 'limit',
    expected: `a whole number from 1 to ${MOST_EVENTS}`,
  });
}
