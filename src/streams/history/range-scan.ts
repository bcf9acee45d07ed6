/**
 * One page's scan of a range: where in the log it begins, how far it goes, and what is to be said of it afterwards. What
 * an event means to the page is its visitor's affair; cursors as clients get them are its caller's.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { entriesBetween } from '../../store/cursor.ts';
import type { Cursor } from '../../store/store.ts';
import type { Deps } from '../deps.ts';
import { arrivesFrom, arrivesUntil, isPastRetention, type Order, type Range } from './range.ts';
import { streamLog } from '../log/stream-log.ts';
import { type Scan, scan, SCAN_BUDGET, type ScanBudget, type ScanReport } from './scan.ts';
import type { Scope } from '../scope.ts';

/** Work stops this long before the caller's deadline, so that the answer still gets there. */
export const ANSWER_MS = 500;

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

export interface RangeScan extends Pick<Scan, 'chunk' | 'visit' | 'isFull'> {
  range: Range;
  order: Order;
  /** Where the page before ended; null: a first page. */
  resumed: Cursor | null;
  /** Most calls to the store, finding the beginning among them; null: as many as the budget has reads, and that one. */
  mostCalls: number | null;
  limits: ReadLimits;
  /** What happened so long before the range is read as well, ms; default 0. */
  lookBackMs?: number;
  /** Ends a scan with `refused` that would take more entries than its budget, at one more call; default: it goes on. */
  refuses?: boolean;
}

export interface RangeReport extends Pick<ScanReport, 'ended' | 'position' | 'end' | 'total'> {
  /** It began at the newest end of the log. */
  fromEnd: boolean;
  /** Nothing more is to be had by going on. */
  complete: boolean;
  /** Where the next page goes on; null where complete. */
  next: Cursor | null;
  /** Events of the range were trimmed, or it begins before what retention keeps. */
  truncated: boolean;
  scanned: Scanned;
}

export async function scanRange(
  scope: Scope,
  stream: DeclaredStream,
  { range: asked, order, resumed, mostCalls, limits, chunk, visit, isFull, lookBackMs = 0, refuses = false }: RangeScan,
): Promise<RangeReport> {
  const { store, runtime, tenant } = scope;
  const now = runtime.now();
  const range = lookBackMs === 0 || asked.from === null ? asked : { ...asked, from: asked.from - lookBackMs };
  const log = streamLog(tenant, stream.name);
  const time = resumed === null ? beginning(range, stream, order, now) : null;
  const start = time === null ? resumed : await store.seek(log, time);
  const before = time === null ? 0 : 1;
  const budget = limits.budget ?? SCAN_BUDGET;
  const report = await scan(store, log, {
    direction: order === 'oldest' ? 'forward' : 'backward',
    start,
    chunk,
    budget: mostCalls === null ? budget : { ...budget, reads: Math.min(budget.reads, mostCalls - before) },
    isBeyond: beyond(range, stream, order),
    visit,
    isFull,
    ahead: refuses ? (position) => entriesAhead(scope, log, position, arrivesUntil(range, stream)) : null,
    isLate: () => limits.deadline !== undefined && runtime.now() >= limits.deadline - ANSWER_MS,
  });
  const { ended, position, end, entries, reads, total, through } = report;
  const asking = total === null ? 0 : 1;
  const complete = ended === 'log' || ended === 'range';
  return {
    ended,
    position,
    end,
    total,
    fromEnd: start === null && order === 'newest',
    complete,
    next: complete ? null : position,
    truncated: report.truncated || isPastRetention(asked, stream, now),
    scanned: { entries, storeCalls: before + reads + asking, through },
  };
}

/** Up to the last entry that arrived by `until` (epoch ms; null: up to the end). One call to the store. */
async function entriesAhead(
  { store, runtime }: Deps,
  log: string,
  position: Cursor | null,
  until: number | null,
): Promise<number> {
  const isOpen = until === null || until >= runtime.now();
  const end = isOpen ? (await store.extent(log)).end : await store.seek(log, until + 1);
  return position === null || end === null ? 0 : Math.max(0, entriesBetween(position, end) ?? 0);
}

/** The append time at which a first page begins; null: at that end of the log. */
function beginning(range: Range, stream: DeclaredStream, order: Order, now: number): number | null {
  if (order === 'oldest') return arrivesFrom(range);
  const until = arrivesUntil(range, stream);
  return until === null || until >= now ? null : until + 1;
}

function beyond(range: Range, stream: DeclaredStream, order: Order): (appendedAt: number) => boolean {
  const first = arrivesFrom(range);
  const last = arrivesUntil(range, stream);
  return order === 'oldest'
    ? (appendedAt) => last !== null && appendedAt > last
    : (appendedAt) => first !== null && appendedAt < first;
}
