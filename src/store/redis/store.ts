/**
 * The store in Redis, over HTTP, through Upstash's client. Each call runs one script, and calls of
 * one turn share a request. A committed write is as durable as
 * the database is set to be. All keys of an app have one hash tag, so a cluster works but does not spread them; to scale
 * out, give an app or a tenant a database of its own. Eviction must be off. The engine's TTL only collects garbage.
 */
import { isOfStore, TidegateError } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { Log, Runtime } from '../../base/runtime.ts';
import { encodeCursor, epochOf, markOfCommit } from '../cursor.ts';
import * as limits from '../limits.ts';
import { compareUtf8 } from '../order.ts';
import { readEnds } from '../commit-answer.ts';
import { createRedisClient, type RedisClient } from './client.ts';
import { checkEviction, createRedisHealth, type RedisHealth } from './health.ts';
import { apart, createRedisLogs, type Row } from './logs.ts';
import { shardOf, shardsFrom } from '../shard.ts';
import type * as Transfer from './transfer.ts';
import type {
  CommitResult,
  Cursor,
  Operation,
  Reading,
  RecordKey,
  Store,
  StoredRecord,
  StoreLimits,
} from '../store.ts';

export interface RedisOptions {
  /** `UPSTASH_REDIS_REST_URL` */
  url: string;
  /** `UPSTASH_REDIS_REST_TOKEN` */
  token: string;
  /** The app whose data it is. All keys begin with `{app}`. */
  app: string;
  log: Log;
  /** How long a request may take, ms. Default 10 s. */
  timeoutMs?: number;
  /** Of the runtime: whether calls of different callers may share a request. */
  afterTurn?: Runtime['afterTurn'];
}

/**
 * Values travel as JSON inside JSON, which at worst doubles their length, since quotes and backslashes are escaped. Twice
 * this many bytes, with the names, fit into a request.
 */
const COMMIT_LIMITS: StoreLimits = { commitOperations: limits.COMMIT_OPERATIONS, commitBytes: 420_000 };
/** Typed as a string: a bundle for a Worker, where nobody calls it, is then without it. */
const TRANSFER: string = './transfer.ts';
/** Clocks may differ by so much from that of Redis. */
const FLEETING_GRACE_MS = 60_000;
/** A record that expired less than this ago stays in its queue, because clocks may differ. */
const DUE_GRACE_MS = 60_000;
/** About how many expired records of each shard of a queue a call passes over. */
const MOST_PASSED = 500;
const COUNTER_GARBAGE_MS = 60_000;
const TIMEOUT_MS = 10_000;

/**
 * @throws TidegateError `invalid_config` for a refused token or a database that evicts. For a database that cannot be
 * reached now it only logs a warning, since each call will report that itself.
 */
export async function createRedisStore(options: RedisOptions): Promise<Store> {
  const { app, log, timeoutMs = TIMEOUT_MS } = options;
  const base = `{${app}}`;
  const client = await createRedisClient({ ...options, base, timeoutMs });
  await checkEviction(client, log);
  return storeOn(client, base, createRedisHealth(base, log), timeoutMs);
}

function storeOn(client: RedisClient, base: string, health: RedisHealth, timeoutMs: number): Store {
  async function readings(keys: readonly RecordKey[], now: number): Promise<Reading[]> {
    if (keys.length === 0) return [];
    const rows = (await client.run(
      'get',
      keys.flatMap(({ partition, id }) => [partition, id]),
    )) as Row[];
    return keys.map((key, index) => toReading(key, rows[index] ?? [], now));
  }

  return {
    name: 'redis',
    limits: COMMIT_LIMITS,

    async get(key, now) {
      limits.checkKey(key);
      return (await readings([key], now))[0] ?? { ...key, value: null, version: null };
    },

    async getMany(keys, now) {
      limits.checkKeys(keys);
      return readings(keys, now);
    },

    async list(partition, { now, limit, prefix = '', after, beside }) {
      limits.checkList(partition, { limit, beside });
      if (!limits.isPrefix(prefix)) {
        const [reading] = beside === undefined ? [] : await readings([beside], now);
        return { records: [], next: null, ...(reading === undefined ? {} : { beside: reading }) };
      }
      const behind = after !== undefined && compareUtf8(after, prefix) >= 0;
      const min = behind ? `(${after}` : `[${prefix}`;
      const record = beside === undefined ? [] : [beside.partition, beside.id];
      const args = [partition, min, prefix, String(now), String(limit), String(limits.LIST_BYTES), ...record];
      const [next, row, ...found] = (await client.run('list', args, apart(limit))) as [
        string,
        Row | null,
        ...(string | Row)[],
      ];
      const records: StoredRecord[] = [];
      for (let i = 0; i < found.length; i += 2) {
        records.push(toReading({ partition, id: found[i] as string }, found[i + 1] as Row, now) as StoredRecord);
      }
      const more = beside === undefined ? {} : { beside: toReading(beside, row ?? [], now) };
      return { records, next: next === '' ? null : next, ...more };
    },

    async due(queue, { now, limit, from, after }) {
      limits.checkDue(queue, { limit });
      const span = after === undefined ? ['-inf', now] : [`(${after}`, '+inf'];
      const args = [queue, now, limit, DUE_GRACE_MS, MOST_PASSED, ...span, ...shardsFrom(from)].map(String);
      const found = (await client.run('due', args, apart(limit))) as string[];
      return Array.from({ length: found.length / 3 }, (_, i) => ({
        partition: found[i * 3] ?? '',
        id: found[i * 3 + 1] ?? '',
        dueAt: Number(found[i * 3 + 2]),
      }));
    },

    ...createRedisLogs(client, toReading, health),

    async commit(operations, options) {
      const { id, now, deadline } = options;
      const encoded = limits.checkCommit(operations, options, COMMIT_LIMITS);
      const late = limits.tooLate(options);
      if (late) return late;
      const args = [id, String(now), String(limits.COMMIT_MEMORY_MS)];
      operations.forEach((operation, index) => args.push(...encode(operation, encoded[index] ?? [], id, now)));
      const leftMs = Math.min(timeoutMs, deadline - now);
      try {
        return toCommitResult(await client.run('commit', args, { timeoutMs: Math.ceil(leftMs) }), operations, id, now);
      } catch (cause) {
        // A key of another type may be met when a part is written already.
        const isUnknown = isOfStore(cause) && cause.code !== 'store_full';
        if (cause instanceof TidegateError && !isUnknown) throw cause;
        return { status: 'unknown', cause };
      }
    },

    async add(key, amount, { now, expiresAt }) {
      limits.checkCounter(key, amount, expiresAt);
      const ttl = Math.max(0, expiresAt - now) + COUNTER_GARBAGE_MS;
      return Number(await client.run('add', [key, amount, now, expiresAt, ttl].map(String)));
    },

    async collect(now, limit) {
      const args = [now - limits.GARBAGE_AFTER_MS, limit].map(String);
      return { removed: Number(await client.run('collect', args, { isApart: true })) };
    },

    async ping() {
      await client.command(['PING'], limits.PING_MS);
    },

    findings: ({ now }) => health.findings(client, now),

    observed: (onRequest) => storeOn(client.observed(onRequest), base, health, timeoutMs),

    transfer: async () => ((await import(TRANSFER)) as typeof Transfer).redisTransfer(client, base, toReading),

    async close() {},
  };
}

function encode(operation: Operation, texts: readonly string[], commitId: string, now: number): string[] {
  if (operation.kind === 'append') {
    const { log } = operation;
    return ['a', log, epochOf(log, commitId), String(texts.length), markOfCommit(commitId), ...texts];
  }
  const { partition, id } = operation;
  if (operation.kind !== 'put') return [operation.kind === 'delete' ? 'd' : 'c', partition, id, operation.expects];
  const { expects, expiresAt = null, due = null, fleeting = false } = operation;
  // Redis removes the value itself; its names are collected with those of other records.
  const graceMs = fleeting ? FLEETING_GRACE_MS : limits.GARBAGE_AFTER_MS;
  const expiry = expiresAt === null ? ['', ''] : [expiresAt, Math.max(0, expiresAt - now) + graceMs];
  const queued = due ? [due.queue, due.at, shardOf(operation)] : ['', '', ''];
  return ['p', partition, id, expects ?? '', texts[0] ?? '', ...[...expiry, ...queued].map(String)];
}

function toCommitResult(answer: unknown, operations: readonly Operation[], id: string, now: number): CommitResult {
  const [status, ...rest] = answer as [string, ...unknown[]];
  if (status === 'conflict') {
    const conflicts = [];
    for (let i = 0; i < rest.length; i += 2) {
      const operation = Number(rest[i]);
      conflicts.push({ operation, found: toReading(operations[operation] as RecordKey, rest[i + 1] as Row, now) });
    }
    return { status, conflicts };
  }
  if (status !== 'committed') throw new TidegateError('internal', 'the commit script answered something else');
  const ends = readEnds(String(rest[0]));
  const cursors: Record<string, Cursor> = {};
  const appends = operations.filter((operation) => operation.kind === 'append');
  for (const [i, { log }] of appends.entries()) {
    cursors[log] = encodeCursor(ends[i * 2] ?? '', Number(ends[i * 2 + 1]), markOfCommit(id));
  }
  return { status, version: id, cursors };
}

function toReading({ partition, id }: RecordKey, row: Row, now: number): Reading {
  const [value, version = null, expiry, queue, dueAt] = row;
  const expiresAt = expiry ? Number(expiry) : null;
  if (typeof value !== 'string' || version === null || (expiresAt !== null && expiresAt <= now)) {
    return { partition, id, value: null, version };
  }
  const due = queue ? { queue, at: Number(dueAt) } : null;
  return { partition, id, value: parseJson(value), version, expiresAt, due };
}
