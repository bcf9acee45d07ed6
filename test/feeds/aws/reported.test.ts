/** What others reported of event sources of AWS, each tried here: project and number, what came, what has to come of it. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { takeRecords } from '../../../src/hosts/lambda/records.ts';
import { defineApp, kinesis, sqs, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { sharedScope } from '../../../src/streams/scope.ts';
import { aggregated } from './aggregated-record.ts';
import { queueEvent, shardEvent } from './platform-events.ts';

const Level = z.object({ level: z.number() });
const lines = ({ data }: { data: unknown }) =>
  (JSON.parse(gunzipSync(data as Uint8Array).toString()) as { logEvents: object[] }).logEvents;
const app = defineApp({
  name: 'reported',
  version: '1.0.0',
  description: 'Levels',
  streams: {
    messages: stream({ description: 'Of a queue', schema: Level, feed: sqs() }),
    shards: stream({ description: 'Of a shard', schema: Level, feed: kinesis() }),
    logs: stream({ description: 'Of CloudWatch Logs', schema: Level, feed: kinesis({ items: lines }) }),
  },
});

function stage(feed: 'messages' | 'shards' | 'logs', store: Store = createMemoryStore()) {
  const deps = { app, store, runtime: systemRuntime(() => {}) };
  const instance = { deps, feed };
  return {
    take: (event: unknown) => takeRecords(instance, event, 'request', deps.runtime.now() + 20_000),
    levels: async () => {
      const { entries } = await store.last(streamLog('public', feed), 100);
      return entries.map(({ value }) => (value as { data: { level: number } }).data.level);
    },
    dead: async () => (await readDeadLetters(sharedScope(deps), feed)).deadLetters.map(({ item }) => item),
  };
}

/** Takes the first so many commits, and then none: the engine is gone. */
function failing(after: number): Store {
  const store = createMemoryStore();
  let commits = 0;
  return {
    ...store,
    async commit(operations, options) {
      if (operations.some(({ kind }) => kind === 'append')) commits += 1;
      if (commits > after) return { status: 'conflict', conflicts: [] };
      return store.commit(operations, options);
    },
  };
}

const textOf = (level: unknown) => JSON.stringify({ level });
const numbered = (...levels: number[]) => levels.map((level) => ({ id: `m${level}`, text: textOf(level) }));
const NONE = { batchItemFailures: [] };

test('aws-powertools/powertools-lambda-python#1927: of a group the first that failed comes again with all behind it', async () => {
  const { take } = stage('messages', failing(0));
  const { batchItemFailures } = await take(queueEvent(numbered(1, 2, 3, 4, 5), { MessageGroupId: 'g' }));
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
});

test('LeanerCloud/CUDly#1574, triggermesh/aws-event-sources#268: one message that is no JSON brings back none', async () => {
  const { take, levels, dead } = stage('messages');
  const sent = [...numbered(1), { id: 'x', text: 'evil message body 👿' }, ...numbered(2)];
  expect(await take(queueEvent(sent))).toEqual(NONE);
  expect([await levels(), await dead()]).toEqual([[1, 2], ['evil message body 👿']]);
});

test('opensearch-project/data-prepper#1924: the test event of S3 does not stay in the queue', async () => {
  const { take, dead } = stage('messages');
  const text = '{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}';
  expect(await take(queueEvent([{ id: 's3', text }]))).toEqual(NONE);
  expect(await dead()).toEqual([JSON.parse(text)]);
});

test('floci-io/floci#3152: whatever is told to a queue is the id of a message that it handed over, or nothing', async () => {
  const sent = queueEvent([...numbered(1, 2), { id: 'm1', text: textOf(1) }]);
  const { batchItemFailures } = await stage('messages', failing(0)).take(sent);
  expect(batchItemFailures).toHaveLength(3);
  for (const { itemIdentifier } of batchItemFailures) expect(['m1', 'm2']).toContain(itemIdentifier);
  for (const event of [queueEvent([]), { Records: [] }]) expect(await stage('messages').take(event)).toEqual(NONE);
});

test('awslabs/swift-aws-lambda-runtime#179: an event of another form is refused by the field that is missing', async () => {
  await expect(stage('messages').take({ Records: [{ body: '{}' }] })).rejects.toMatchObject({
    code: 'invalid_input',
    field: 'Records[].messageId',
  });
});

test('solita/solita.github.com#376: a poison pill blocks no shard', async () => {
  const { take, levels, dead } = stage('shards');
  const event = shardEvent([...numbered(1), { id: 'bytes', text: Uint8Array.of(0xff, 0xfe) }, ...numbered(2)]);
  const [, , last] = event.Records;
  if (!last) throw new Error('there are three');
  event.Records.push({ ...last, kinesis: { ...last.kinesis, data: 'no *base64*' }, eventID: 'shard:broken' });
  expect(await take(event)).toEqual(NONE);
  expect([await levels(), await dead()]).toEqual([
    [1, 2],
    ['//4=', 'no *base64*'],
  ]);
});

test('awslabs/lambda-streams-to-firehose#33: a batch that is handed over again, or in halves, adds nothing', async () => {
  const { take, levels } = stage('shards');
  const all = numbered(1, 2, 3, 4);
  for (const some of [all, all, all.slice(0, 2), all.slice(2)]) expect(await take(shardEvent(some))).toEqual(NONE);
  expect(await levels()).toEqual([1, 2, 3, 4]);
});

test('lifion/lifion-kinesis#325, awslabs/kinesis-aggregation#69: aggregated records come apart, beside others and once', async () => {
  const { take, levels, dead } = stage('shards');
  const many = aggregated([
    ['a', textOf(2)],
    ['b', textOf(3)],
    ['a', 'not for us'],
    ['b', textOf(4)],
  ]);
  const event = shardEvent([...numbered(1), { id: 'many', text: many }, ...numbered(5)]);
  for (let tries = 0; tries < 2; tries += 1) expect(await take(event)).toEqual(NONE);
  expect(await levels()).toEqual([1, 2, 3, 4, 5]);
  expect(await dead()).toContain('not for us');
  const { batchItemFailures } = await stage('shards', failing(0)).take(shardEvent([{ id: 'many', text: many }]));
  expect(batchItemFailures).toEqual([{ itemIdentifier: 'many' }]);
});

test('awslabs/amazon-kinesis-producer#245: what only begins as an aggregated record is kept whole as a dead letter', async () => {
  const { take, dead } = stage('shards');
  const whole = aggregated([['a', textOf(1)]]);
  const cuts = [4, 12, whole.length - 3].map((length) => whole.subarray(0, length));
  expect(await take(shardEvent(cuts.map((text, at) => ({ id: `c${at}`, text }))))).toEqual(NONE);
  expect(await dead()).toEqual(cuts.map((bytes) => Buffer.from(bytes).toString('base64')));
});

test('aws/aws-lambda-go#97, lumigo-io/lumigo-CLI#24: gzip of CloudWatch Logs is read by the function items', async () => {
  const { take, levels, dead } = stage('logs');
  const zipped = gzipSync(JSON.stringify({ logEvents: [{ level: 1 }, { level: 2 }] }));
  const cut = zipped.subarray(0, 20);
  const event = shardEvent([
    { id: 'z', text: zipped },
    { id: 'cut', text: cut },
  ]);
  expect(await take(event)).toEqual(NONE);
  expect([await levels(), await dead()]).toEqual([[1, 2], [cut.toString('base64')]]);
});
