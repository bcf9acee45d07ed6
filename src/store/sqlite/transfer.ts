/** All that a SQLite file holds, in pages, and the filling of logs. Loaded when it is called. */
import { parseJson } from '../../base/json.ts';
import { markOfCommit } from '../cursor.ts';
import type { StoredRecord, StoreTransfer } from '../store.ts';
import type { LogRow, SqliteFile } from './file.ts';

/** Entries that one transaction removes, so that others come between. */
const DROPPED_AT_ONCE = 10_000;

export function sqliteTransfer({ log, entry, time, scanned, reading, writing }: SqliteFile): StoreTransfer {
  return {
    async records(after, limit) {
      const [partition, id] = after === null ? ['', ''] : (JSON.parse(after) as [string, string]);
      const rows = await reading(() => scanned.records.all(partition, id, limit));
      const records = rows.map((row): StoredRecord => {
        const due = row.queue === null || row.due_at === null ? null : { queue: row.queue, at: row.due_at };
        const { version, expires_at: expiresAt } = row;
        return { partition: row.partition, id: row.id, value: parseJson(row.value) as never, version, expiresAt, due };
      });
      const last = rows.length < limit ? undefined : rows.at(-1);
      return { records, next: last === undefined ? null : JSON.stringify([last.partition, last.id]) };
    },

    async logs(after, limit) {
      const rows = await reading(() => scanned.logs.all(Number(after ?? -1), limit));
      const last = rows.length < limit ? undefined : rows.at(-1);
      return { logs: rows.map(({ name }) => name), next: last === undefined ? null : String(last.number) };
    },

    fill: (name, { epoch, place, entries }) =>
      writing(() => {
        if (log.get.get(name) === null) {
          log.create.run(name, epoch);
          log.begin.run(place, name);
        }
        const found = log.get.get(name) as LogRow;
        if (found.epoch !== epoch || found.end !== place) return false;
        const mark = markOfCommit(epoch);
        let newestAt = found.newest_at;
        for (const [index, { value, appendedAt }] of entries.entries()) {
          if (appendedAt > newestAt) time.add.run(found.number, appendedAt, place + index);
          newestAt = Math.max(newestAt, appendedAt);
          entry.add.run(found.number, place + index, newestAt, JSON.stringify(value), mark);
        }
        log.extend.run(place + entries.length, newestAt, found.number);
        return true;
      }),

    async drop(name) {
      const found = log.get.get(name);
      if (found === null) return;
      const { number, first, end } = found;
      for (let place = first; place < end; place += DROPPED_AT_ONCE) {
        await writing(() => entry.remove.run(number, Math.min(end, place + DROPPED_AT_ONCE)));
      }
      await writing(() => {
        time.empty.run(number);
        log.remove.run(number);
      });
    },
  };
}
