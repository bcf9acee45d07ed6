/**
 * Scans a range for one page, where the index of times says that events of the range may be, and reports on the scan. The
 * visitor decides what an event means to the page; the caller makes the cursors that clients get.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { decodeCursor } from '../../store/cursor.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor } from '../../store/store.ts';
import { lookUp } from './look.ts';
import type { Order, Range } from './range.ts';
import { besides } from '../log/removals.ts';
import { streamLog } from '../log/stream-log.ts';
import { type Scan, scan, SCAN_BUDGET, type ScanBudget, type ScanReport } from './scan.ts';
import { ofStream, type Scope } from '../scope.ts';
import { firstChunk, likelyWithin } from './stretches.ts';
import { mayBeTrimmed } from './trimmed.ts';

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

interface RangeScan extends Pick<Scan, 'visit' | 'isFull'> {
  range: Range;
  order: Order;
  /** Where the page before ended; null for a first page. */
  resumed: Cursor | null;
  /** Events that are wanted, for the size of the first read; null: as many as a read gives. */
  wanted: number | null;
  /** Most store calls, with those that look the range up; null: the reads of the budget and those. */
  mostCalls: number | null;
  limits: ReadLimits;
  /** How long before the range the scan begins, ms. Default 0. */
  lookBackMs?: number;
  /** True: a scan that would take more entries than its budget ends as `refused`. Default: it goes on. */
  refuses?: boolean;
}

export interface RangeReport extends Pick<ScanReport, 'ended' | 'position' | 'end' | 'floor' | 'total'> {
  /** The stream went back to an earlier state since the page before: this one begins the range anew. */
  anew: boolean;
  /** About how many of `total` are in the range; null where they were not counted. */
  inRange: number | null;
  /** There are no more pages. */
  complete: boolean;
  /** Where the next page begins; null where complete. */
  next: Cursor | null;
  /** Events of the range may have been trimmed. */
  truncated: boolean;
  scanned: Scanned;
}

export async function scanRange(scope: Scope, stream: DeclaredStream, asked: RangeScan): Promise<RangeReport> {
  const report = await scanFrom(scope, stream, asked);
  if (report.ended !== 'other') return report;
  const anew = await scanFrom(scope, stream, { ...asked, resumed: null });
  const { entries, storeCalls, through } = anew.scanned;
  const scanned = { entries, storeCalls: storeCalls + report.scanned.storeCalls, through };
  return { ...anew, anew: true, truncated: true, scanned };
}

async function scanFrom(
  scope: Scope,
  stream: DeclaredStream,
  {
    range: asked,
    order,
    resumed,
    wanted,
    mostCalls,
    limits,
    visit,
    isFull,
    lookBackMs = 0,
    refuses = false,
  }: RangeScan,
): Promise<RangeReport> {
  const place = ofStream(scope, stream);
  const { store, runtime } = scope;
  const range = lookBackMs === 0 || asked.from === null ? asked : { ...asked, from: asked.from - lookBackMs };
  const look = await lookUp(place, stream.name, range, order, resumed);
  const budget = limits.budget ?? SCAN_BUDGET;
  const report = await scan(store, streamLog(place.tenant, stream.name), {
    direction: order === 'oldest' ? 'forward' : 'backward',
    start: resumed,
    epoch: look.epoch,
    stretches: look.stretches,
    chunk: wanted === null ? READ_LIMIT : firstChunk(look.pieces, order, wanted),
    budget: mostCalls === null ? budget : { ...budget, reads: Math.min(budget.reads, mostCalls - look.storeCalls) },
    beside: besides(place, stream.name),
    visit,
    isFull,
    refuses,
    isLate: () => limits.deadline !== undefined && runtime.now() >= limits.deadline - ANSWER_MS,
  });
  const { ended, position, end, entries, reads, total, through } = report;
  const complete = ended === 'all';
  const log = end === null ? null : decodeCursor(end);
  const isOther = look.epoch !== null && log !== null && look.epoch !== log.epoch;
  const isTrimmed = mayBeTrimmed(asked, {
    gone: resumed === null && !isOther ? look.gone : null,
    cut: report.cut,
    pieces: isOther ? null : look.pieces,
    at: resumed !== null && order === 'oldest' ? decodeCursor(resumed).place : 0,
    oldest: report.oldest,
    aheadMs: stream.aheadMs,
  });
  return {
    ended,
    anew: false,
    position,
    end,
    floor: report.floor,
    total,
    inRange: total === null || isOther ? total : likelyWithin(look.pieces, 0, log?.place ?? 0),
    complete,
    next: complete ? null : position,
    truncated: report.truncated || isTrimmed,
    scanned: { entries, storeCalls: look.storeCalls + reads, through },
  };
}
