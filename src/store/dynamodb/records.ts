/** Reads of records and queues. They are strongly consistent, except `due`: an index in DynamoDB never is. */
import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { parseJson } from '../../base/json.ts';
import type { DynamoClient } from './client.ts';
import { type ItemReader, recordName } from './item-reader.ts';
import { dueTimes, dueUpTo, garbageAt, numberAttribute, textAttribute, type Item, type Keys } from './item.ts';
import { DYNAMODB_TABLE } from './table.ts';
import * as limits from '../limits.ts';
import { compareUtf8 } from '../order.ts';
import { shardsFrom } from '../shard.ts';
import {
  isPresent,
  type DueOptions,
  type DueRecord,
  type ListOptions,
  type RecordPage,
  type Put,
  type Reading,
  type RecordKey,
  type Store,
} from '../store.ts';

/** How many shards are queried at once. Workers allow six connections. */
const SHARDS_AT_ONCE = 4;
/**
 * How many records of a shard the first request reads at least, since expired ones are left out. Each further request
 * reads twice as many.
 */
const DUE_PAGE = 100;
/** About how many expired records of a shard are passed over in search of more, once a live one was found there. */
const MOST_PASSED = 1_000;

type Records = Pick<Store, 'get' | 'getMany' | 'list' | 'due'>;

export function createRecords(client: DynamoClient, keys: Keys, reader: ItemReader): Records {
  const TableName = client.table;

  async function dueInShard(
    queue: string,
    shard: number,
    { now, limit, after }: DueOptions,
    until: number,
  ): Promise<DueRecord[]> {
    const found: DueRecord[] = [];
    let passed = 0;
    let Limit = Math.max(limit, DUE_PAGE);
    let ExclusiveStartKey: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName,
        IndexName: DYNAMODB_TABLE.dueIndex.name,
        KeyConditionExpression: `dq = :queue AND da ${after === undefined ? '<' : '>'} :bound`,
        ExpressionAttributeValues: { ':queue': keys.queue(queue, shard), ':bound': { S: dueUpTo(after ?? now) } },
        Limit,
        ExclusiveStartKey,
      });
      const page: QueryCommandOutput = await client.ask((dynamo, options) => dynamo.send(command, options), { until });
      for (const item of page.Items ?? []) {
        const { at, expiresAt } = dueTimes(item);
        if (expiresAt === null || expiresAt > now) found.push({ ...keys.recordOf(item), dueAt: at });
        else passed += 1;
      }
      ExclusiveStartKey = page.LastEvaluatedKey;
      Limit *= 2;
    } while (ExclusiveStartKey !== undefined && found.length < limit && (found.length === 0 || passed < MOST_PASSED));
    return found;
  }

  async function get(key: RecordKey, now: number): Promise<Reading> {
    limits.checkKey(key);
    const items = await reader.read([key]);
    return toReading(keys, key, items.get(recordName(key)), now);
  }

  async function list(partition: string, { now, limit, prefix = '', after = '' }: ListOptions): Promise<RecordPage> {
    limits.checkList(partition, { limit });
    if (!limits.isPrefix(prefix)) return { records: [], next: null };
    const within = after.startsWith(prefix) && after !== '';
    if (!within && compareUtf8(after, prefix) > 0) return { records: [], next: null };
    const page = await client.ask((dynamo, options) =>
      dynamo.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: {
            ':pk': keys.partition(partition),
            ...(prefix === '' ? {} : { ':prefix': { S: prefix } }),
          },
          Limit: limit,
          ...(within ? { ExclusiveStartKey: keys.record({ partition, id: after }) } : {}),
        }),
        options,
      ),
    );
    const readings = (page.Items ?? []).map((item) =>
      toReading(keys, { partition, id: textAttribute(item, 'sk') }, item, now),
    );
    const last = page.LastEvaluatedKey;
    return { records: readings.filter(isPresent), next: last === undefined ? null : textAttribute(last, 'sk') };
  }

  return {
    get,

    async getMany(wanted, now) {
      limits.checkKeys(wanted);
      const items = await reader.read(wanted);
      return wanted.map((key) => toReading(keys, key, items.get(recordName(key)), now));
    },

    async list(partition, { beside, ...options }) {
      if (beside === undefined) return list(partition, options);
      // Each in a request of its own at the same time.
      const [page, reading] = await Promise.all([list(partition, options), get(beside, options.now)]);
      return { ...page, beside: reading };
    },

    async due(queue, options) {
      const { limit } = options;
      limits.checkDue(queue, { limit });
      const shards = shardsFrom(options.from);
      const found: DueRecord[] = [];
      const until = client.until();
      for (let i = 0; i < shards.length && found.length < limit; i += SHARDS_AT_ONCE) {
        const some = shards.slice(i, i + SHARDS_AT_ONCE);
        found.push(...(await Promise.all(some.map((shard) => dueInShard(queue, shard, options, until)))).flat());
      }
      return found.slice(0, limit);
    },
  };
}

/** The item of a put; `value` is its JSON. */
export function toItem(keys: Keys, put: Put, value: string, version: string): Item {
  const { expiresAt = null, due = null, fleeting } = put;
  return {
    ...keys.record(put),
    v: { S: value },
    n: { S: version },
    ...(expiresAt === null ? {} : { e: { N: String(expiresAt) }, x: garbageAt(expiresAt, fleeting) }),
    ...(due === null ? {} : keys.due(put, due, expiresAt)),
  };
}

export function toReading(keys: Keys, { partition, id }: RecordKey, item: Item | undefined, now: number): Reading {
  if (item === undefined) return { partition, id, value: null, version: null };
  const version = textAttribute(item, 'n');
  const expiresAt = item['e'] === undefined ? null : numberAttribute(item, 'e');
  if (expiresAt !== null && expiresAt <= now) return { partition, id, value: null, version };
  return { partition, id, value: parseJson(textAttribute(item, 'v')), version, expiresAt, due: keys.dueOf(item) };
}
