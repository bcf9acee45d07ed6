/**
 * Walks a log in either direction within a budget, one read at a time. It stops between two entries, so a caller that
 * continues from `position` meets every entry once, whatever is appended meanwhile. The visitor decides what an entry
 * means.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Beside, Cursor, LogEntry, LogPage, Store } from '../../store/store.ts';
import { isErased, isRemoval, obey } from '../log/removals.ts';
import { loggedEvent } from '../log/stream-log.ts';

export interface ScanBudget {
  /** Most entries looked at. */
  entries: number;
  /** Most reads of the store. */
  reads: number;
}

export const SCAN_BUDGET: ScanBudget = { entries: 10_000, reads: 20 };

export interface Scan {
  direction: 'forward' | 'backward';
  /** Where to begin; null: before the oldest entry, or after the newest one for a backward scan. */
  start: Cursor | null;
  /** Entries that the first read asks for. Each further read asks for twice as many, up to `READ_LIMIT`. */
  chunk: number;
  budget: ScanBudget;
  /** What is removed. Removed events and the entries of removals are passed over. */
  beside: Beside;
  /** Whether the scan is over because nothing at or beyond this append time is wanted. */
  isBeyond(appendedAt: number): boolean;
  /** Returns false where the entry is not taken; the scan then stops before it. */
  visit(event: LoggedEvent): boolean;
  /** Whether another read is pointless because the answer is full. */
  isFull(): boolean;
  /** Whether time is up. The first read is made in any case. */
  isLate(): boolean;
  /**
   * Counts the wanted entries after this position. It takes one store call, and is called where the first read was not
   * the last. A scan that would exceed its budget then ends as `refused`. Null: it reads what the budget allows.
   */
  ahead: ((position: Cursor | null) => Promise<number>) | null;
}

export interface ScanReport {
  /**
   * `log`: there are no more entries in this direction. `range`: all wanted entries were read. `full`: the answer is
   * full. `budget`: entries, reads or time are used up. `refused`: a whole read would exceed the budget.
   */
  ended: 'log' | 'range' | 'full' | 'budget' | 'refused';
  /** Where a next scan in the same direction begins; null only for a log that never had an entry. */
  position: Cursor | null;
  /** After the newest entry of the first read. A tail continues here after a backward scan from the end. */
  end: Cursor | null;
  /** Entries from `start` on were already trimmed. */
  truncated: boolean;
  entries: number;
  reads: number;
  /** Number of wanted entries, with those not read; null where they were not counted. */
  total: number | null;
  /** Append time of the last entry that was visited, epoch ms. */
  through: number | null;
}

export async function scan(store: Store, log: string, options: Scan): Promise<ScanReport> {
  const { direction, budget } = options;
  const report: ScanReport = {
    ended: 'budget',
    position: options.start,
    end: null,
    truncated: false,
    entries: 0,
    reads: 0,
    total: null,
    through: null,
  };
  for (let chunk = options.chunk; ; chunk *= 2) {
    const wanted = Math.min(chunk, READ_LIMIT, budget.entries - report.entries);
    if (report.reads > 0) {
      if (report.reads === 1 && options.ahead !== null) {
        report.total = report.entries + (await options.ahead(report.position));
        if (report.total > budget.entries) return { ...report, ended: 'refused' };
      }
      if (wanted <= 0 && report.entries === report.total) return { ...report, ended: 'range' };
      if (options.isFull()) return { ...report, ended: 'full' };
      if (wanted <= 0 || report.reads >= budget.reads || options.isLate()) return report;
    }
    const page =
      direction === 'forward'
        ? await store.read(log, report.position, wanted, options.beside)
        : await store.last(log, wanted, report.position, options.beside);
    if (report.reads === 0) report.end = page.cursor;
    report.reads += 1;
    report.truncated ||= page.truncated;
    const stopped = walk(obey(page), options, report);
    if (stopped) return { ...report, ended: stopped };
    if (page.entries.length < wanted) return { ...report, ended: 'log' };
  }
}

/** Visits a page's entries in the scan's direction and moves `report.position` along. */
function walk(page: LogPage, options: Scan, report: ScanReport): 'range' | 'full' | null {
  const forward = options.direction === 'forward';
  const entries: LogEntry[] = forward ? page.entries : page.entries.toReversed();
  report.position = forward ? page.start : page.cursor;
  for (const [index, entry] of entries.entries()) {
    if (options.isBeyond(entry.appendedAt)) return 'range';
    const event = loggedEvent.read(entry);
    if (!isErased(event) && !isRemoval(event) && !options.visit(event)) return 'full';
    report.position = forward ? entry.cursor : (entries[index + 1]?.cursor ?? page.start);
    report.entries += 1;
    report.through = entry.appendedAt;
  }
  return null;
}
