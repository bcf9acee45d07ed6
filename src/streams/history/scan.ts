/**
 * Walks a log chunk by chunk, in either direction, within a budget. It stops between two entries, so that who goes on
 * from `position` meets every entry once, whatever was appended meanwhile. What an entry means is its visitor's affair.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, LogEntry, LogPage, Store } from '../../store/store.ts';
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
  /** Where to begin; null: at the oldest entry, or behind the newest one. */
  start: Cursor | null;
  /** Entries that the first read asks for; each further one asks for twice as many, up to `READ_LIMIT`. */
  chunk: number;
  budget: ScanBudget;
  /** Whether nothing at or behind this append time is wanted: the scan is over. */
  isBeyond(appendedAt: number): boolean;
  /** False: the entry is not taken and the scan stops before it. */
  visit(event: LoggedEvent): boolean;
  /** Whether another read is pointless because the answer is full. */
  isFull(): boolean;
  /** Whether time is over. The first read is made all the same. */
  isLate(): boolean;
  /**
   * How many entries of what is wanted stand behind this place: one call to the store, made where the first read was not
   * the last. A scan that would take more than its budget is over then. Null: it takes what the budget allows.
   */
  ahead: ((position: Cursor | null) => Promise<number>) | null;
}

export interface ScanReport {
  /** `log`: no more entries in this direction. `range`: beyond what is wanted. `full`: the visitor stopped it. `budget`: entries, reads or time are used up. `refused`: all of it is more than the budget. */
  ended: 'log' | 'range' | 'full' | 'budget' | 'refused';
  /** Where a next scan in the same direction goes on; null only for a log that never had an entry. */
  position: Cursor | null;
  /** Behind the newest entry of the first page read: where a tail goes on after a backward scan from the end. */
  end: Cursor | null;
  /** Entries behind `start` were gone already. */
  truncated: boolean;
  entries: number;
  reads: number;
  /** Entries in all, those ahead included; null: nobody asked. */
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
        ? await store.read(log, report.position, wanted)
        : await store.last(log, wanted, report.position);
    if (report.reads === 0) report.end = page.cursor;
    report.reads += 1;
    report.truncated ||= page.truncated;
    const stopped = walk(page, options, report);
    if (stopped) return { ...report, ended: stopped };
    if (page.entries.length < wanted) return { ...report, ended: 'log' };
  }
}

/** Visits a page's entries in the scan's direction; `report.position` follows. */
function walk(page: LogPage, options: Scan, report: ScanReport): 'range' | 'full' | null {
  const forward = options.direction === 'forward';
  const entries: LogEntry[] = forward ? page.entries : page.entries.toReversed();
  report.position = forward ? page.start : page.cursor;
  for (const [index, entry] of entries.entries()) {
    if (options.isBeyond(entry.appendedAt)) return 'range';
    if (!options.visit(loggedEvent.read(entry))) return 'full';
    report.position = forward ? entry.cursor : (entries[index + 1]?.cursor ?? page.start);
    report.entries += 1;
    report.through = entry.appendedAt;
  }
  return null;
}
