/**
 * Trims a log in three steps: it raises the floor in the head, turns the segments below it into tombstones, and records in
 * the head that they are gone. After an interruption anywhere the next call goes on. A tombstone keeps its place taken for
 * a day, so that a writer that was frozen between reading the tail and sending its commit cannot write below the floor.
 */
import { BatchWriteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { raisedFloor } from '../cursor.ts';
import type { DynamoClient } from './client.ts';
import { garbageAt, placeKey, type Item, type Keys } from './item.ts';
import type { LogReader, LogView } from './log.ts';
import { toSegment } from './segments.ts';
import { SEGMENT_ENTRIES } from '../limits.ts';
import type { Store, Trim } from '../store.ts';

/** How many items one request may hold. */
const BATCH = 25;

type Head = Pick<LogView, 'oldest' | 'hasHead'> & { floor: number };

export function createTrim(client: DynamoClient, keys: Keys, logs: LogReader): Store['trim'] {
  const TableName = client.table;

  /** Writes the head if it is still as `expected`. Answers whether it was. */
  async function moveHead(log: string, expected: Head, floor: number, oldest: number, until: number): Promise<boolean> {
    const condition = expected.hasHead
      ? {
          ConditionExpression: 'f = :floor AND o = :oldest',
          ExpressionAttributeValues: { ':floor': whole(expected.floor), ':oldest': whole(expected.oldest) },
        }
      : { ConditionExpression: 'attribute_not_exists(pk)' };
    const Item = { ...keys.head(log), f: whole(floor), o: whole(oldest) };
    const request = new PutItemCommand({ TableName, Item, ...condition });
    return client.ask(
      async (dynamo, options) => {
        try {
          await dynamo.send(request, options);
          return true;
        } catch (error) {
          if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
          throw error;
        }
      },
      { until },
    );
  }

  /** Turns the segments that hold places from `from` on, and end at or before `to`, into tombstones. */
  async function bury(log: string, from: number, to: number, now: number, until: number): Promise<void> {
    // The segment that holds `from` may begin before it.
    let begin = Math.max(0, from - SEGMENT_ENTRIES + 1);
    while (begin < to) {
      const items = await logs.query(
        {
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :begin AND :end',
          ExpressionAttributeValues: {
            ':pk': keys.log(log),
            ':begin': { S: placeKey(begin) },
            ':end': { S: placeKey(to - 1) },
          },
          ProjectionExpression: 'sk, c',
        },
        until,
      );
      const segments = items.map(toSegment);
      const last = segments.at(-1);
      if (last === undefined) return;
      const ended = segments.filter((segment) => segment.item !== null && segment.end <= to);
      const tombstones = ended.map(({ first }) => ({ ...keys.segment(log, first), x: garbageAt(now) }));
      for (let i = 0; i < tombstones.length; i += BATCH) await putAll(tombstones.slice(i, i + BATCH), until);
      begin = Math.max(last.end, last.first + 1);
    }
  }

  async function putAll(items: readonly Item[], until: number): Promise<void> {
    let requests = items.map((Item) => ({ PutRequest: { Item } }));
    for (let attempt = 0; ; attempt += 1) {
      const RequestItems = { [TableName]: requests };
      const answer = await client.ask(
        (dynamo, options) => dynamo.send(new BatchWriteItemCommand({ RequestItems }), options),
        { until },
      );
      requests = (answer.UnprocessedItems?.[TableName] ?? []) as typeof requests;
      if (requests.length === 0) return;
      await client.pause(attempt, until, new Error('the engine left writes undone'));
    }
  }

  async function tryTrim(view: LogView | null, log: string, { now, appendedBefore, keep, limit }: Trim, until: number) {
    if (view === null) return { removed: 0, more: false };
    const timed = appendedBefore === undefined ? 0 : await logs.seek(log, view, appendedBefore, until);
    if (timed === null) return null;
    const { floor, epoch, end } = view.span;
    let head: Head = { ...view, floor };
    const raised = raisedFloor({ epoch, floor, end }, timed, keep ?? null);
    if (raised > floor) {
      if (!(await moveHead(log, head, raised, head.oldest, until))) return null;
      head = { floor: raised, oldest: head.oldest, hasHead: true };
    }
    const oldest = Math.min(raised, head.oldest + limit);
    const removed = oldest - head.oldest;
    if (removed > 0) {
      await bury(log, head.oldest, oldest, now, until);
      if (!(await moveHead(log, head, raised, oldest, until))) return null;
    }
    return { removed, more: oldest < raised };
  }

  return (log, trim) => logs.seen(log, (view, until) => tryTrim(view, log, trim, until));
}

function whole(value: number) {
  return { N: String(value) };
}
