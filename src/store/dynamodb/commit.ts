/**
 * A commit is one transaction. It takes effect once, however often it is sent:
 *
 *   puts and deletes only   Each try sends the same request, so DynamoDB recognises it by its token, for 10 minutes.
 *   a check or an append    The request depends on the clock and on the log's end. The transaction also puts an item that
 *                           is named by the commit's id, on condition that it is absent. The item keeps the answer.
 *   one check               It is a read.
 *
 * Each append reads its log's end and puts its segments on condition that their places are free.
 */
import {
  GetItemCommand,
  TransactWriteItemsCommand,
  TransactionCanceledException,
  type CancellationReason,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { hexOf, sha256 } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { encodeCursor, epochOf, markOfCommit } from '../cursor.ts';
import { readCursors } from '../commit-answer.ts';
import type { DynamoClient } from './client.ts';
import { refusedAsFull, toTidegateError, withoutData } from './errors.ts';
import { garbageAt, textAttribute, type Keys } from './item.ts';
import type { LogReader } from './log.ts';
import { toItem, toReading } from './records.ts';
import { packSegments, type PackedSegment } from './segments.ts';
import { checkCommit, tooLate } from '../limits.ts';
import type { Append, Check, CommitOptions, CommitResult, Cursor, Operation, Store } from '../store.ts';

const ALL_OLD = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
const FREE = { ConditionExpression: 'attribute_not_exists(pk)' };
const TOKEN_CHARACTERS = 36;

interface Draft {
  items: TransactWriteItem[];
  /** The index of the operation that each item belongs to; null for the item of the commit itself. */
  origins: (number | null)[];
  cursors: Record<string, Cursor>;
}

/** An operation's values as JSON, and for an append the segments of them, which are packed once for all tries. */
interface Encoded {
  values: readonly string[];
  packing: Promise<PackedSegment[]>;
}

export function createCommit(client: DynamoClient, keys: Keys, logs: LogReader): Store['commit'] {
  const TableName = client.table;

  async function check(operation: Check, { id, now }: CommitOptions, until: number): Promise<CommitResult> {
    const command = new GetItemCommand({ TableName, Key: keys.record(operation), ConsistentRead: true });
    const { Item } = await client.send((dynamo, options) => dynamo.send(command, options), { until });
    const found = toReading(keys, operation, Item, now);
    const holds = found.value !== null && found.version === operation.expects;
    if (!holds) return { status: 'conflict', conflicts: [{ operation: 0, found }] };
    return { status: 'committed', version: id, cursors: {} };
  }

  function toWrite(operation: Exclude<Operation, Append>, values: readonly string[], options: CommitOptions) {
    const Key = keys.record(operation);
    if (operation.kind === 'check') {
      const ExpressionAttributeValues = { ':expected': { S: operation.expects }, ':now': { N: String(options.now) } };
      const ConditionExpression = 'n = :expected AND (attribute_not_exists(e) OR e > :now)';
      return { ConditionCheck: { TableName, Key, ConditionExpression, ExpressionAttributeValues, ...ALL_OLD } };
    }
    const condition =
      operation.expects === null
        ? FREE
        : {
            ConditionExpression: 'n = :expected',
            ExpressionAttributeValues: { ':expected': { S: operation.expects } },
          };
    if (operation.kind === 'delete') return { Delete: { TableName, Key, ...condition, ...ALL_OLD } };
    const Item = toItem(keys, operation, values[0] ?? '', options.id);
    return { Put: { TableName, Item, ...condition, ...ALL_OLD } };
  }

  async function toSegments(
    { log, entries }: Append,
    packing: Promise<PackedSegment[]>,
    { id, now }: CommitOptions,
    until: number,
  ) {
    const [view, packed] = await Promise.all([logs.look(log, until), packing]);
    const epoch = view?.span.epoch ?? epochOf(log, id);
    const appendedAt = Math.max(now, view?.newestAt ?? now);
    const mark = markOfCommit(id);
    let before = view?.tail.mark ?? null;
    let place = view?.span.end ?? 0;
    const end = place + entries.length;
    const writes = packed.map(({ count, data }) => {
      const numbers = { c: { N: String(count) }, t: { N: String(appendedAt) } };
      const Item = { ...keys.segment(log, place), ...numbers, p: { S: epoch }, n: { S: id }, ...data };
      if (before !== null) Object.assign(Item, { b: { S: before } });
      before = mark;
      place += count;
      if (place < end) Object.assign(Item, { m: { N: String(end - place) } });
      return { Put: { TableName, Item, ...FREE } };
    });
    return { writes, cursor: encodeCursor(epoch, place, mark) };
  }

  async function draft(
    operations: readonly Operation[],
    encoded: Encoded[],
    options: CommitOptions,
    until: number,
  ): Promise<Draft> {
    const result: Draft = { items: [], origins: [], cursors: {} };
    const parts = await Promise.all(
      operations.map(async (operation, index) => {
        const { values, packing } = encoded[index] ?? { values: [], packing: Promise.resolve([]) };
        if (operation.kind !== 'append') return [toWrite(operation, values, options)];
        const { writes, cursor } = await toSegments(operation, packing, options, until);
        result.cursors[operation.log] = cursor;
        return writes;
      }),
    );
    for (const [index, writes] of parts.entries()) {
      result.items.push(...writes);
      result.origins.push(...writes.map(() => index));
    }
    if (isAlwaysSame(operations)) return result;
    const k = { S: JSON.stringify(result.cursors) };
    const Item = { ...keys.commit(options.id), k, x: garbageAt(options.now) };
    result.items.push({ Put: { TableName, Item, ...FREE, ...ALL_OLD } });
    result.origins.push(null);
    return result;
  }

  async function run(operations: readonly Operation[], encoded: string[][], options: CommitOptions, until: number) {
    const [first] = operations;
    if (operations.length === 1 && first?.kind === 'check') return check(first, options, until);
    const token = isAlwaysSame(operations) ? { ClientRequestToken: await tokenOf(keys.commit(options.id)) } : {};
    const prepared = encoded.map((values, index) => ({
      values,
      packing: operations[index]?.kind === 'append' ? packSegments(values) : Promise.resolve([]),
    }));
    for (let attempt = 0; ; attempt += 1) {
      const { items, origins, cursors } = await draft(operations, prepared, options, until);
      const command = new TransactWriteItemsCommand({ TransactItems: items, ...token });
      try {
        await client.send((dynamo, sending) => dynamo.send(command, sending), { until });
        return { status: 'committed', version: options.id, cursors } as const;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const result = judge(error.CancellationReasons ?? [], origins, operations, options);
        if (result !== null) return result;
        await client.pause(attempt, until, withoutData(error));
      }
    }
  }

  /** What a cancelled transaction means. Null: nothing was decided, so the commit is tried again. */
  function judge(
    reasons: readonly CancellationReason[],
    origins: readonly (number | null)[],
    operations: readonly Operation[],
    { id, now }: CommitOptions,
  ): CommitResult | null {
    const failed = reasons.flatMap((reason, i) => (failedCondition(reason) ? [{ reason, origin: origins[i] }] : []));
    const made = failed.find(({ origin }) => origin === null)?.reason.Item;
    if (made) return { status: 'committed', version: id, cursors: readCursors(textAttribute(made, 'k')) };
    const conflicts = failed.flatMap(({ reason, origin = null }) => {
      const operation = operations[origin ?? -1];
      if (origin === null || operation === undefined || operation.kind === 'append') return [];
      return [{ operation: origin, found: toReading(keys, operation, reason.Item, now) }];
    });
    // The record is this commit's own: the commit is taking effect, or it did so longer ago than DynamoDB remembers its token.
    const own = conflicts.some(({ operation, found }) => found.version === id && operations[operation]?.kind === 'put');
    if (own && isAlwaysSame(operations)) return { status: 'committed', version: id, cursors: {} };
    const undecided = reasons.some((reason) => reason.Code !== 'None' && !failedCondition(reason));
    const codes = reasons.map(({ Code }) => Code ?? '').join(', ');
    if (codes.includes('ItemCollectionSizeLimitExceeded')) throw refusedAsFull(client.table, new Error(codes));
    const wrong = reasons.find(({ Code }) => Code === 'ValidationError');
    if (wrong) {
      const cause = new Error(wrong.Message ?? codes);
      throw new TidegateError('internal', `DynamoDB could not take an operation of a commit: ${codes}`, { cause });
    }
    return own || undecided || conflicts.length === 0 ? null : { status: 'conflict', conflicts };
  }

  return async (operations, options) => {
    const encoded = checkCommit(operations, options);
    const late = tooLate(options);
    if (late) return late;
    try {
      return await run(operations, encoded, options, client.until(options.deadline - options.now));
    } catch (error) {
      const cause = toTidegateError(error, client.table);
      if (cause.code !== 'store_unavailable') throw cause;
      return { status: 'unknown', cause };
    }
  };
}

/** Whether every try of the commit is the same request, at any time. */
function isAlwaysSame(operations: readonly Operation[]): boolean {
  return operations.every(({ kind }) => kind === 'put' || kind === 'delete');
}

function failedCondition({ Code }: CancellationReason): boolean {
  return Code === 'ConditionalCheckFailed';
}

/** The token of a commit. It is made of the app too, because an account's apps share one space of tokens. */
async function tokenOf(key: ReturnType<Keys['commit']>): Promise<string> {
  return hexOf(await sha256(key['pk']?.S ?? '')).slice(0, TOKEN_CHARACTERS);
}
