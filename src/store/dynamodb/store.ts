/**
 * The store in one DynamoDB table, through AWS's client. A committed write is on the disks of two of a region's three
 * zones. `table.ts` says what is stored where. The engine's time to live collects garbage; no guarantee needs it.
 */
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  decodeCursor,
  encodeCursor,
  lastBefore,
  type MarkBefore,
  readFrom,
  type Position,
  type Span,
} from '../cursor.ts';
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
import { createItemReader, type ItemReader } from './item-reader.ts';
import { createLogReader } from './log.ts';
import { createRecords } from './records.ts';
import { type Segment, unpackSegment } from './segments.ts';
import { createTrim } from './trim.ts';
import type * as Transfer from './transfer.ts';
import * as limits from '../limits.ts';
import type { Beside, LogExtent, LogPage, Store } from '../store.ts';

export interface DynamodbOptions extends DynamoAccess {
  /** The app whose data it is. Apps that share a table do not see each other's data. */
  app: string;
  clock: DynamoClock;
  /** How long a call may take, ms. Default 10 s. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** Typed as a string: a bundle for Lambda, where nobody calls it, is then without it. */
const TRANSFER: string = './transfer.ts';
const LIVE = 'attribute_exists(pk) AND e > :now';

export function createDynamodbStore(options: DynamodbOptions): Store {
  const client = createDynamoClient(options, options.clock, options.timeoutMs ?? TIMEOUT_MS);
  const keys = createKeys(options.app);
  return storeOn(client, keys, createItemReader(client, keys, options.clock.afterTurn));
}

function storeOn(client: DynamoClient, keys: Keys, reader: ItemReader): Store {
  const records = createRecords(client, keys, reader);
  const logs = createLogReader(client, keys);
  const TableName = client.table;

  /** A page, and the record beside it, each in a request of its own at the same time. */
  async function page(
    log: string,
    position: Position | null,
    beside: Beside | undefined,
    choose: (span: Span, markBefore: MarkBefore) => Bounds,
  ): Promise<LogPage> {
    if (beside === undefined) return entriesOf(log, position, choose);
    const [found, reading] = await Promise.all([
      entriesOf(log, position, choose),
      records.get(beside.record, beside.now),
    ]);
    return { ...found, beside: reading };
  }

  async function entriesOf(
    log: string,
    position: Position | null,
    choose: (span: Span, markBefore: MarkBefore) => Bounds,
  ): Promise<LogPage> {
    return logs.seen(log, async (view, until) => {
      if (view === null) {
        return { entries: [], start: null, cursor: null, truncated: position !== null, floor: null, end: null };
      }
      const { epoch, floor, end } = view.span;
      const covered = async ({ from, to }: Bounds) => logs.cover(log, view, from, to, until);
      const markIn = (segments: readonly Segment[]) => (place: number) =>
        place <= floor ? null : markBefore([...segments, view.tail], place);
      let bounds = choose(view.span, markIn([]));
      let segments = await covered(bounds);
      if (segments === null) return null;
      // What stands before the position may be known only from the segments. Where it is another, others are read.
      const judged = choose(view.span, markIn(segments));
      if (judged.from !== bounds.from || judged.to !== bounds.to) segments = await covered(judged);
      if (segments === null) return null;
      bounds = judged;
      const { from, to, truncated } = bounds;
      const values = await Promise.all(segments.map(unpackSegment));
      const entries = segments.flatMap(({ first, appendedAt, mark }, i) =>
        (values[i] ?? []).map((value, j) => ({
          value,
          cursor: encodeCursor(epoch, first + j + 1, mark),
          appendedAt,
        })),
      );
      const skipped = segments[0] === undefined ? 0 : from - segments[0].first;
      const taken = entries.slice(skipped, skipped + to - from);
      const start = encodeCursor(epoch, from, markIn(segments)(from));
      return {
        entries: taken,
        start,
        cursor: taken.at(-1)?.cursor ?? start,
        truncated,
        floor: encodeCursor(epoch, floor),
        end: encodeCursor(epoch, end, view.tail.mark),
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
      return page(name, position, beside, (span, marks) => {
        const { from, truncated } = readFrom(span, position, marks);
        return { from, to: Math.min(from + limit, span.end), truncated };
      });
    },

    async last(name, n, before = null, beside) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      const position = before === null ? null : decodeCursor(before);
      return page(name, position, beside, (span, marks) => lastBefore(span, n, position, marks));
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
          end: encodeCursor(epoch, end, view.tail.mark),
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

    observed: (onRequest) => storeOn(client.observed(onRequest), keys, reader.observed(onRequest)),

    transfer: async () => ((await import(TRANSFER)) as typeof Transfer).dynamodbTransfer(client, keys, logs),

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

/** The mark of the entry before a place, as far as these segments tell it. */
function markBefore(segments: readonly Segment[], place: number): string | null {
  for (const { first, end, mark, before } of segments) {
    if (place > first && place <= end) return mark;
    if (place === first) return before;
  }
  return null;
}
