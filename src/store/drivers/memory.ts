/**
 * The store in one process's memory, and the readable specification of `store/store.ts`: exact, atomic, forgotten at exit.
 */
import type { Json } from '../../base/json.ts';
import { decodeCursor, encodeCursor, epochOf, lastBefore, raisedFloor, readFrom, type Position } from '../cursor.ts';
import * as limits from '../limits.ts';
import { compareUtf8 } from '../order.ts';
import { shardOf, shardsFrom } from '../shard.ts';
import type {
  CommitResult,
  Due,
  DueRecord,
  LogPage,
  Operation,
  Reading,
  RecordKey,
  Store,
  StoredRecord,
  StoreLimits,
} from '../store.ts';

export interface MemoryOptions {
  /** Narrower limits, as an engine may have. Default: the portable ones. */
  limits?: StoreLimits;
}

interface Row {
  text: string;
  version: string;
  expiresAt: number | null;
  due: Due | null;
}

interface Log {
  epoch: string;
  /** Place of `entries[0]`; what stands below `floor` is unreadable and waits to be removed. */
  first: number;
  floor: number;
  entries: { text: string; appendedAt: number }[];
}

type Committed = Extract<CommitResult, { status: 'committed' }>;

export function createMemoryStore({ limits: commitLimits = limits.PORTABLE_LIMITS }: MemoryOptions = {}): Store {
  const partitions = new Map<string, Map<string, Row>>();
  const logs = new Map<string, Log>();
  const counters = new Map<string, { total: number; expiresAt: number }>();
  /** In the order in which they were made: the oldest is forgotten first. */
  const commits = new Map<string, { result: Committed; at: number }>();

  const rowOf = ({ partition, id }: RecordKey) => partitions.get(partition)?.get(id) ?? null;
  const readingOf = (key: RecordKey, now: number) => toReading(key, rowOf(key), now);

  function commit(operations: readonly Operation[], id: string, now: number, encoded: string[][]): CommitResult {
    const repeated = commits.get(id);
    if (repeated) return repeated.result;
    const conflicts = operations.flatMap((operation, index) =>
      operation.kind === 'append' || holds(operation, rowOf(operation), now)
        ? []
        : [{ operation: index, found: readingOf(operation, now) }],
    );
    if (conflicts.length > 0) return { status: 'conflict', conflicts };
    const result: Committed = { status: 'committed', version: id, cursors: {} };
    operations.forEach((operation, index) => {
      const texts = encoded[index] ?? [];
      if (operation.kind === 'append') result.cursors[operation.log] = append(operation.log, texts, id, now);
      if (operation.kind === 'delete') remove(operation);
      if (operation.kind === 'put') {
        const { partition, expiresAt = null, due = null } = operation;
        const rows = partitions.get(partition) ?? new Map<string, Row>();
        rows.set(operation.id, { text: texts[0] ?? '', version: id, expiresAt, due });
        partitions.set(partition, rows);
      }
    });
    forgetCommits(now, 2);
    commits.set(id, { result, at: now });
    return result;
  }

  function append(name: string, texts: readonly string[], id: string, now: number): string {
    const log = logs.get(name) ?? { epoch: epochOf(name, id), first: 0, floor: 0, entries: [] };
    const appendedAt = Math.max(now, log.entries.at(-1)?.appendedAt ?? now);
    for (const text of texts) log.entries.push({ text, appendedAt });
    logs.set(name, log);
    return encodeCursor(log.epoch, endOf(log));
  }

  function remove({ partition, id }: RecordKey): void {
    const rows = partitions.get(partition);
    rows?.delete(id);
    if (rows?.size === 0) partitions.delete(partition);
  }

  function forgetCommits(now: number, most: number): number {
    let removed = 0;
    for (const [id, { at }] of commits) {
      if (removed >= most || at > now - limits.COMMIT_MEMORY_MS) break;
      commits.delete(id);
      removed += 1;
    }
    return removed;
  }

  function dueAt(queue: string, now: number): DueRecord[] {
    const found: DueRecord[] = [];
    for (const [partition, rows] of partitions) {
      for (const [id, row] of rows) {
        if (row.due?.queue !== queue || row.due.at > now || isExpired(row, now)) continue;
        found.push({ partition, id, dueAt: row.due.at });
      }
    }
    return found.sort((a, b) => a.dueAt - b.dueAt);
  }

  return {
    name: 'memory',
    limits: commitLimits,

    async get(key, now) {
      limits.checkKey(key);
      return readingOf(key, now);
    },

    async getMany(keys, now) {
      limits.checkKeys(keys);
      return keys.map((key) => readingOf(key, now));
    },

    async list(partition, { now, limit, prefix = '', after }) {
      limits.checkCount(limit, limits.LIST_LIMIT, 'limit');
      if (!limits.isPrefix(prefix)) return { records: [], next: null };
      const ids = [...(partitions.get(partition)?.keys() ?? [])]
        .filter((id) => id.startsWith(prefix) && (after === undefined || compareUtf8(id, after) > 0))
        .sort(compareUtf8);
      const live = ids.map((id) => readingOf({ partition, id }, now)).filter((reading) => reading.value !== null);
      const records = live.slice(0, limit) as StoredRecord[];
      return { records, next: live.length > limit ? (records.at(-1)?.id ?? null) : null };
    },

    async due(queue, { now, limit, from }) {
      limits.checkCount(limit, limits.DUE_LIMIT, 'limit');
      const all = dueAt(queue, now);
      return shardsFrom(from)
        .flatMap((shard) => all.filter((record) => shardOf(record) === shard))
        .slice(0, limit);
    },

    async read(name, after, limit) {
      limits.checkCount(limit, limits.READ_LIMIT, 'limit');
      const position = after === null ? null : decodeCursor(after);
      const log = logs.get(name);
      if (!log) return emptyPage(position);
      const { from, truncated } = readFrom(spanOf(log), position);
      return pageOf(log, from, Math.min(from + limit, endOf(log)), truncated);
    },

    async last(name, n, before = null) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      const position = before === null ? null : decodeCursor(before);
      const log = logs.get(name);
      if (!log) return emptyPage(position);
      const { from, to, truncated } = lastBefore(spanOf(log), n, position);
      return pageOf(log, from, to, truncated);
    },

    async seek(name, time) {
      const log = logs.get(name);
      return log ? encodeCursor(log.epoch, seekPlace(log, time)) : null;
    },

    async extent(name) {
      const log = logs.get(name);
      if (!log) return { start: null, end: null, count: 0, newestAt: null };
      const { epoch, floor, end } = spanOf(log);
      return {
        start: encodeCursor(epoch, floor),
        end: encodeCursor(epoch, end),
        count: end - floor,
        newestAt: log.entries.at(-1)?.appendedAt ?? null,
      };
    },

    async commit(operations, options) {
      const encoded = limits.checkCommit(operations, options, commitLimits);
      return limits.tooLate(options) ?? structuredClone(commit(operations, options.id, options.now, encoded));
    },

    async add(key, amount, { now, expiresAt }) {
      limits.checkCounter(key, amount, expiresAt);
      const counter = counters.get(key);
      const live = counter !== undefined && counter.expiresAt > now;
      const total = limits.counted((live ? counter.total : 0) + amount);
      const next = { total, expiresAt: live ? counter.expiresAt : expiresAt };
      counters.set(key, next);
      return next.total;
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

    async collect(now, limit) {
      let removed = forgetCommits(now, limit);
      for (const [partition, rows] of partitions) {
        for (const [id, row] of rows) {
          if (removed >= limit) return { removed };
          if (!isExpired(row, now - limits.GARBAGE_AFTER_MS)) continue;
          remove({ partition, id });
          removed += 1;
        }
      }
      for (const [key, { expiresAt }] of counters) {
        if (removed >= limit) break;
        if (expiresAt > now) continue;
        counters.delete(key);
        removed += 1;
      }
      return { removed };
    },

    async ping() {},
    async close() {},
  };
}

function isExpired(row: { expiresAt: number | null }, now: number): boolean {
  return row.expiresAt !== null && row.expiresAt <= now;
}

function holds(operation: Exclude<Operation, { kind: 'append' }>, row: Row | null, now: number): boolean {
  if (operation.kind === 'check' && row !== null && isExpired(row, now)) return false;
  return (row?.version ?? null) === operation.expects;
}

function toReading({ partition, id }: RecordKey, row: Row | null, now: number): Reading {
  if (row === null || isExpired(row, now)) return { partition, id, value: null, version: row?.version ?? null };
  const { text, version, expiresAt, due } = row;
  return { partition, id, value: JSON.parse(text) as Json, version, expiresAt, due: due && { ...due } };
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

function pageOf(log: Log, from: number, to: number, truncated: boolean): LogPage {
  const entries = log.entries.slice(from - log.first, to - log.first).map(({ text, appendedAt }, index) => ({
    value: JSON.parse(text) as Json,
    cursor: encodeCursor(log.epoch, from + index + 1),
    appendedAt,
  }));
  return { entries, start: encodeCursor(log.epoch, from), cursor: encodeCursor(log.epoch, to), truncated };
}

/** The page of a log that never had an entry: any cursor into it is a foreign one. */
function emptyPage(position: Position | null): LogPage {
  return { entries: [], start: null, cursor: null, truncated: position !== null };
}
