/**
 * The store in the memory of one process, and the readable specification of `store/store.ts`. It is exact and atomic, and
 * keeps nothing beyond the process.
 */
import { parseJson, utf8Bytes } from '../../base/json.ts';
import * as limits from '../limits.ts';
import { compareUtf8 } from '../order.ts';
import { shardsFrom } from '../shard.ts';
import { createMemoryLogs } from './memory-logs.ts';
import { createMemoryRecords, type MemoryRow } from './memory-records.ts';
import { createSorted } from './sorted.ts';
import {
  type CommitResult,
  type DueRecord,
  isPresent,
  type Operation,
  type Reading,
  type RecordKey,
  type Store,
  type StoredRecord,
  type StoreLimits,
} from '../store.ts';

export interface MemoryOptions {
  /** Narrower limits, such as an engine may have. Default: the portable ones. */
  limits?: StoreLimits;
}

/** A clock by which nothing has expired. */
const NEVER_EXPIRED = Number.MIN_SAFE_INTEGER;

type Committed = Extract<CommitResult, { status: 'committed' }>;

export function createMemoryStore({ limits: commitLimits = limits.PORTABLE_LIMITS }: MemoryOptions = {}): Store {
  const records = createMemoryRecords();
  const { rowOf } = records;
  const counters = new Map<string, { total: number; expiresAt: number }>();
  const endings = createSorted<{ key: string; at: number }>((a, b) => a.at - b.at || compareUtf8(a.key, b.key));
  /** In the order in which they were made, so that the oldest is forgotten first. */
  const commits = new Map<string, { result: Committed; at: number }>();

  const readingOf = (key: RecordKey, now: number) => toReading(key, rowOf(key), now);
  const { append, names, fill, drop, ...logs } = createMemoryLogs(readingOf);

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
      if (operation.kind === 'delete') records.remove(operation);
      if (operation.kind === 'put') {
        const { expiresAt = null, due = null, fleeting: isFleeting = false } = operation;
        records.put(operation, { text: texts[0] ?? '', version: id, expiresAt, due, isFleeting });
      }
    });
    forgetCommits(now, 2);
    commits.set(id, { result, at: now });
    return result;
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

    async list(partition, { now, limit, prefix = '', after, beside }) {
      limits.checkList(partition, { limit, beside });
      const more = beside === undefined ? {} : { beside: readingOf(beside, now) };
      if (!limits.isPrefix(prefix)) return { records: [], next: null, ...more };
      const page: StoredRecord[] = [];
      let bytes = 0;
      for (const id of records.idsOf(partition, prefix, after ?? null)) {
        const key = { partition, id };
        const reading = readingOf(key, now);
        if (!isPresent(reading)) continue;
        if (page.length === limit || bytes > limits.LIST_BYTES) {
          return { records: page, next: page.at(-1)?.id ?? null, ...more };
        }
        page.push(reading);
        bytes += utf8Bytes(rowOf(key)?.text ?? '');
      }
      return { records: page, next: null, ...more };
    },

    async due(queue, { now, limit, from, after }) {
      limits.checkDue(queue, { limit });
      const found: DueRecord[] = [];
      for (const shard of shardsFrom(from)) {
        for (const record of records.dueIn(queue, shard, after ?? null)) {
          if (found.length === limit) return found;
          if (after === undefined && record.dueAt > now) break;
          const row = rowOf(record);
          if (row !== null && !isExpired(row, now)) found.push(record);
        }
      }
      return found;
    },

    ...logs,

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
      if (counter !== undefined && !live) endings.remove({ key, at: counter.expiresAt });
      if (!live) endings.add({ key, at: expiresAt });
      counters.set(key, next);
      return next.total;
    },

    async collect(now, limit) {
      let removed = forgetCommits(now, limit);
      for (const key of records.removable(now, limit - removed)) {
        records.remove(key);
        removed += 1;
      }
      const over: { key: string; at: number }[] = [];
      for (const ending of endings.from(null)) {
        if (ending.at > now || removed + over.length >= limit) break;
        over.push(ending);
      }
      for (const ending of over) {
        counters.delete(ending.key);
        endings.remove(ending);
      }
      removed += over.length;
      return { removed };
    },

    transfer: async () => ({
      async records(after, limit) {
        const [page, next] = pageOf(records.keys(), nameOf, after, limit);
        return { records: page.map((key) => toReading(key, rowOf(key), NEVER_EXPIRED) as StoredRecord), next };
      },
      async logs(after, limit) {
        const [page, next] = pageOf(names(), (name) => name, after, limit);
        return { logs: page, next };
      },
      fill,
      drop,
    }),

    async ping() {},
    async close() {},
  };
}

/** A page in the order of names, and the name that the next one begins behind. */
function pageOf<Item>(
  items: readonly Item[],
  name: (item: Item) => string,
  after: string | null,
  limit: number,
): [Item[], string | null] {
  const left = items.filter((item) => after === null || name(item) > after);
  const page = left.toSorted((a, b) => (name(a) < name(b) ? -1 : 1)).slice(0, limit);
  const last = page.at(-1);
  return [page, last !== undefined && left.length > limit ? name(last) : null];
}

function nameOf({ partition, id }: RecordKey): string {
  return `${partition.length} ${partition}${id}`;
}

function isExpired(row: { expiresAt: number | null }, now: number): boolean {
  return row.expiresAt !== null && row.expiresAt <= now;
}

function holds(operation: Exclude<Operation, { kind: 'append' }>, row: MemoryRow | null, now: number): boolean {
  if (operation.kind === 'check' && row !== null && isExpired(row, now)) return false;
  return (row?.version ?? null) === operation.expects;
}

function toReading({ partition, id }: RecordKey, row: MemoryRow | null, now: number): Reading {
  if (row === null || isExpired(row, now)) return { partition, id, value: null, version: row?.version ?? null };
  const { text, version, expiresAt, due } = row;
  return { partition, id, value: parseJson(text), version, expiresAt, due: due && { ...due } };
}
