/**
 * The store in one SQLite file, through `node:sqlite`, with a write-ahead log and `synchronous=FULL`. A committed write is
 * on disk, as far as the disk tells the truth. Several processes may share the file; several machines may not. Every call
 * blocks its thread while SQLite works, and never while another process writes.
 */
import { TidegateError } from '../../base/errors.ts';
import { parseJson, utf8Bytes } from '../../base/json.ts';
import * as limits from '../limits.ts';
import { readCursors } from '../commit-answer.ts';
import { compareUtf8 } from '../order.ts';
import { shardOf, shardsFrom } from '../shard.ts';
import { BUSY_MS, FLEETING, openSqliteFile, type RecordRow, type SqliteOptions } from './file.ts';
import { createSqliteLogs } from './logs.ts';
import type { CommitResult, DueRecord, Operation, Reading, RecordKey, Store, StoredRecord } from '../store.ts';

/** For how long, ms, and for how many bytes of commits, the file is taken to be in its place and to have room. */
const LOOK = { everyMs: 1_000, everyBytes: 1_048_576 };

/** @throws TidegateError naming `SQLITE_PATH` when the file cannot be opened or is not ours; codes as `openDatabase` */
export function createSqliteStore(options: SqliteOptions): Store {
  const { busyMs = BUSY_MS } = options;
  const file = openSqliteFile(options);
  const { record, made, counter, within, reading, writing, health, close } = file;
  let looked = { at: Number.NEGATIVE_INFINITY, bytes: 0 };
  const readingOf = (key: RecordKey, now: number) => toReading(key, record.get.get(key.partition, key.id), now);
  const { append, ...logs } = createSqliteLogs(file, readingOf);

  function conflictsOf(operations: readonly Operation[], now: number) {
    return operations.flatMap((operation, index) => {
      if (operation.kind === 'append') return [];
      const row = record.get.get(operation.partition, operation.id);
      const stale = operation.kind === 'check' && row !== null && isExpired(row, now);
      const holds = !stale && (row?.version ?? null) === operation.expects;
      return holds ? [] : [{ operation: index, found: toReading(operation, row, now) }];
    });
  }

  function write(operations: readonly Operation[], id: string, now: number, encoded: string[][]): CommitResult {
    const repeated = made.get.get(id);
    if (repeated) return { status: 'committed', version: id, cursors: readCursors(repeated.cursors) };
    const conflicts = conflictsOf(operations, now);
    if (conflicts.length > 0) return { status: 'conflict', conflicts };
    const cursors: Record<string, string> = {};
    operations.forEach((operation, index) => {
      const texts = encoded[index] ?? [];
      if (operation.kind === 'append') cursors[operation.log] = append(operation.log, texts, id, now);
      if (operation.kind === 'delete') record.delete.run(operation.partition, operation.id);
      if (operation.kind === 'put') {
        const { partition, expiresAt = null, due = null, fleeting } = operation;
        const shard = due ? shardOf(operation) : fleeting ? FLEETING : null;
        const queued = [due?.queue ?? null, shard, due?.at ?? null];
        record.put.run(partition, operation.id, texts[0] ?? '', id, expiresAt, ...queued);
      }
    });
    made.forget.run(now - limits.COMMIT_MEMORY_MS, 2);
    made.add.run(id, now, JSON.stringify(cursors));
    return { status: 'committed', version: id, cursors };
  }

  /**
   * What is written to a file that nobody can open any more would be lost, and what fills the disk would keep retention from
   * freeing it.
   * @param bytes how many are to be written. @throws TidegateError `store_damaged`, `store_full`
   */
  function checkPlace(now: number, bytes: number): void {
    const cut = bytes > 0 ? health.cut() : null;
    if (cut !== null) throw cut;
    looked.bytes += bytes;
    if (Math.abs(now - looked.at) < LOOK.everyMs && looked.bytes < LOOK.everyBytes) return;
    const wrong = health.moved() ?? (bytes > 0 ? health.full() : null);
    if (wrong !== null) throw wrong;
    looked = { at: now, bytes: 0 };
  }

  return {
    name: 'sqlite',
    limits: limits.PORTABLE_LIMITS,
    putBack: file.putBack,

    async get(key, now) {
      limits.checkKey(key);
      return reading(() => readingOf(key, now));
    },

    async getMany(keys, now) {
      limits.checkKeys(keys);
      const readAll = () => keys.map((key) => readingOf(key, now));
      // The lock that a read takes costs more than the read: together they take one.
      return reading(() => (keys.length === 1 ? readAll() : within('read', readAll)));
    },

    async list(partition, { now, limit, prefix = '', after = '', beside }) {
      limits.checkList(partition, { limit, beside });
      const more = beside === undefined ? {} : { beside: await reading(() => readingOf(beside, now)) };
      if (!limits.isPrefix(prefix)) return { records: [], next: null, ...more };
      return reading(() => {
        const records: StoredRecord[] = [];
        let bytes = 0;
        // One by one, so that what is beyond the page is not read.
        for (const row of record.list.iterate(partition, ...idsOf(prefix, after), now, limit + 1)) {
          if (records.length === limit || bytes > limits.LIST_BYTES) {
            return { records, next: records.at(-1)?.id ?? null, ...more };
          }
          records.push(toReading({ partition, id: row.id }, row, now) as StoredRecord);
          bytes += utf8Bytes(row.value);
        }
        return { records, next: null, ...more };
      });
    },

    async due(queue, { now, limit, from, after }) {
      limits.checkDue(queue, { limit });
      const found: DueRecord[] = [];
      const span = after === undefined ? [-Number.MAX_SAFE_INTEGER, now] : [after, Number.MAX_SAFE_INTEGER];
      for (const shard of shardsFrom(from)) {
        if (found.length === limit) break;
        found.push(...(await reading(() => record.due.all(queue, shard, ...span, now, limit - found.length))));
      }
      return found;
    },

    ...logs,

    async commit(operations, options) {
      const encoded = limits.checkCommit(operations, options);
      const late = limits.tooLate(options);
      if (late) return late;
      checkPlace(
        options.now,
        encoded.flat().reduce((sum, text) => sum + text.length, 0),
      );
      try {
        const { id, now, deadline } = options;
        return await writing(() => write(operations, id, now, encoded), Math.min(busyMs, deadline - now));
      } catch (cause) {
        if (cause instanceof TidegateError && cause.code !== 'store_unavailable') throw cause;
        return { status: 'unknown', cause };
      }
    },

    async add(key, amount, { now, expiresAt }) {
      limits.checkCounter(key, amount, expiresAt);
      return (await writing(() => counter.add.get(key, amount, expiresAt, now)))?.total ?? amount;
    },

    async collect(now, limit) {
      return writing(() => {
        let removed = made.forget.run(now - limits.COMMIT_MEMORY_MS, limit);
        removed += record.collect.run(now, now - limits.GARBAGE_AFTER_MS, limit - removed);
        removed += counter.collect.run(now, limit - removed);
        return { removed };
      });
    },

    async ping() {
      await reading(() => made.get.get(''));
      const moved = health.moved();
      if (moved !== null) throw moved;
    },

    findings: ({ thorough = false }) => reading(() => health.findings(thorough)),

    transfer: async () => (await import('./transfer.ts')).sqliteTransfer(file),

    async close() {
      close();
    },
  };
}

const BEHIND_ALL = '\u{10ffff}'.repeat(limits.ID_BYTES / 4);

/** The least and the greatest id of a list. The engine seeks one bound alone on each side, so there is no second one. */
function idsOf(prefix: string, after: string): [least: string, most: string] {
  const behind = after === '' ? '' : `${after}\0`;
  return [compareUtf8(behind, prefix) > 0 ? behind : prefix, prefix + BEHIND_ALL];
}

function isExpired(row: RecordRow, now: number): boolean {
  return row.expires_at !== null && row.expires_at <= now;
}

function toReading({ partition, id }: RecordKey, row: RecordRow | null, now: number): Reading {
  if (row === null || isExpired(row, now)) return { partition, id, value: null, version: row?.version ?? null };
  const due = row.queue === null || row.due_at === null ? null : { queue: row.queue, at: row.due_at };
  return {
    partition,
    id,
    value: parseJson(row.value),
    version: row.version,
    expiresAt: row.expires_at,
    due,
  };
}
