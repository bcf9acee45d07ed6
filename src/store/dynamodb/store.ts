/**
 * The store in one DynamoDB table, through AWS's client. A committed write is on the disks of two of a region's three
 * zones. `table.ts` says what is stored where. The engine's time to live collects garbage; no guarantee needs it.
 */
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Json } from '../../base/json.ts';
import { decodeCursor, encodeCursor, lastBefore, readFrom, type Position, type Span } from '../cursor.ts';
import {
  createDynamoClient,
  type DynamoAccess,
  type DynamoCall,
  type DynamoClient,
  type DynamoClock,
} from './client.ts';
import { createCommit } from './commit.ts';
import { createErase } from './erase.ts';
import { createKeys, garbageAt, numberAttribute, type Item, type Keys } from './item.ts';
import { createLogReader } from './log.ts';
import { createRecords } from './records.ts';
import { unpackSegment } from './segments.ts';
import { createTrim } from './trim.ts';
import * as limits from '../limits.ts';
import type { Beside, LogEntry, LogExtent, LogPage, Store } from '../store.ts';

export interface DynamodbOptions extends DynamoAccess {
  /** The app whose data it is. Apps that share a table do not see each other's data. */
  app: string;
  clock: DynamoClock;
  /** How long a call may take, ms. Default 10 s. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const LIVE = 'attribute_exists(pk) AND e > :now';

export function createDynamodbStore(options: DynamodbOptions): Store {
  const client = createDynamoClient(options, options.clock, options.timeoutMs ?? TIMEOUT_MS);
  return storeOn(client, createKeys(options.app));
}

function storeOn(client: DynamoClient, keys: Keys): Store {
  const records = createRecords(client, keys);
  const logs = createLogReader(client, keys);
  const TableName = client.table;

  /** A page, and the record beside it, each in a request of its own at the same time. */
  async function page(
    log: string,
    position: Position | null,
    beside: Beside | undefined,
    choose: (span: Span) => Bounds,
  ): Promise<LogPage> {
    if (beside === undefined) return entriesOf(log, position, choose);
    const [found, reading] = await Promise.all([
      entriesOf(log, position, choose),
      records.get(beside.record, beside.now),
    ]);
    return { ...found, beside: reading };
  }

  async function entriesOf(log: string, position: Position | null, choose: (span: Span) => Bounds): Promise<LogPage> {
    return logs.seen(log, async (view, until) => {
      if (view === null) {
        return { entries: [], start: null, cursor: null, truncated: position !== null, floor: null, end: null };
      }
      const { epoch, floor, end } = view.span;
      const { from, to, truncated } = choose(view.span);
      const segments = await logs.cover(log, view, from, to, until);
      if (segments === null) return null;
      const values = await Promise.all(segments.map(unpackSegment));
      const entries = segments.flatMap(({ first, appendedAt }, i) =>
        (values[i] ?? []).map((value, j) => toEntry(value, epoch, first + j, appendedAt)),
      );
      const skipped = segments[0] === undefined ? 0 : from - segments[0].first;
      return {
        entries: entries.slice(skipped, skipped + to - from),
        start: encodeCursor(epoch, from),
        cursor: encodeCursor(epoch, to),
        truncated,
        floor: encodeCursor(epoch, floor),
        end: encodeCursor(epoch, end),
      };
    });
  }

  /** Updates a counter on a condition. Answers its item; null where the condition did not hold. */
  async function count(
    Key: Item,
    values: Item,
    update: string,
    condition: string,
    until: number,
  ): Promise<Item | null> {
    const command = new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeValues: values,
      ReturnValues: 'ALL_NEW',
    });
    const once: DynamoCall = { repeatable: false, until };
    return client.ask(async (dynamo, sending) => {
      try {
        return (await dynamo.send(command, sending)).Attributes ?? {};
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return null;
        throw error;
      }
    }, once);
  }

  return {
    name: 'dynamodb',
    limits: limits.PORTABLE_LIMITS,
    ...records,

    async read(name, after, limit, beside) {
      limits.checkCount(limit, limits.READ_LIMIT, 'limit');
      const position = after === null ? null : decodeCursor(after);
      return page(name, position, beside, (span) => {
        const { from, truncated } = readFrom(span, position);
        return { from, to: Math.min(from + limit, span.end), truncated };
      });
    },

    async last(name, n, before = null, beside) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      const position = before === null ? null : decodeCursor(before);
      return page(name, position, beside, (span) => lastBefore(span, n, position));
    },

    async seek(name, time) {
      const found = await logs.seen(name, async (view, until) => {
        if (view === null) return { cursor: null };
        const place = await logs.seek(name, view, time, until);
        return place === null ? null : { cursor: encodeCursor(view.span.epoch, place) };
      });
      return found.cursor;
    },

    extent(name) {
      return logs.seen<LogExtent>(name, async (view) => {
        if (view === null) return { start: null, end: null, count: 0, newestAt: null };
        const { epoch, floor, end } = view.span;
        return {
          start: encodeCursor(epoch, floor),
          end: encodeCursor(epoch, end),
          count: end - floor,
          newestAt: view.newestAt,
        };
      });
    },

    commit: createCommit(client, keys, logs),
    trim: createTrim(client, keys, logs),
    erase: createErase(client, keys, logs),

    async add(key, amount, { now, expiresAt }) {
      limits.checkCounter(key, amount, expiresAt);
      const Key = keys.counter(key);
      const values = { ':amount': { N: String(amount) }, ':now': { N: String(now) } };
      const beginning = { ...values, ':expiry': { N: String(expiresAt) }, ':garbage': garbageAt(expiresAt) };
      return logs.settled(async (until) => {
        const item =
          (await count(Key, values, 'SET t = t + :amount', LIVE, until)) ??
          (await count(Key, beginning, 'SET t = :amount, e = :expiry, x = :garbage', `NOT (${LIVE})`, until));
        if (item === null) return null;
        const total = numberAttribute(item, 't');
        const bound = limits.counted(total);
        const stopped = { ':bound': { N: String(bound) }, ':now': { N: String(now) } };
        if (bound !== total) await count(Key, stopped, 'SET t = :bound', LIVE, until);
        return bound;
      });
    },

    /** Does nothing: the engine's time to live collects garbage. */
    async collect() {
      return { removed: 0 };
    },

    async ping() {
      const command = new GetItemCommand({ TableName, Key: keys.record({ partition: 'ping', id: 'ping' }) });
      await client.ask((dynamo, sending) => dynamo.send(command, sending), { until: client.until(limits.PING_MS) });
    },

    observed: (onRequest) => storeOn(client.observed(onRequest), keys),

    async close() {
      client.close();
    },
  };
}

interface Bounds {
  from: number;
  to: number;
  truncated: boolean;
}

function toEntry(value: Json, epoch: string, place: number, appendedAt: number): LogEntry {
  return { value, cursor: encodeCursor(epoch, place + 1), appendedAt };
}
