/** The logs of the memory store: arrays of entries by name. It checks no operation of a commit; `memory.ts` does. */
import { parseJson } from '../../base/json.ts';
import {
  decodeCursor,
  encodeCursor,
  epochOf,
  lastBefore,
  type MarkBefore,
  markOfCommit,
  raisedFloor,
  readFrom,
  type Position,
} from '../cursor.ts';
import * as limits from '../limits.ts';
import type { Beside, Cursor, LogPage, Reading, RecordKey, Store, StoreTransfer } from '../store.ts';

interface Log {
  epoch: string;
  /**
   * The place of `entries[0]`. Entries from here to below `floor` cannot be read any more, and a later trim removes
   * them.
   */
  first: number;
  floor: number;
  entries: { text: string; appendedAt: number; mark: string }[];
}

interface MemoryLogs
  extends Pick<Store, 'read' | 'last' | 'seek' | 'extent' | 'trim' | 'erase'>, Pick<StoreTransfer, 'fill' | 'drop'> {
  names: () => string[];
  /**
   * Appends entries, given as JSON, at the end of a log. The first append begins the log.
   * @param id of the commit
   * @returns the cursor behind the last of them
   */
  append: (name: string, texts: readonly string[], id: string, now: number) => Cursor;
}

/** @param readingOf reads the record that a page brings with it */
export function createMemoryLogs(readingOf: (key: RecordKey, now: number) => Reading): MemoryLogs {
  const logs = new Map<string, Log>();
  const withRecord = (page: LogPage, beside: Beside | undefined): LogPage =>
    beside === undefined ? page : { ...page, beside: readingOf(beside.record, beside.now) };

  return {
    append(name, texts, id, now) {
      const log = logs.get(name) ?? { epoch: epochOf(name, id), first: 0, floor: 0, entries: [] };
      const appendedAt = Math.max(now, log.entries.at(-1)?.appendedAt ?? now);
      const mark = markOfCommit(id);
      for (const text of texts) log.entries.push({ text, appendedAt, mark });
      logs.set(name, log);
      return cursorAt(log, endOf(log));
    },

    names: () => [...logs.keys()],

    async fill(name, { epoch, place, entries }) {
      const log = logs.get(name) ?? { epoch, first: place, floor: place, entries: [] };
      if (log.epoch !== epoch || endOf(log) !== place) return false;
      const mark = markOfCommit(epoch);
      for (const { value, appendedAt } of entries) log.entries.push({ text: JSON.stringify(value), appendedAt, mark });
      logs.set(name, log);
      return true;
    },

    async drop(name) {
      logs.delete(name);
    },

    async read(name, after, limit, beside) {
      limits.checkCount(limit, limits.READ_LIMIT, 'limit');
      const position = after === null ? null : decodeCursor(after);
      const log = logs.get(name);
      if (!log) return withRecord(emptyPage(position), beside);
      const { from, truncated } = readFrom(spanOf(log), position, markIn(log));
      return withRecord(pageOf(log, from, Math.min(from + limit, endOf(log)), truncated), beside);
    },

    async last(name, n, before = null, beside) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      const position = before === null ? null : decodeCursor(before);
      const log = logs.get(name);
      if (!log) return withRecord(emptyPage(position), beside);
      const { from, to, truncated } = lastBefore(spanOf(log), n, position, markIn(log));
      return withRecord(pageOf(log, from, to, truncated), beside);
    },

    async seek(name, time) {
      const log = logs.get(name);
      return log ? encodeCursor(log.epoch, seekPlace(log, time)) : null;
    },

    async extent(name) {
      const log = logs.get(name);
      if (!log) return { start: null, end: null, count: 0, newestAt: null };
      const { floor, end } = spanOf(log);
      return {
        start: cursorAt(log, floor),
        end: cursorAt(log, end),
        count: end - floor,
        newestAt: log.entries.at(-1)?.appendedAt ?? null,
      };
    },

    async trim(name, { appendedBefore, keep, limit }) {
      const log = logs.get(name);
      if (!log) return { removed: 0, more: false };
      const timed = appendedBefore === undefined ? null : seekPlace(log, appendedBefore);
      log.floor = raisedFloor(spanOf(log), timed, keep ?? null);
      const removed = log.entries.splice(0, Math.min(log.floor - log.first, limit)).length;
      log.first += removed;
      return { removed, more: log.first < log.floor };
    },

    async erase(name, erasures) {
      const places = limits.checkErasures(erasures);
      const log = logs.get(name);
      for (const { epoch, place, text } of places) {
        if (log?.epoch !== epoch || place < log.floor) continue;
        const entry = log.entries[place - log.first];
        if (entry) entry.text = text;
      }
    },
  };
}

function endOf(log: Log): number {
  return log.first + log.entries.length;
}

function spanOf(log: Log) {
  return { epoch: log.epoch, floor: log.floor, end: endOf(log) };
}

/** The first readable place whose entry was appended at or after `time`. */
function seekPlace(log: Log, time: number): number {
  const index = log.entries.findIndex((entry, i) => log.first + i >= log.floor && entry.appendedAt >= time);
  return index < 0 ? endOf(log) : log.first + index;
}

/** The mark of the entry before a place. That of an entry which is trimmed is not known, whether it is removed yet or not. */
function markIn(log: Log): MarkBefore {
  return (place) => (place <= log.floor ? null : (log.entries[place - 1 - log.first]?.mark ?? null));
}

function cursorAt(log: Log, place: number): Cursor {
  return encodeCursor(log.epoch, place, markIn(log)(place));
}

function pageOf(log: Log, from: number, to: number, truncated: boolean): LogPage {
  const entries = log.entries.slice(from - log.first, to - log.first).map(({ text, appendedAt, mark }, index) => ({
    value: parseJson(text),
    cursor: encodeCursor(log.epoch, from + index + 1, mark),
    appendedAt,
  }));
  const { floor, end } = spanOf(log);
  return {
    entries,
    start: cursorAt(log, from),
    cursor: cursorAt(log, to),
    truncated,
    floor: cursorAt(log, floor),
    end: cursorAt(log, end),
  };
}

/** The page of a log that never had an entry. Any cursor into it is foreign. */
function emptyPage(position: Position | null): LogPage {
  return { entries: [], start: null, cursor: null, truncated: position !== null, floor: null, end: null };
}
