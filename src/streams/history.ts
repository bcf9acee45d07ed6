/**
 * Events of the past, a page at a time, in either direction. It reads the log and nothing else; it keeps nothing between
 * two pages, so that any instance can answer the next.
 *
 * Store calls: 1 for the newest events and for every page that has a cursor, one more where a range begins with a time;
 * further reads only where a range or keys leave out so much that the first read does not fill the page.
 */
import type { DeclaredStream } from '../core/declaration/stream.ts';
import { TidegateError } from '../core/errors.ts';
import type { LoggedEvent, StreamEvent } from '../core/event.ts';
import type { Cursor, Store } from '../store/store.ts';
import type { Deps } from './deps.ts';
import {
  arrivesFrom,
  arrivesUntil,
  badCursor,
  decodeRange,
  encodeRange,
  isPastRetention,
  isUnbounded,
  matcher,
  type Order,
  type Range,
  type RangeQuery,
  resolveRange,
} from './history-range.ts';
import { toStreamEvent } from './latest.ts';
import { streamLog } from './names.ts';
import { scan, SCAN_BUDGET, type ScanBudget, type ScanReport } from './scan.ts';
import { encodeTailCursor } from './tail-cursor.ts';

export const DEFAULT_EVENTS = 100;
export const MOST_EVENTS = 1_000;
/** A page ends before the event that would make it longer than this, as JSON; one event is always given. */
export const PAGE_CHARACTERS = 1_000_000;
/** A range's first read asks for this many more than the page holds, for the events at its edges that are not in it. */
const EDGE_EVENTS = 50;
/** Work stops this long before the caller's deadline, so that the answer still gets there. */
export const ANSWER_MS = 500;

const KIND = 'history';

export interface HistoryQuery extends RangeQuery {
  /** Most events on the page, 1 to 1,000; default 100. */
  limit?: number;
  /** Of arrival. Default: `oldest` first where there is a `from`, else `newest` first. */
  order?: Order;
}

export interface ReadLimits {
  /** Default `SCAN_BUDGET`. */
  budget?: ScanBudget;
  /** Epoch ms; a scan ends before it with what it has. */
  deadline?: number;
}

export interface Scanned {
  entries: number;
  /** Calls to the store that this page took. */
  storeCalls: number;
  /** Arrival time of the last event looked at, epoch ms; null: none was. */
  through: number | null;
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
  deps: Deps,
  tenant: string,
  stream: DeclaredStream,
  query: HistoryQuery,
  limits: ReadLimits = {},
): Promise<HistoryPage> {
  const now = deps.runtime.now();
  const limit = checkLimit(query.limit ?? DEFAULT_EVENTS);
  const resumed = query.cursor === undefined ? null : resume(stream, { ...query, cursor: query.cursor }, now);
  const range = resumed?.range ?? resolveRange(stream, query, now);
  const order = resumed?.order ?? query.order ?? (range.from === null ? 'newest' : 'oldest');
  const log = streamLog(tenant, stream.name);
  const begin = resumed
    ? { position: resumed.position, calls: 0 }
    : await startOf(deps.store, log, stream, range, order, now);

  const page = collector(stream.name, range, limit);
  const report = await scan(deps.store, log, {
    direction: order === 'oldest' ? 'forward' : 'backward',
    start: begin.position,
    // One more than the page holds tells whether it is the last one.
    chunk: limit + (isUnbounded(range) ? 1 : EDGE_EVENTS),
    budget: limits.budget ?? SCAN_BUDGET,
    isBeyond: beyond(range, stream, order),
    isLate: () => limits.deadline !== undefined && deps.runtime.now() >= limits.deadline - ANSWER_MS,
    ...page,
  });
  const complete = report.ended === 'log' || report.ended === 'range';
  const atEnd = order === 'oldest' ? report.ended === 'log' : begin.position === null;
  const tail = order === 'oldest' ? report.position : report.end;
  return {
    events: page.events,
    order,
    from: range.from,
    to: range.to,
    complete,
    cursor:
      complete || report.position === null ? null : encodeRange(stream.name, KIND, range, [order], report.position),
    tailCursor: atEnd ? encodeTailCursor(stream.name, tail) : null,
    truncated: report.truncated || isPastRetention(range, stream, now),
    scanned: scannedOf(report, begin.calls),
  };
}

export function scannedOf(report: ScanReport, before: number): Scanned {
  return { entries: report.entries, storeCalls: before + report.reads, through: report.through };
}

function resume(stream: DeclaredStream, query: HistoryQuery & { cursor: string }, now: number) {
  const { range, rest, position } = decodeRange(stream, KIND, query, now);
  const [order] = rest;
  if (order !== 'oldest' && order !== 'newest') throw badCursor('it is not of this form');
  if (query.order !== undefined && query.order !== order) throw badCursor('it goes with another `order`');
  return { range, order, position } as const;
}

/** Where a first page begins; a null position is the oldest end of the log, or the newest. */
export async function startOf(
  store: Store,
  log: string,
  stream: DeclaredStream,
  range: Range,
  order: Order,
  now: number,
): Promise<{ position: Cursor | null; calls: number }> {
  const until = arrivesUntil(range, stream);
  const time = order === 'oldest' ? arrivesFrom(range) : until === null || until >= now ? null : until + 1;
  return time === null ? { position: null, calls: 0 } : { position: await store.seek(log, time), calls: 1 };
}

export function beyond(range: Range, stream: DeclaredStream, order: Order): (appendedAt: number) => boolean {
  const first = arrivesFrom(range);
  const last = arrivesUntil(range, stream);
  return order === 'oldest'
    ? (appendedAt) => last !== null && appendedAt > last
    : (appendedAt) => first !== null && appendedAt < first;
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
