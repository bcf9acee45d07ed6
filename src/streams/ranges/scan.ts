/**
 * Walks stretches of a log in either direction within a budget, one read at a time. It stops between two entries, so a
 * caller that continues from `position` meets every entry once, whatever is appended meanwhile. The visitor decides what an
 * entry means. Which stretches are to be walked is not decided here (look.ts).
 */
import type { LoggedEvent } from '../../base/event.ts';
import { decodeCursor, encodeCursor, wentBack } from '../../store/cursor.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Beside, Cursor, LogPage, Store } from '../../store/store.ts';
import { isErased, isRemoval, obey } from '../log/removals.ts';
import { loggedEvent } from '../log/stream-log.ts';
import { arrive, type Cut, leaveOut, lengthOf, placeAt, type Stretch, type Walk } from './stretches.ts';

export interface ScanBudget {
  /** Most entries looked at. */
  entries: number;
  /** Most reads of the store. */
  reads: number;
}

export const SCAN_BUDGET: ScanBudget = { entries: 10_000, reads: 20 };

export interface Scan {
  direction: 'forward' | 'backward';
  /** Where the page before ended; null for a first page. */
  start: Cursor | null;
  /** The log's epoch, of which the stretches are. Null: it is not known, and the whole log is walked from `start` on. */
  epoch: string | null;
  /** In the order of their places. Nothing of them lies before `start` in the scan's direction. */
  stretches: readonly Stretch[];
  /** Entries that the first read asks for. Each further read asks for twice as many, up to `READ_LIMIT`. */
  chunk: number;
  budget: ScanBudget;
  /** What is removed. Removed events and the entries of removals are passed over. */
  beside: Beside;
  /** Returns false where the entry is not taken; the scan then stops before it. @param at behind the entry */
  visit(event: LoggedEvent, at: Cursor): boolean;
  /** Whether another read is pointless because the answer is full. */
  isFull(): boolean;
  /** Whether time is up. The first read is made in any case. */
  isLate(): boolean;
  /** True: a scan that would exceed its budget of entries ends as `refused` after its first read. */
  refuses: boolean;
}

export interface ScanReport {
  /**
   * `all`: everything was walked. `full`: the answer is full. `budget`: entries, reads or time are used up. `refused`:
   * walking everything would exceed the budget. `other`: what stands before `start` is another than stood there, and nothing
   * was visited. Where that comes out behind the first visit, the scan ends as `budget`, and the next one finds it out.
   */
  ended: 'all' | 'full' | 'budget' | 'refused' | 'other';
  /** Where a next scan in the same direction begins; null only for a log that never had an entry. */
  position: Cursor | null;
  /** After the newest entry of the log, as the first read of a backward scan found it, or the last read of a forward one. */
  end: Cursor | null;
  /** Entries from `start` on were already trimmed. */
  truncated: boolean;
  entries: number;
  reads: number;
  /** Number of entries to be walked, with those not walked; null where nobody asked. */
  total: number | null;
  /** Append time of the last entry that was visited, epoch ms. */
  through: number | null;
  /** Least append time of the entries that were read, epoch ms; null: none was. */
  oldest: number | null;
  /** Places that were to be walked, but were trimmed before; of the epoch of `end`. */
  cut: Cut[];
  /** The place of the log's oldest entry; null: there is none. */
  floor: number | null;
}

export async function scan(store: Store, log: string, options: Scan): Promise<ScanReport> {
  const { budget, start, beside } = options;
  const forward = options.direction === 'forward';
  const walk: Walk = {
    forward,
    left: (forward ? options.stretches : options.stretches.toReversed()).map((stretch) => ({ ...stretch })),
    epoch: options.epoch,
    end: null,
    floor: null,
    cut: [],
  };
  const report: ScanReport = {
    ended: 'all',
    position: start,
    end: null,
    truncated: false,
    entries: 0,
    reads: 0,
    total: null,
    through: null,
    oldest: null,
    cut: walk.cut,
    get floor() {
      return walk.floor;
    },
  };
  /** A page that was read in advance. */
  const advance: { page: LogPage | null; of: Stretch | null } = { page: null, of: null };

  const cursorAt = (place: number): Cursor | null => {
    const { epoch } = walk;
    if (epoch === null) return start;
    // Where it began and where it stands: these know what stands before them.
    const known = [report.position, start].find((cursor) => placeAt(cursor) === place);
    return known ?? encodeCursor(epoch, place);
  };
  /** Where a next scan begins: rather behind what was visited, which knows what it was, than at the next place to be walked. */
  const stoppedAt = (place: number): Cursor | null => (report.entries > 0 ? report.position : cursorAt(place));

  /** Whether another history stands before `start` than stood there. It is asked where no page of the scan tells it. */
  async function isOther(): Promise<boolean> {
    report.reads += 1;
    return wentBack(await store.read(log, start, 1), start);
  }

  /** @param at the cursor of the read @param read reads from a cursor. Null: it is of another history. */
  async function taken(at: Cursor | null, read: (at: Cursor | null) => Promise<LogPage>): Promise<LogPage | null> {
    const isFirst = report.reads === 0;
    const knows = isFirst && at !== start && start !== null && decodeCursor(start).mark !== undefined;
    const asked = knows ? isOther() : null;
    const page = obey(await read(at));
    const other = asked !== null && (await asked);
    report.reads += 1;
    if (other || (wentBack(page, at) && (start !== null || report.entries > 0))) return null;
    if (isFirst || forward) report.end = page.end;
    if (isFirst) report.truncated ||= start !== null && isTruncated(page, start);
    const appendedAt = page.entries[0]?.appendedAt ?? Infinity;
    if (appendedAt < (report.oldest ?? Infinity)) report.oldest = appendedAt;
    return page;
  }

  function next({ from, to }: Stretch, wanted: number): Promise<LogPage | null> {
    const count = Math.min(wanted, to - from);
    if (forward) return taken(cursorAt(from), (at) => store.read(log, at, count, beside));
    const isEnd = to === Infinity && walk.epoch !== null;
    return taken(isEnd ? null : cursorAt(to), (at) => store.last(log, count, at, beside));
  }

  /**
   * Backwards, the tail comes first. It is empty as a rule, which a read of the stretch before it tells as well. Where there
   * is no such stretch, the tail is read from its beginning. False: the log is of another history.
   */
  async function measureTail(tail: Stretch, wanted: number): Promise<boolean> {
    const other = walk.left[1];
    const page = await (other === undefined
      ? taken(cursorAt(tail.from), (at) => store.read(log, at, wanted, beside))
      : next(other, wanted));
    if (page === null) return false;
    if (!arrive(walk, page)) return true;
    tail.isTail = false;
    tail.to = Math.max(tail.from, walk.end ?? 0);
    if (other !== undefined || placeAt(page.cursor) === tail.to) Object.assign(advance, { page, of: other ?? tail });
    return true;
  }

  /** The end where it came out that this is another history. */
  const ofOther = (): ScanReport =>
    report.entries > 0
      ? { ...report, truncated: true, ended: 'budget' }
      : { ...report, truncated: true, ended: 'other' };

  for (let chunk = options.chunk; ;) {
    leaveOut(walk);
    const [stretch] = walk.left;
    if (stretch === undefined) {
      if (report.reads === 0 && start !== null && (await isOther())) return ofOther();
      return { ...report, position: forward ? (report.end ?? start) : report.position };
    }
    const ready = advance.of === stretch ? advance.page : null;
    if (report.reads > 0) {
      const position = stoppedAt(forward ? stretch.from : stretch.to);
      if (options.refuses && report.total === null) {
        report.total = report.entries + walk.left.reduce((sum, one) => sum + lengthOf(one, walk.end), 0);
        if (report.total > budget.entries) return { ...report, position, ended: 'refused' };
      }
      if (options.isFull()) return { ...report, position, ended: 'full' };
      const isSpent = report.entries >= budget.entries || (report.reads >= budget.reads && ready === null);
      if (isSpent || options.isLate()) return { ...report, position, ended: 'budget' };
    }
    const wanted = Math.min(chunk, READ_LIMIT, budget.entries - report.entries);
    if (!forward && stretch.isTail && stretch.to === Infinity) {
      if (!(await measureTail(stretch, wanted))) return ofOther();
      continue;
    }
    const page = ready ?? (await next(stretch, wanted));
    if (page === null) return ofOther();
    if (ready !== null) advance.page = null;
    chunk *= 2;
    arrive(walk, page);
    const [reached] = walk.left;
    if (reached && !visitAll(page, reached, walk, options, report)) return { ...report, ended: 'full' };
  }
}

/** Visits a page's entries of a stretch in the scan's direction, and moves on. False: the visitor did not take one. */
function visitAll(page: LogPage, stretch: Stretch, walk: Walk, options: Scan, report: ScanReport): boolean {
  const { forward } = walk;
  const first = placeAt(page.start) ?? 0;
  const before = (index: number) => page.entries[index - 1]?.cursor ?? page.start;
  const placed = page.entries.map((entry, index) => {
    return { entry, place: first + index, next: forward ? entry.cursor : before(index) };
  });
  for (const { entry, place, next } of forward ? placed : placed.toReversed()) {
    if (place < stretch.from || place >= stretch.to) continue;
    if (report.entries >= options.budget.entries) return true;
    const event = loggedEvent.read(entry);
    if (!isErased(event) && !isRemoval(event) && !options.visit(event, entry.cursor)) return false;
    report.position = next;
    report.entries += 1;
    report.through = entry.appendedAt;
    if (forward) stretch.from = place + 1;
    else stretch.to = place;
  }
  // A page that holds nothing of the stretch says that there is nothing.
  if (forward) stretch.from = Math.max(stretch.from, first + page.entries.length);
  else stretch.to = Math.min(stretch.to, Math.max(first, stretch.from));
  return true;
}

function isTruncated(page: LogPage, start: Cursor): boolean {
  return page.floor === null || (placeAt(start) ?? 0) < (placeAt(page.floor) ?? 0);
}
