/**
 * Scans a range for one page. It finds where in the log to begin and how far to go, and reports on the scan. The
 * visitor decides what an event means to the page; the caller makes the cursors that clients get.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { entriesBetween } from '../../store/cursor.ts';
import type { Cursor } from '../../store/store.ts';
import type { Deps } from '../deps.ts';
import { arrivesFrom, arrivesUntil, isPastRetention, type Order, type Range } from './range.ts';
import { besides } from '../log/removals.ts';
import { streamLog } from '../log/stream-log.ts';
import { type Scan, scan, SCAN_BUDGET, type ScanBudget, type ScanReport } from './scan.ts';
import type { Scope } from '../scope.ts';

/** Work stops this long before the caller's deadline, so that the answer arrives in time. */
export const ANSWER_MS = 500;

export interface ReadLimits {
  /** Default `SCAN_BUDGET`. */
  budget?: ScanBudget;
  /** Epoch ms. A scan ends `ANSWER_MS` before it, with what it has. */
  deadline?: number;
}

export interface Scanned {
  entries: number;
  /** Store calls that this page took. */
  storeCalls: number;
  /** Append time of the last event looked at, epoch ms; null: no event was. */
  through: number | null;
}

export interface RangeScan extends Pick<Scan, 'chunk' | 'visit' | 'isFull'> {
  range: Range;
  order: Order;
  /** Where the page before ended; null for a first page. */
  resumed: Cursor | null;
  /** Most store calls, with the one that finds the beginning; null: the reads of the budget and that call. */
  mostCalls: number | null;
  limits: ReadLimits;
  /** How long before the range the scan begins, ms. Default 0. */
  lookBackMs?: number;
  /**
   * True: a scan that would take more entries than its budget ends as `refused`, at one more store call. Default: it
   * goes on.
   */
  refuses?: boolean;
}

export interface RangeReport extends Pick<ScanReport, 'ended' | 'position' | 'end' | 'total'> {
  /** The scan began at the newest end of the log. */
  fromEnd: boolean;
  /** There are no more pages. */
  complete: boolean;
  /** Where the next page begins; null where complete. */
  next: Cursor | null;
  /** Events of the range were trimmed, or it begins before the time from which retention keeps events. */
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
    beside: besides(scope, stream.name),
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

/**
 * Counts the entries from `position` to the last that arrived by `until` (epoch ms; null: to the end). One store call.
 */
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

/** The append time at which a first page begins; null: at the end of the log from which it reads. */
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
