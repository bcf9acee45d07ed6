/**
 * All that an app has in a DynamoDB table, in pages, and the filling of logs. A scan reads the whole table, other apps' items too,
 * and costs as much; names of logs need a scan of their own. Loaded when it is called.
 */
import {
  BatchWriteItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { markOfCommit } from '../cursor.ts';
import type { FilledEntry, StoredRecord, StoreTransfer } from '../store.ts';
import type { DynamoClient } from './client.ts';
import { type Item, type Keys, placeKey, textAttribute } from './item.ts';
import type { LogReader } from './log.ts';
import { toReading } from './records.ts';
import { packSegments } from './segments.ts';

/** Segments of a transaction. */
const SEGMENTS_AT_ONCE = 90;
/** Items that one request removes. */
const REMOVED_AT_ONCE = 25;
/** A clock by which nothing has expired. */
const NEVER_EXPIRED = Number.MIN_SAFE_INTEGER;
const FREE = { ConditionExpression: 'attribute_not_exists(pk)' };

export function dynamodbTransfer(client: DynamoClient, keys: Keys, logs: LogReader): StoreTransfer {
  const TableName = client.table;

  async function scan(prefix: string, after: string | null, Limit: number, fields?: string) {
    const command = new ScanCommand({
      TableName,
      ConsistentRead: true,
      Limit,
      FilterExpression: 'begins_with(pk, :prefix)',
      ExpressionAttributeValues: { ':prefix': { S: prefix } },
      ...(fields === undefined ? {} : { ProjectionExpression: fields }),
      ...(after === null ? {} : { ExclusiveStartKey: startOf(after) }),
    });
    const page = await client.ask((dynamo, options) => dynamo.send(command, options));
    const last = page.LastEvaluatedKey;
    const next = last === undefined ? null : JSON.stringify([textAttribute(last, 'pk'), textAttribute(last, 'sk')]);
    return { items: page.Items ?? [], next };
  }

  return {
    async records(after, limit) {
      const { items, next } = await scan(keys.partition('').S, after, limit);
      const records = items.map((item) => toReading(keys, keys.recordOf(item), item, NEVER_EXPIRED) as StoredRecord);
      return { records, next };
    },

    async logs(after, limit) {
      const prefix = keys.log('').S;
      const { items, next } = await scan(prefix, after, limit, 'pk');
      return { logs: [...new Set(items.map((item) => textAttribute(item, 'pk').slice(prefix.length)))], next };
    },

    async fill(log, { epoch, place, entries }) {
      const until = client.until();
      const view = await logs.look(log, until);
      if (view !== null && (view.span.epoch !== epoch || view.span.end !== place)) return false;
      const writes: TransactWriteItem[] = [];
      // What was trimmed in the other store reads as trimmed here.
      if (view === null && place > 0) {
        const at = { N: String(place) };
        writes.push({ Put: { TableName, Item: { ...keys.head(log), f: at, o: at }, ...FREE } });
      }
      let before = view?.tail.mark ?? null;
      for await (const segment of segmentsOf(entries, view?.newestAt ?? Number.NEGATIVE_INFINITY)) {
        const { first, count, appendedAt, data } = segment;
        const sk = { S: placeKey(place + first) };
        const numbers = { c: { N: String(count) }, t: { N: String(appendedAt) } };
        const Item: Item = { pk: keys.log(log), sk, ...numbers, p: { S: epoch }, n: { S: epoch }, ...data };
        if (before !== null) Item['b'] = { S: before };
        before = markOfCommit(epoch);
        writes.push({ Put: { TableName, Item, ...FREE } });
      }
      for (let from = 0; from < writes.length; from += SEGMENTS_AT_ONCE) {
        const TransactItems = writes.slice(from, from + SEGMENTS_AT_ONCE);
        const command = new TransactWriteItemsCommand({ TransactItems });
        await client.ask((dynamo, options) => dynamo.send(command, options), { repeatable: false });
      }
      return true;
    },

    async drop(log) {
      for (;;) {
        const until = client.until();
        const items = await logs.query(
          {
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': keys.log(log) },
            ProjectionExpression: 'pk, sk',
            ScanIndexForward: false,
            Limit: 1_000,
          },
          until,
        );
        if (items.length === 0) return;
        for (let from = 0; from < items.length; from += REMOVED_AT_ONCE) {
          const some = items.slice(from, from + REMOVED_AT_ONCE);
          const RequestItems = { [TableName]: some.map((Key) => ({ DeleteRequest: { Key } })) };
          // What the engine leaves undone is found by the next query.
          await client.ask((dynamo, options) => dynamo.send(new BatchWriteItemCommand({ RequestItems }), options));
        }
      }
    },
  };
}

/** A segment has one append time, and the places of its entries from `first` on, counted from the first of all. */
async function* segmentsOf(entries: readonly FilledEntry[], newestAt: number) {
  let first = 0;
  let latest = newestAt;
  while (first < entries.length) {
    const appendedAt = Math.max(latest, entries[first]?.appendedAt ?? latest);
    const behind = entries.findIndex((entry, index) => index > first && entry.appendedAt > appendedAt);
    const same = entries.slice(first, behind === -1 ? entries.length : behind);
    for (const { count, data } of await packSegments(same.map(({ value }) => JSON.stringify(value)))) {
      yield { first, count, appendedAt, data };
      first += count;
    }
    latest = appendedAt;
  }
}

function startOf(after: string): Item {
  const [pk, sk] = JSON.parse(after) as [string, string];
  return { pk: { S: pk }, sk: { S: sk } };
}
