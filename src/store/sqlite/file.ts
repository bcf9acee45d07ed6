/**
 * The SQLite file under the store: its statements and its transactions. It knows no operation of a commit and no limit;
 * `store.ts` does.
 */
import type { SQLInputValue } from 'node:sqlite';
import { type Runtime, systemRuntime } from '../../base/runtime.ts';
import type { Span } from '../cursor.ts';
import type { DueRecord } from '../store.ts';
import { isBusy, toStoreError } from './errors.ts';
import { createSqliteHealth, holderOf } from './health.ts';
import { nameColumn, withNames } from './names.ts';
import { openDatabase, type OpenedDatabase, unusable } from './open.ts';
import { createPatience } from './patience.ts';

export interface SqliteOptions {
  /** The file, in a folder that exists. `:memory:` makes a store that is kept nowhere. */
  path: string;
  /** How long a call waits while another process writes, ms. Meanwhile the thread goes on. Default 5 s. */
  busyMs?: number;
  /** How long the opening waits for that, ms, which stops the thread. Default: as `busyMs`. */
  openMs?: number;
  /** Default: the platform's. */
  clock?: Pick<Runtime, 'random' | 'sleep'>;
}

/** How long a call waits for another process's lock, ms. */
export const BUSY_MS = 5_000;
/** How an error of SQLite says that there is a lock. */
const BUSY = { code: 'ERR_SQLITE_ERROR', errcode: 5 };

/** Stands in the column `shard` of a record without a queue that may go as soon as it has expired. */
export const FLEETING = -1;

export interface RecordRow {
  value: string;
  version: string;
  expires_at: number | null;
  queue: string | null;
  due_at: number | null;
}

/** The columns of a `RecordRow`. */
const VALUES = 'value, version, expires_at, queue, due_at';

export interface LogRow extends Span {
  number: number;
  first: number;
  newest_at: number;
}

export type SqliteFile = ReturnType<typeof openSqliteFile>;

/** Opens the file, and brings its schema up to date. Errors as `openDatabase`. */
export function openSqliteFile(options: SqliteOptions) {
  const { path, busyMs = BUSY_MS, openMs = busyMs, clock = systemRuntime(() => {}) } = options;
  const opened = openDatabase(path, openMs);
  try {
    return statementsOf(opened, path, busyMs, clock);
  } catch (thrown) {
    opened.close();
    throw unusable(thrown, path);
  }
}

/** `?1` and the like: Node before 22.20 knows them as names alone. */
const NUMBERED = /\?\d/;

function byNumber(values: readonly SQLInputValue[]): [Record<string, SQLInputValue>] {
  return [Object.fromEntries(values.map((value, at) => [at + 1, value]))];
}

function statementsOf(
  { database, life, close: closeDatabase }: OpenedDatabase,
  path: string,
  busyMs: number,
  clock: Pick<Runtime, 'random' | 'sleep'>,
) {
  const prepare = <Row>(sql: string) => {
    const statement = database.prepare(sql);
    const isNumbered = NUMBERED.test(sql);
    // Both forms are what a statement takes.
    const bound = (values: SQLInputValue[]) => (isNumbered ? byNumber(values) : values) as SQLInputValue[];
    return {
      get: (...values: SQLInputValue[]) => (statement.get(...bound(values)) as Row | undefined) ?? null,
      all: (...values: SQLInputValue[]) => (statement.all(...bound(values)) as Row[]).map(withNames),
      *iterate(...values: SQLInputValue[]): Generator<Row, void, undefined> {
        for (const row of statement.iterate(...bound(values))) yield withNames(row as Row);
      },
      run: (...values: SQLInputValue[]) => Number(statement.run(...bound(values)).changes),
    };
  };
  const begin = { read: prepare('BEGIN'), write: prepare('BEGIN IMMEDIATE') };
  const checkpoint = prepare<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
  const end = { commit: prepare('COMMIT'), rollback: prepare('ROLLBACK') };
  const record = {
    get: prepare<RecordRow>(`SELECT ${VALUES} FROM records WHERE partition = ? AND id = ?`),
    list: prepare<RecordRow & { id: string }>(`SELECT ${VALUES}, ${nameColumn('id')} FROM records
      WHERE partition = ? AND id >= ? AND id <= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY records.id LIMIT ?`),
    due: prepare<DueRecord>(`SELECT ${nameColumn('partition')}, ${nameColumn('id')}, due_at AS dueAt FROM records
      WHERE queue = ? AND shard = ? AND due_at > ? AND due_at <= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY due_at LIMIT ?`),
    put: prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    delete: prepare('DELETE FROM records WHERE partition = ? AND id = ?'),
    collect: prepare(`DELETE FROM records WHERE (partition, id) IN
      (SELECT partition, id FROM records WHERE expires_at <= ?1 AND (expires_at <= ?2 OR shard = ${FLEETING}) LIMIT ?3)`),
  };
  const log = {
    get: prepare<LogRow>('SELECT number, epoch, first, floor, end, newest_at FROM logs WHERE name = ?'),
    create: prepare(
      'INSERT INTO logs (name, epoch, first, floor, end, newest_at) VALUES (?, ?, 0, 0, 0, -9007199254740991)',
    ),
    begin: prepare('UPDATE logs SET first = ?1, floor = ?1, end = ?1 WHERE name = ?2'),
    extend: prepare('UPDATE logs SET end = ?, newest_at = ? WHERE number = ?'),
    remove: prepare('DELETE FROM logs WHERE number = ?'),
    trim: prepare('UPDATE logs SET first = ?, floor = ? WHERE number = ?'),
  };
  const scanned = {
    records: prepare<RecordRow & { partition: string; id: string }>(
      `SELECT ${nameColumn('partition')}, ${nameColumn('id')}, ${VALUES} FROM records
      WHERE (partition, id) > (?, ?) ORDER BY records.partition, records.id LIMIT ?`,
    ),
    logs: prepare<{ number: number; name: string }>(
      `SELECT number, ${nameColumn('name')} FROM logs WHERE number > ? ORDER BY number LIMIT ?`,
    ),
  };
  const entry = {
    add: prepare('INSERT INTO entries (log, place, appended_at, value, mark) VALUES (?, ?, ?, ?, ?)'),
    read: prepare<{ value: string; appended_at: number; mark: string | null }>(
      'SELECT value, appended_at, mark FROM entries WHERE log = ? AND place >= ? AND place < ? ORDER BY place',
    ),
    mark: prepare<{ mark: string | null }>('SELECT mark FROM entries WHERE log = ? AND place = ?'),
    replace: prepare('UPDATE entries SET value = ? WHERE log = ? AND place = ?'),
    remove: prepare('DELETE FROM entries WHERE log = ? AND place < ?'),
  };
  const time = {
    add: prepare('INSERT INTO times VALUES (?, ?, ?)'),
    seek: prepare<{ place: number }>(
      'SELECT place FROM times WHERE log = ? AND appended_at >= ? ORDER BY appended_at LIMIT 1',
    ),
    empty: prepare('DELETE FROM times WHERE log = ?'),
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
      total = max(-9007199254740991, min(9007199254740991, CASE WHEN expires_at > ?4 THEN total ELSE 0 END + ?2)),
      expires_at = CASE WHEN expires_at > ?4 THEN expires_at ELSE ?3 END RETURNING total`),
    collect: prepare('DELETE FROM counters WHERE key IN (SELECT key FROM counters WHERE expires_at <= ? LIMIT ?)'),
  };

  // Readers do not wait behind writers.
  const patience = { read: createPatience(clock), write: createPatience(clock) };
  const health = createSqliteHealth(database, path, life);

  /**
   * Does the work, and again after a pause where another process's lock keeps it from that.
   * @param mostMs how long it may wait
   * @throws TidegateError as `toStoreError`
   */
  async function patiently<Result>(kind: 'read' | 'write', work: () => Result, mostMs = busyMs): Promise<Result> {
    try {
      return await patience[kind](work, mostMs);
    } catch (cause) {
      health.met(cause);
      throw toStoreError(cause, path, isBusy(cause) ? holderOf(path) : '');
    }
  }

  /** Does the work in a transaction, on one state of the file. An error that it throws undoes what it wrote. */
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

  /**
   * Does the work in a transaction that overwrites what it replaces, also in the file's free space, and then empties the
   * write-ahead log, which holds former pages. Where another process reads from that log for long, it is emptied later.
   */
  async function erasing(work: () => void): Promise<void> {
    await patiently('write', () => {
      database.exec('PRAGMA secure_delete = ON');
      try {
        within('write', work);
      } finally {
        database.exec('PRAGMA secure_delete = FAST');
      }
    });
    await patiently('write', emptyLog).catch(() => {});
  }

  function emptyLog(): void {
    if (checkpoint.get()?.busy === 1) throw Object.assign(new Error('the write-ahead log is in use'), BUSY);
  }

  function close(): void {
    if (!database.isOpen) return;
    life.leave();
    closeDatabase();
  }

  return {
    record,
    scanned,
    log,
    entry,
    time,
    made,
    counter,
    within,
    reading: <Result>(work: () => Result) => patiently('read', work),
    writing: <Result>(work: () => Result, mostMs?: number) => patiently('write', () => within('write', work), mostMs),
    erasing,
    health,
    putBack: life.putBack !== null,
    close,
  };
}
