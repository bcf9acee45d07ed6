/**
 * The store in one SQLite file: `node:sqlite`, write-ahead log, `synchronous=FULL`. Committed means on disk, as far as the
 * disk tells the truth. Several processes may share the file, not several machines. Every call blocks its thread for
 * as long as SQLite works, or waits for another process to finish its commit: up to `busyMs`.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { TidegateError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import {
  decodeCursor,
  encodeCursor,
  epochOf,
  lastBefore,
  raisedFloor,
  readFrom,
  type Position,
  type Span,
} from './cursor.ts';
import * as limits from './limits.ts';
import { shardOf, shardsFrom } from './shard.ts';
import type { CommitResult, DueRecord, LogPage, Operation, Reading, RecordKey, Store, StoredRecord } from './store.ts';

export interface SqliteOptions {
  /** The file; its folder must exist. `:memory:` for a store that is forgotten. */
  path: string;
  /** How long to wait for another process that writes. Default 5 s. */
  busyMs?: number;
}

const BUSY_MS = 5_000;
const SCHEMA_VERSION = 1;

/** Append times never fall: `times` has the first place of each, and no entry needs an index of its own. */
const SCHEMA = `
  CREATE TABLE records (
    partition TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, version TEXT NOT NULL, expires_at INTEGER,
    queue TEXT, shard INTEGER, due_at INTEGER,
    PRIMARY KEY (partition, id)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX records_due ON records (queue, shard, due_at) WHERE queue IS NOT NULL;
  CREATE INDEX records_expiring ON records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE logs (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,
    first INTEGER NOT NULL, floor INTEGER NOT NULL, end INTEGER NOT NULL, newest_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE entries (
    log INTEGER NOT NULL, place INTEGER NOT NULL, appended_at INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (log, place)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE times (
    log INTEGER NOT NULL, appended_at INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (log, appended_at)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE commits (id TEXT PRIMARY KEY, at INTEGER NOT NULL, cursors TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE INDEX commits_by_age ON commits (at);
  CREATE TABLE counters (key TEXT PRIMARY KEY, total INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  CREATE INDEX counters_expiring ON counters (expires_at);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

interface RecordRow {
  id: string;
  value: string;
  version: string;
  expires_at: number | null;
  queue: string | null;
  due_at: number | null;
}

interface LogRow extends Span {
  number: number;
  first: number;
  newest_at: number;
}

/** @throws TidegateError `invalid_config` naming `SQLITE_PATH` when the file cannot be opened or is not ours. */
export function createSqliteStore({ path, busyMs = BUSY_MS }: SqliteOptions): Store {
  const database = open(path, busyMs);
  const prepare = <Row>(sql: string) => {
    const statement = database.prepare(sql);
    return {
      get: (...values: SQLInputValue[]) => (statement.get(...values) as Row | undefined) ?? null,
      all: (...values: SQLInputValue[]) => statement.all(...values) as Row[],
      run: (...values: SQLInputValue[]) => Number(statement.run(...values).changes),
    };
  };
  const begin = { read: prepare('BEGIN'), write: prepare('BEGIN IMMEDIATE') };
  const end = { commit: prepare('COMMIT'), rollback: prepare('ROLLBACK') };
  const record = {
    get: prepare<RecordRow>('SELECT * FROM records WHERE partition = ? AND id = ?'),
    list: prepare<RecordRow>(`SELECT * FROM records WHERE partition = ? AND id >= ? AND id > ?
      AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT ?`),
    due: prepare<DueRecord>(`SELECT partition, id, due_at AS dueAt FROM records WHERE queue = ? AND shard = ? AND due_at <= ?
      AND (expires_at IS NULL OR expires_at > ?) ORDER BY due_at LIMIT ?`),
    put: prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    delete: prepare('DELETE FROM records WHERE partition = ? AND id = ?'),
    collect: prepare(`DELETE FROM records WHERE (partition, id) IN
      (SELECT partition, id FROM records WHERE expires_at <= ? LIMIT ?)`),
  };
  const log = {
    get: prepare<LogRow>('SELECT * FROM logs WHERE name = ?'),
    create: prepare(
      'INSERT INTO logs (name, epoch, first, floor, end, newest_at) VALUES (?, ?, 0, 0, 0, -9007199254740991)',
    ),
    extend: prepare('UPDATE logs SET end = ?, newest_at = ? WHERE number = ?'),
    trim: prepare('UPDATE logs SET first = ?, floor = ? WHERE number = ?'),
  };
  const entry = {
    add: prepare('INSERT INTO entries VALUES (?, ?, ?, ?)'),
    read: prepare<{ value: string; appended_at: number }>(
      'SELECT value, appended_at FROM entries WHERE log = ? AND place >= ? AND place < ? ORDER BY place',
    ),
    remove: prepare('DELETE FROM entries WHERE log = ? AND place < ?'),
  };
  const time = {
    add: prepare('INSERT INTO times VALUES (?, ?, ?)'),
    seek: prepare<{ place: number }>(
      'SELECT place FROM times WHERE log = ? AND appended_at >= ? ORDER BY appended_at LIMIT 1',
    ),
    remove: prepare(`DELETE FROM times WHERE log = ?1 AND appended_at <
      (SELECT appended_at FROM entries WHERE log = ?1 AND place = ?2)`),
  };
  const made = {
    get: prepare<{ cursors: string }>('SELECT cursors FROM commits WHERE id = ?'),
    add: prepare('INSERT INTO commits VALUES (?, ?, ?)'),
    forget: prepare('DELETE FROM commits WHERE id IN (SELECT id FROM commits WHERE at <= ? ORDER BY at LIMIT ?)'),
  };
  const counter = {
    add: prepare<{ total: number }>(`INSERT INTO counters VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET
      total = CASE WHEN expires_at > ?4 THEN total ELSE 0 END + ?2,
      expires_at = CASE WHEN expires_at > ?4 THEN expires_at ELSE ?3 END RETURNING total`),
    collect: prepare('DELETE FROM counters WHERE key IN (SELECT key FROM counters WHERE expires_at <= ? LIMIT ?)'),
  };

  /** Runs `work` on one state of the file; what it throws undoes what it wrote. */
  function within<Result>(kind: 'read' | 'write', work: () => Result): Result {
    begin[kind].run();
    try {
      const result = work();
      end.commit.run();
      return result;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (database.isTransaction) end.rollback.run();
      throw error;
    }
  }

  const readingOf = (key: RecordKey, now: number) => toReading(key, record.get.get(key.partition, key.id), now);

  function conflictsOf(operations: readonly Operation[], now: number) {
    return operations.flatMap((operation, index) => {
      if (operation.kind === 'append') return [];
      const row = record.get.get(operation.partition, operation.id);
      const stale = operation.kind === 'check' && row !== null && isExpired(row, now);
      const holds = !stale && (row?.version ?? null) === operation.expects;
      return holds ? [] : [{ operation: index, found: toReading(operation, row, now) }];
    });
  }

  function append(name: string, texts: readonly string[], id: string, now: number): string {
    if (log.get.get(name) === null) log.create.run(name, epochOf(name, id));
    const { number, epoch, end, newest_at } = log.get.get(name) as LogRow;
    const appendedAt = Math.max(now, newest_at);
    if (appendedAt > newest_at) time.add.run(number, appendedAt, end);
    texts.forEach((text, index) => entry.add.run(number, end + index, appendedAt, text));
    log.extend.run(end + texts.length, appendedAt, number);
    return encodeCursor(epoch, end + texts.length);
  }

  function write(operations: readonly Operation[], id: string, now: number, encoded: string[][]): CommitResult {
    const repeated = made.get.get(id);
    if (repeated) return { status: 'committed', version: id, cursors: JSON.parse(repeated.cursors) };
    const conflicts = conflictsOf(operations, now);
    if (conflicts.length > 0) return { status: 'conflict', conflicts };
    const cursors: Record<string, string> = {};
    operations.forEach((operation, index) => {
      const texts = encoded[index] ?? [];
      if (operation.kind === 'append') cursors[operation.log] = append(operation.log, texts, id, now);
      if (operation.kind === 'delete') record.delete.run(operation.partition, operation.id);
      if (operation.kind === 'put') {
        const { partition, expiresAt = null, due = null } = operation;
        const shard = due && shardOf(operation);
        const queued = [due?.queue ?? null, shard, due?.at ?? null];
        record.put.run(partition, operation.id, texts[0] ?? '', id, expiresAt, ...queued);
      }
    });
    made.forget.run(now - limits.COMMIT_MEMORY_MS, 2);
    made.add.run(id, now, JSON.stringify(cursors));
    return { status: 'committed', version: id, cursors };
  }

  /** The first readable place whose entry was appended at or after `time`. */
  function seekPlace({ number, floor, end }: LogRow, from: number): number {
    return Math.max(time.seek.get(number, from)?.place ?? end, floor);
  }

  function page(name: string, position: Position | null, choose: (span: Span) => PageBounds): LogPage {
    return within('read', () => {
      const found = log.get.get(name);
      if (!found) return { entries: [], start: null, cursor: null, truncated: position !== null };
      const { number, epoch } = found;
      const { from, to, truncated } = choose(found);
      const entries = entry.read.all(number, from, to).map(({ value, appended_at }, index) => ({
        value: JSON.parse(value) as Json,
        cursor: encodeCursor(epoch, from + index + 1),
        appendedAt: appended_at,
      }));
      return { entries, start: encodeCursor(epoch, from), cursor: encodeCursor(epoch, to), truncated };
    });
  }

  return {
    name: 'sqlite',
    limits: limits.PORTABLE_LIMITS,

    async get(key, now) {
      limits.checkKey(key);
      return reached(() => readingOf(key, now));
    },

    async getMany(keys, now) {
      limits.checkKeys(keys);
      return reached(() => keys.map((key) => readingOf(key, now)));
    },

    async list(partition, { now, limit, prefix = '', after = '' }) {
      limits.checkCount(limit, limits.LIST_LIMIT, 'limit');
      const rows = reached(() => record.list.all(partition, prefix, after, now, limit + 1));
      const matching = rows.filter((row) => row.id.startsWith(prefix));
      const records = matching
        .slice(0, limit)
        .map((row) => toReading({ partition, id: row.id }, row, now) as StoredRecord);
      return { records, next: matching.length > limit ? (records.at(-1)?.id ?? null) : null };
    },

    async due(queue, { now, limit, from }) {
      limits.checkCount(limit, limits.DUE_LIMIT, 'limit');
      const found: DueRecord[] = [];
      for (const shard of shardsFrom(from)) {
        if (found.length === limit) break;
        found.push(...reached(() => record.due.all(queue, shard, now, now, limit - found.length)));
      }
      return found;
    },

    async read(name, after, limit) {
      limits.checkCount(limit, limits.READ_LIMIT, 'limit');
      const position = after === null ? null : decodeCursor(after);
      return reached(() =>
        page(name, position, (span) => {
          const { from, truncated } = readFrom(span, position);
          return { from, to: Math.min(from + limit, span.end), truncated };
        }),
      );
    },

    async last(name, n, before = null) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      const position = before === null ? null : decodeCursor(before);
      return reached(() => page(name, position, (span) => lastBefore(span, n, position)));
    },

    async seek(name, time) {
      return reached(() =>
        within('read', () => {
          const found = log.get.get(name);
          return found && encodeCursor(found.epoch, seekPlace(found, time));
        }),
      );
    },

    async extent(name) {
      const found = reached(() => log.get.get(name));
      if (!found) return { start: null, end: null, count: 0, newestAt: null };
      const { epoch, floor, end, newest_at } = found;
      return {
        start: encodeCursor(epoch, floor),
        end: encodeCursor(epoch, end),
        count: end - floor,
        newestAt: newest_at,
      };
    },

    async commit(operations, { id, now }) {
      const encoded = limits.checkCommit(operations, id);
      try {
        return within('write', () => write(operations, id, now, encoded));
      } catch (cause) {
        return { status: 'unknown', cause };
      }
    },

    async add(key, amount, { now, expiresAt }) {
      limits.checkWhole(amount, 'amount');
      return reached(() => counter.add.get(key, amount, expiresAt, now))?.total ?? amount;
    },

    async trim(name, { appendedBefore, keep, limit }) {
      return reached(() =>
        within('write', () => {
          const found = log.get.get(name);
          if (!found) return { removed: 0, more: false };
          const timed = appendedBefore === undefined ? null : seekPlace(found, appendedBefore);
          const floor = raisedFloor(found, timed, keep ?? null);
          const first = Math.min(floor, found.first + limit);
          const removed = first > found.first ? entry.remove.run(found.number, first) : 0;
          if (removed > 0) time.remove.run(found.number, first);
          if (first > found.first || floor > found.floor) log.trim.run(first, floor, found.number);
          return { removed, more: first < floor };
        }),
      );
    },

    async collect(now, limit) {
      return reached(() =>
        within('write', () => {
          let removed = made.forget.run(now - limits.COMMIT_MEMORY_MS, limit);
          removed += record.collect.run(now - limits.GARBAGE_AFTER_MS, limit - removed);
          removed += counter.collect.run(now, limit - removed);
          return { removed };
        }),
      );
    },

    async ping() {
      reached(() => made.get.get(''));
    },

    async close() {
      if (database.isOpen) database.close();
    },
  };
}

interface PageBounds {
  from: number;
  to: number;
  truncated: boolean;
}

function open(path: string, busyMs: number): DatabaseSync {
  try {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${busyMs}`);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('BEGIN IMMEDIATE');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) database.exec(SCHEMA);
    database.exec('COMMIT');
    if (version !== 0 && version !== SCHEMA_VERSION) throw new Error(`it has schema ${version}`);
    return database;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('invalid_config', `SQLITE_PATH: ${path} cannot be used: ${reason}`, {
      field: 'SQLITE_PATH',
      expected: 'a file of this version of Tidegate, or none yet, in a folder that exists and may be written to',
      cause,
    });
  }
}

/** @throws TidegateError `store_unavailable` for whatever SQLite throws. */
function reached<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw new TidegateError('store_unavailable', 'the sqlite store could not be read', { retryAfterMs: 1_000, cause });
  }
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
    value: JSON.parse(row.value) as Json,
    version: row.version,
    expiresAt: row.expires_at,
    due,
  };
}
