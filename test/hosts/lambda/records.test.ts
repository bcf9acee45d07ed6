/** What event sources hand to a function, in the forms of the platform, and what the function answers them. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { startSqs } from '../../../infra/local/sqs.ts';
import { createLambdaHost, type LambdaHost } from '../../../src/hosts/lambda/host.ts';
import { defineApp, eventBridge, iot, kinesis, sqs, stream, trigger } from '../../../src/index.ts';
import { bridgeEvent, queueEvent, shardEvent } from '../../feeds/aws/platform-events.ts';
import { event, invocation } from './invocation.ts';

const Level = z.object({ level: z.number() });
const levels = (description: string, feed: ReturnType<typeof sqs>) => stream({ description, schema: Level, feed });

const messages = levels('Of a queue', sqs());
const app = defineApp({
  name: 'sources',
  version: '1.0.0',
  description: 'Levels',
  streams: {
    messages,
    shards: levels('Of a shard', kinesis()),
    rules: levels('Of a rule', eventBridge()),
    things: levels('Of IoT', iot({ items: ({ data }) => (data as { levels: object[] }).levels })),
  },
  triggers: {
    high: trigger({ description: 'High', on: messages, when: { kind: 'threshold', field: 'level', above: 9 } }),
  },
});

const lines: string[] = [];

function hostOf(feed: string, more: Record<string, string> = {}): LambdaHost {
  const environment = { STORE: 'memory', AUTH: 'none', TIDEGATE_FEED: feed, ...more };
  return createLambdaHost(app, environment, { write: (line) => void lines.push(line) });
}

const GONE = { STORE: 'redis', UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'x' };
const textOf = (level: unknown) => JSON.stringify({ level });
const time = (ms = 20_000, awsRequestId = 'request') => ({ ...invocation(ms), awsRequestId });

async function call(host: LambdaHost, name: string, args: object): Promise<Shown> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name, arguments: args, _meta: meta };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const answer = await host.buffered(event('POST', '/mcp', { headers, body }), invocation(20_000));
  return (JSON.parse(answer.body) as { result: { structuredContent: Shown } }).result.structuredContent;
}

interface Shown {
  events: { data: { level: number } }[];
  feed: { state: string };
}

/** The levels that a stream has by now. */
async function levelsOf(host: LambdaHost, name: string): Promise<number[]> {
  const { events } = await call(host, 'read_history', { stream: name, from: '2020-01-01' });
  return events.map(({ data }) => data.level);
}

test('messages of a queue become events once, and one that does not fit is not brought again', async () => {
  const host = hostOf('messages');
  const sent = queueEvent([
    { id: 'a', text: textOf(1) },
    { id: 'b', text: 'not JSON' },
    { id: 'c', text: textOf(3) },
  ]);
  for (let tries = 0; tries < 2; tries += 1) {
    expect(await host.records(sent, time())).toEqual({ batchItemFailures: [] });
  }
  expect(await levelsOf(host, 'messages')).toEqual([1, 3]);
  expect((await call(host, 'read_latest', { stream: 'messages' })).feed).toMatchObject({
    state: 'ok',
    rejected: { count: 1, items: 3 },
  });
});

test('what the store does not take is told: each message of a queue, the first record of a shard', async () => {
  const sent = [1, 2, 3].map((level) => ({ id: `${level}00`, text: textOf(level) }));
  expect(await hostOf('messages', GONE).records(queueEvent(sent), time(4_000))).toEqual({
    batchItemFailures: [{ itemIdentifier: '100' }, { itemIdentifier: '200' }, { itemIdentifier: '300' }],
  });
  expect(await hostOf('shards', GONE).records(shardEvent(sent), time(4_000))).toEqual({
    batchItemFailures: [{ itemIdentifier: '100' }],
  });
  expect(lines.at(-1)).toMatch(/"level":"error".*"message":"records".*"taken":0/);
});

test('where no part of an event can fail alone, the call fails', async () => {
  await expect(hostOf('rules', GONE).records(bridgeEvent('e', { level: 1 }), time(4_000))).rejects.toMatchObject({
    code: expect.stringMatching(/^store_/),
  });
});

test('a shard, a rule and a thing fill their streams, each once, whatever comes again', async () => {
  const sources = [
    { name: 'shards', sent: shardEvent([1, 2].map((level) => ({ id: `${level}`, text: textOf(level) }))) },
    { name: 'rules', sent: bridgeEvent('e-1', { level: 5 }) },
    { name: 'things', sent: { levels: [{ level: 7 }, { level: 8 }] } },
  ];
  const found = [];
  for (const { name, sent } of sources) {
    const host = hostOf(name);
    // The platform tries again with the same id of the request.
    for (let tries = 0; tries < 2; tries += 1) await host.records(sent, time(20_000, 'one'));
    found.push(await levelsOf(host, name));
  }
  expect(found).toEqual([[1, 2], [5], [7, 8]]);
});

test('who follows the stream is woken before the function answers', async () => {
  const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'no secret of anybody' };
  const queue = await startSqs({ credentials, region: 'eu-central-1' });
  onTestFinished(() => queue.stop());
  const host = hostOf('messages', {
    TASKS_QUEUE_URL: queue.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  await host.records(queueEvent([{ id: 'a', text: textOf(10) }]), time());
  expect(queue.sent.map(({ body }) => JSON.parse(body))).toEqual([{ tenant: 'public', stream: 'messages' }]);
});

test('a function of no feed, or with the event of another source, says so', async () => {
  await expect(hostOf('message').records(queueEvent([]), time())).rejects.toMatchObject({
    code: 'invalid_config',
    field: 'TIDEGATE_FEED',
  });
  await expect(hostOf('shards').records(queueEvent([{ id: 'a', text: '1' }]), time())).rejects.toMatchObject({
    code: 'invalid_input',
  });
});
