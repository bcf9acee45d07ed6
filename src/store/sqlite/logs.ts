/** The logs of the SQLite store. It checks no operation of a commit; `store.ts` does. */
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
  type Span,
} from '../cursor.ts';
import * as limits from '../limits.ts';
import type { Beside, Cursor, LogPage, Reading, RecordKey, Store } from '../store.ts';
import type { LogRow, SqliteFile } from './file.ts';

interface SqliteLogs extends Pick<Store, 'read' | 'last' | 'seek' | 'extent' | 'trim' | 'erase'> {
  /**
   * Appends entries, given as JSON, at the end of a log. The first append begins the log. The caller is in a transaction
   * that writes.
   * @param id of the commit
   * @returns the cursor behind the last of them
   */
  append: (name: string, texts: readonly string[], id: string, now: number) => Cursor;
}

/** @param readingOf reads the record that a page brings with it */
export function createSqliteLogs(
  { log, entry, time, within, reading, writing, erasing }: SqliteFile,
  readingOf: (key: RecordKey, now: number) => Reading,
): SqliteLogs {
  /** The first readable place whose entry was appended at or after `time`. */
  function seekPlace({ number, floor, end }: LogRow, from: number): number {
    return Math.max(time.seek.get(number, from)?.place ?? end, floor);
  }

  /** The mark of the entry before a place; that of an entry which is trimmed is not known, whether it is removed yet or not. */
  function markIn({ number, floor }: LogRow): MarkBefore {
    return (place) => (place <= floor ? null : (entry.mark.get(number, place - 1)?.mark ?? null));
  }

  function page(
    name: string,
    position: Position | null,
    beside: Beside | undefined,
    choose: (span: Span, markBefore: MarkBefore) => PageBounds,
  ): LogPage {
    return within('read', () => {
      const more = beside === undefined ? {} : { beside: readingOf(beside.record, beside.now) };
      const found = log.get.get(name);
      if (!found) {
        return {
          entries: [],
          start: null,
          cursor: null,
          truncated: position !== null,
          floor: null,
          end: null,
          ...more,
        };
      }
      const { number, epoch, floor, end } = found;
      const markBefore = markIn(found);
      const { from, to, truncated } = choose(found, markBefore);
      const entries = entry.read.all(number, from, to).map(({ value, appended_at, mark }, index) => ({
        value: parseJson(value),
        cursor: encodeCursor(epoch, from + index + 1, mark),
        appendedAt: appended_at,
      }));
      const start = encodeCursor(epoch, from, markBefore(from));
      const cursor = entries.at(-1)?.cursor ?? start;
      return {
        entries,
        start,
        cursor,
        truncated,
        floor: encodeCursor(epoch, floor),
        end: to === end ? cursor : encodeCursor(epoch, end, markBefore(end)),
        ...more,
      };
    });
  }

  return {
    append(name, texts, id, now) {
      if (log.get.get(name) === null) log.create.run(name, epochOf(name, id));
      const { number, epoch, end, newest_at } = log.get.get(name) as LogRow;
      const appendedAt = Math.max(now, newest_at);
      const mark = markOfCommit(id);
      if (appendedAt > newest_at) time.add.run(number, appendedAt, end);
      texts.forEach((text, index) => entry.add.run(number, end + index, appendedAt, text, mark));
      log.extend.run(end + texts.length, appendedAt, number);
      return encodeCursor(epoch, end + texts.length, mark);
    },

    async read(name, after, limit, beside) {
      limits.checkCount(limit, limits.READ_LIMIT, 'limit');
      const position = after === null ? null : decodeCursor(after);
      return reading(() =>
        page(name, position, beside, (span, markBefore) => {
          const { from, truncated } = readFrom(span, position, markBefore);
          return { from, to: Math.min(from + limit, span.end), truncated };
        }),
      );
    },

    async last(name, n, before = null, beside) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      const position = before === null ? null : decodeCursor(before);
      return reading(() =>
        page(name, position, beside, (span, markBefore) => lastBefore(span, n, position, markBefore)),
      );
    },

    async seek(name, time) {
      return reading(() =>
        within('read', () => {
          const found = log.get.get(name);
          return found && encodeCursor(found.epoch, seekPlace(found, time));
        }),
      );
    },

    async extent(name) {
      const [found, mark] = await reading(() => {
        const row = log.get.get(name);
        return [row, row && markIn(row)(row.end)];
      });
      if (!found) return { start: null, end: null, count: 0, newestAt: null };
      const { epoch, floor, end, newest_at } = found;
      return {
        start: encodeCursor(epoch, floor),
        end: encodeCursor(epoch, end, mark),
        count: end - floor,
        newestAt: newest_at,
      };
    },

    async trim(name, { appendedBefore, keep, limit }) {
      return writing(() => {
        const found = log.get.get(name);
        if (!found) return { removed: 0, more: false };
        const timed = appendedBefore === undefined ? null : seekPlace(found, appendedBefore);
        const floor = raisedFloor(found, timed, keep ?? null);
        const first = Math.min(floor, found.first + limit);
        const removed = first > found.first ? entry.remove.run(found.number, first) : 0;
        if (removed > 0) time.remove.run(found.number, first);
        if (first > found.first || floor > found.floor) log.trim.run(first, floor, found.number);
        return { removed, more: first < floor };
      });
    },

    async erase(name, erasures) {
      const places = limits.checkErasures(erasures);
      await erasing(() => {
        if (places.length === 0) return;
        const found = log.get.get(name);
        for (const { epoch, place, text } of places) {
          if (found?.epoch === epoch && place >= found.floor) entry.replace.run(text, found.number, place);
        }
      });
    },
  };
}

interface PageBounds {
  from: number;
  to: number;
  truncated: boolean;
}
