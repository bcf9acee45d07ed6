/**
 * Reads a page of a range in the order of the times of events, whatever the order was in which they arrived. A log is in order of
 * arrival, so a page is read as a window of time: the index of times says where its events may be, all of that is walked, and what was
 * found is sorted. A window is as wide as the page needs; a page may take several.
 *
 * Where so many orders of arrival overlap that even the narrowest window takes more than the budget, nothing is answered, and the
 * caller reads what is left in order of arrival, and says so.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { decodeCursor, isEpoch } from '../../store/cursor.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor } from '../../store/store.ts';
import { besides } from '../log/removals.ts';
import { streamLog } from '../log/stream-log.ts';
import { meets } from '../log/time-spans.ts';
import { ofStream, type Scope } from '../scope.ts';
import { type Look, lookUp } from './look.ts';
import { isPicky, matcher, type Order, type Range, type TimePlace } from './range.ts';
import { ANSWER_MS, type ReadLimits, type Scanned } from './range-scan.ts';
import { scan, SCAN_BUDGET, type ScanReport } from './scan.ts';
import { cutBefore, stretchesOf } from './stretches.ts';
import { type Bounds, lengthOfPieces, windowOf } from './time-window.ts';
import { mayBeTrimmed } from './trimmed.ts';

interface InTime {
  range: Range;
  order: Order;
  /** Where the page before ended; null: a first page. */
  after: TimePlace | null;
  /** Most events. */
  limit: number;
  /** Takes the next event in the order of times, with its place in the log; false: the page has no room for it. */
  take: (event: LoggedEvent, place: number) => boolean;
  limits: ReadLimits;
}

interface InTimeReport {
  /** `other`: the log is of another history than that in which `after` stands. `mixed`: the budget is too small to sort anything. */
  ended: 'all' | 'more' | 'other' | 'mixed';
  /** Null where all was given. */
  next: TimePlace | null;
  /** Behind the newest entry of the log; null: there is none. */
  end: Cursor | null;
  /** The place of the oldest entry of the log; null: there is none. */
  floor: number | null;
  truncated: boolean;
  scanned: Scanned;
}

/** Most reads of the log for a page. */
const MOST_READS = 16;
/** How many events a window is made to hold, where those are wanted, because their times are not spread as evenly as is thought. */
const MARGIN = { share: 1.25, events: 16 };
/** How many times as many events the next window is made to hold, or the same one where it takes too much. */
const WIDER = 4;
/** A bound for who asks without one: no event is farther. */
const FOREVER = Number.MAX_SAFE_INTEGER;

interface Found {
  event: LoggedEvent;
  at: Cursor;
  place: number;
}

export async function readInTime(scope: Scope, stream: DeclaredStream, asked: InTime): Promise<InTimeReport> {
  const { range, order, after, limit, take, limits } = asked;
  const place = ofStream(scope, stream);
  const { store, runtime } = scope;
  const log = streamLog(place.tenant, stream.name);
  const budget = { ...(limits.budget ?? SCAN_BUDGET) };
  budget.reads = Math.min(budget.reads, MOST_READS);
  const wanted = isPicky(range) ? budget.entries / 2 : limit * MARGIN.share + MARGIN.events;
  const sorted = order === 'oldest' ? byTime : (a: Found, b: Found) => byTime(b, a);
  const isLate = () => limits.deadline !== undefined && runtime.now() >= limits.deadline - ANSWER_MS;
  let left = leftOf(range, order, after);
  const known = await lookUp(place, stream.name, { from: left.from, to: left.to ?? FOREVER }, order, null);
  const scanned: Scanned = { entries: 0, storeCalls: known.storeCalls, through: null };
  const report: InTimeReport = { ended: 'more', next: null, end: null, floor: null, truncated: false, scanned };
  const past = after && decodeCursor(after.at);
  const isOther = (epoch: string) => past !== null && !isEpoch(past.epoch, epoch);
  let wentBack = false;
  const isBounded = range.from !== null || range.to !== null;
  let given = 0;

  async function walk(
    window: Bounds,
    look: Look,
    pieces: Look['pieces'],
  ): Promise<{ found: Found[]; read: ScanReport }> {
    const found: Found[] = [];
    const matches = matcher({ ...range, ...window });
    const read = await scan(store, log, {
      direction: 'forward',
      start: null,
      epoch: look.epoch,
      stretches: look.epoch === null ? look.stretches : stretchesOf(pieces),
      chunk: READ_LIMIT,
      budget: { entries: budget.entries - scanned.entries, reads: budget.reads },
      beside: besides(place, stream.name),
      visit(event, at) {
        const { place: next, mark } = decodeCursor(at);
        const one = { event, at, place: next };
        // Where the page before ended stands another entry than stood there.
        if (next === past?.place && past.mark !== undefined && mark !== undefined && mark !== past.mark)
          wentBack = true;
        if (!matches(event)) return true;
        if (after === null || isBehind(one, after, order)) found.push(one);
        return true;
      },
      isFull: () => false,
      // Where there is no index it is not known how long the log is.
      refuses: true,
      isLate,
    });
    budget.reads -= read.reads;
    scanned.entries += read.entries;
    scanned.storeCalls += read.reads;
    scanned.through = read.through ?? scanned.through;
    return { found: found.sort(sorted), read };
  }

  /** How many windows were read. */
  let windows = 0;

  /** The window that is read next, narrow enough for the budget. Null: none is. */
  async function nextWindow(): Promise<{ window: Bounds; look: Look; pieces: Look['pieces'] } | null> {
    // A window that held fewer than was thought is followed by a wider one, and by all the rest where that is one read.
    const rest = known.pieces.filter(({ times }) => meets(times, left) !== 'none');
    const isLittle = windows > 0 && lengthOfPieces(rest) <= READ_LIMIT;
    for (let many = wanted * WIDER ** windows; many >= 1; many /= WIDER) {
      const window = isLittle ? left : windowOf(known.pieces, left, order, many);
      const near = known.pieces.filter(({ times }) => meets(times, window) !== 'none');
      const isCoarse = near.some(({ leaf }) => leaf !== undefined);
      const look = isCoarse ? await lookUp(place, stream.name, bounded(window), order, null) : known;
      if (isCoarse) {
        scanned.storeCalls += look.storeCalls;
        budget.reads -= look.storeCalls;
      }
      const pieces = isCoarse ? look.pieces : near;
      if (lengthOfPieces(pieces) > budget.entries - scanned.entries) continue;
      windows += 1;
      return { window, look, pieces };
    }
    return null;
  }

  for (;;) {
    const next = budget.reads > 0 && !isLate() ? await nextWindow() : null;
    if (next === null) return { ...report, ended: report.next === null ? 'mixed' : 'more' };
    const { window, look, pieces } = next;
    const { found, read } = await walk(window, look, pieces);
    report.end = read.end ?? report.end;
    report.floor = read.floor ?? report.floor;
    const end = read.end === null ? null : decodeCursor(read.end);
    wentBack ||= past !== null && (end === null || isOther(end.epoch) || end.place < past.place);
    if (wentBack && report.next === null) return { ...report, ended: 'other' };
    report.truncated ||= past !== null && read.floor !== null && past.place < read.floor;
    report.truncated ||= mayBeTrimmed(isBounded ? left : range, {
      gone: after === null && report.next === null ? look.gone : null,
      cut: look === known && known.epoch !== null ? cutBefore(read.floor ?? 0, known.pieces) : read.cut,
      pieces: look.epoch === null ? null : look.pieces,
      at: 0,
      oldest: read.oldest,
      aheadMs: stream.aheadMs,
    });
    // What was not walked may hold events that come before those that were found.
    if (read.ended !== 'all') return { ...report, ended: report.next === null ? 'mixed' : 'more' };
    for (const one of found) {
      if (given >= limit || !take(one.event, one.place)) return report;
      given += 1;
      report.next = { time: one.event.time, isEdge: false, at: one.at };
    }
    const isLast = order === 'oldest' ? window.to === left.to : window.from === left.from;
    const edge = order === 'oldest' ? window.to : window.from;
    if (isLast || edge === null || read.end === null) return { ...report, ended: 'all', next: null };
    report.next = { time: edge, isEdge: true, at: read.end };
    left = order === 'oldest' ? { ...left, from: edge } : { ...left, to: edge };
    if (given >= limit) return report;
  }
}

/** What is left of a range behind a place. */
export function leftOf({ from, to }: Bounds, order: Order, after: TimePlace | null): Bounds {
  if (after === null) return { from, to };
  const { time, isEdge } = after;
  return order === 'oldest' ? { from: Math.floor(time), to } : { from, to: isEdge ? time : Math.floor(time) + 1 };
}

/** Whether an event comes behind a place in the order of times. */
export function isBehind(
  { event: { time }, place }: Pick<Found, 'event' | 'place'>,
  after: TimePlace,
  order: Order,
): boolean {
  if (after.isEdge) return order === 'oldest' ? time >= after.time : time < after.time;
  const past = decodeCursor(after.at).place;
  return order === 'oldest'
    ? time > after.time || (time === after.time && place > past)
    : time < after.time || (time === after.time && place < past);
}

function byTime(a: Found, b: Found): number {
  return a.event.time - b.event.time || a.place - b.place;
}

function bounded({ from, to }: Bounds): Bounds {
  return { from, to: to ?? FOREVER };
}
