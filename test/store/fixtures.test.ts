/**
 * Stores that earlier releases wrote are opened, read and written on by this one. What clients hold from then (cursors,
 * handles, request states, ids of tasks) goes on to work, and nothing is done twice.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { randomId, type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { createDynamodbStore } from '../../src/store/dynamodb/store.ts';
import { createRedisStore } from '../../src/store/redis/store.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import { requireService } from '../services/available.ts';
import { type RunningDynamo, startDynamo } from '../services/dynamodb.ts';
import { type RunningRedis, startRedis } from '../services/redis.ts';
import { startUpstash, type UpstashFront } from '../services/upstash.ts';
import { fixtureApp, PUSH_TOKEN, SECRET } from './fixtures/app.ts';
import { clientOf } from './fixtures/client.ts';
import { handedOut, restoreDynamo, restoreRedis, restoreSqlite } from './fixtures/restore.ts';

/** A folder for each below `fixtures`. */
const RELEASES = ['0.1.0'];
const log = () => {};

/** Engines are started once; each test has a copy of its own in them. */
let copies = 0;
let redis: RunningRedis | undefined;
let front: UpstashFront | undefined;
let dynamo: RunningDynamo | undefined;

afterAll(async () => {
  await front?.stop();
  await redis?.stop();
  await dynamo?.stop();
});

async function openSqlite(release: string): Promise<Store> {
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tidegate-fixture-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  restoreSqlite(release, join(folder, 'store.db'));
  return createSqliteStore({ path: join(folder, 'store.db') });
}

async function openRedis(release: string): Promise<Store> {
  redis ??= await startRedis();
  front ??= await startUpstash(redis.url);
  const app = `fixture-${randomId()}`;
  await restoreRedis(release, front, app);
  return createRedisStore({ url: front.url, token: front.token, app, log });
}

async function openDynamo(release: string, clock: Runtime): Promise<Store> {
  dynamo ??= await startDynamo();
  const app = `fixture-${randomId()}`;
  await restoreDynamo(release, dynamo, app);
  return createDynamodbStore({ ...dynamo, app, clock });
}

const DRIVERS = [
  { driver: 'sqlite', open: openSqlite, runs: true },
  { driver: 'redis', open: openRedis, runs: requireService('redis') },
  { driver: 'dynamodb', open: openDynamo, runs: requireService('dynamodb') },
];

const json = (value: unknown, headers: Record<string, string> = {}) => {
  return new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json', ...headers } });
};

/** What the upstreams answer to this release: they went on as well. */
function answerTo(url: string): Response {
  if (url === 'https://feed.example/bids?after=c1') return json({ items: [{ symbol: 'A', price: 3 }], next: 'c2' });
  if (url === 'https://feed.example/bids?after=c2') return json({ items: [], next: 'c2' });
  if (url === 'https://feed.example/gauges') return json([{ level: 4 }, { level: 5 }], { etag: '"g2"' });
  return new Response('', { status: 404 });
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}

const variable = (name: string) => (name === 'PUSH_TOKEN' ? PUSH_TOKEN : null);
const withoutAge = (events: unknown) => (events as object[]).map((event) => ({ ...event, ageMs: 0 }));
const idsOf = (events: unknown) => (events as { id: string }[]).map(({ id }) => id);

async function onStage(release: string, { driver, open }: (typeof DRIVERS)[number]) {
  const held = handedOut(release, driver);
  // Each copy has a time of its own, because a process limits how often its feeds ask a host in a second.
  let now = held.now + 60_000 + 2_000 * (copies += 1);
  const asked: string[] = [];
  const system = systemRuntime(log);
  const runtime: Runtime = {
    ...system,
    now: () => now,
    // The clock stands still, so no time limit ever ends: a long sleep lasts until it is aborted.
    sleep: (ms, signal) => (ms < 500 ? system.sleep(ms, signal) : aborted(signal)),
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : String(input);
      asked.push(url);
      return answerTo(url);
    },
  };
  const store = await open(release, runtime);
  onTestFinished(() => store.close());
  const secrets = { current: SECRET, previous: null };
  const host = createHost({ app: fixtureApp('new'), store, runtime, variable, secrets });
  const client = clientOf((request) => host.fetch(request));
  return {
    held,
    asked,
    store,
    client,
    scheduled: () => host.scheduled(now + 20_000),
    advance: (ms: number) => void (now += ms),
    /** What the whole log of a stream holds, in its order. */
    dataOf: async (stream: string) => {
      const { structured } = await client.call('read_history', { stream, from: '-1h' });
      return (structured['events'] as { data: unknown }[]).map(({ data }) => data);
    },
    endOf: async (task: string) => {
      const { structured, text } = await client.call('get_task', { task });
      return { status: structured['status'], text: text.split('\n').at(-1) };
    },
  };
}

for (const release of RELEASES) {
  for (const driver of DRIVERS) {
    describe.skipIf(!driver.runs)(`a ${driver.driver} store of ${release}`, () => {
      test('is read, and every cursor and handle goes on', { timeout: 60_000 }, async () => {
        const { client, held, dataOf } = await onStage(release, driver);

        const latest = (await client.call('read_latest', { stream: 'readings', limit: 2 })).structured;
        expect(withoutAge(latest['events'])).toMatchObject(withoutAge(held.latest.events));
        expect(latest['next']).toBe(held.latest.next);

        const rest = await client.call('read_history', { stream: 'readings', cursor: held.history });
        expect(idsOf(rest.structured['events'])).toEqual(['r2', 'r3', 'r4', 'r5']);
        const windows = await client.call('read_history', { stream: 'readings', cursor: held.windows });
        expect((windows.structured['windows'] as { key: string }[]).map(({ key }) => key)).toEqual([
          's2',
          's0',
          's1',
          's2',
        ]);
        expect(await dataOf('notes')).toEqual([{ text: 'one' }, { text: 'two' }, { text: 'three' }]);

        await client.push('notes', [{ text: 'four' }]);
        const tail = await client.call('tail_stream', { stream: 'notes', seconds: 0, cursor: held.tail });
        expect(tail.structured).toMatchObject({ truncated: false, events: [{ data: { text: 'four' } }] });

        const pages: string[] = [];
        for (let page = 1; page <= 3; page += 1) {
          const { text } = await client.call('read_result', { handle: held.result, page });
          // The first line says which page it is, and the last one how to go on.
          pages.push(text.slice(text.indexOf('\n') + 1).replace(/\nNext page: .*$/, ''));
        }
        expect(pages.join('')).toBe('All work and no play. '.repeat(200));
      });

      test('has its ranges found before and after a sweep indexes their times', { timeout: 60_000 }, async () => {
        const { client, held, store, scheduled, advance } = await onStage(release, driver);
        const key = { partition: 'public/position/latest', id: 'public/stream/readings' };
        const open = async () => (await store.get(key, held.now)).value;
        const found = async () => {
          const range = { stream: 'readings', from: held.now - 86_400_000, to: held.now + 86_400_000 };
          const { structured } = await client.call('read_history', range);
          expect(structured['complete']).toBe(true);
          return idsOf(structured['events']);
        };
        const before = await found();
        expect(before).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
        expect(await open()).not.toHaveProperty('open');
        await scheduled();
        advance(100_000);
        await scheduled();
        expect(await open()).toHaveProperty('open.from', 0);
        expect(await found()).toEqual(before);
      });

      test('takes nothing twice that it has taken', { timeout: 60_000 }, async () => {
        const { client, held, dataOf } = await onStage(release, driver);

        expect(await client.push('notes', [{ text: 'three' }], 'push-1')).toEqual({ appended: 1, duplicates: 0 });
        expect(await client.push('notes', [{ text: 'other' }], 'push-1')).toMatchObject({ code: 'invalid_input' });
        expect(await dataOf('notes')).toHaveLength(3);
        const again = [
          { id: 'r5', sensor: 's2', celsius: 15 },
          { id: 'r6', sensor: 's0', celsius: 16 },
        ];
        expect(await client.push('readings', again)).toEqual({ appended: 1, duplicates: 1 });

        const answers = { inputResponses: { sure: { action: 'accept', content: { ok: true } } } };
        const used = await client.call('open', { valve: 'v1' }, { ...answers, requestState: held.usedState });
        expect(used.error).toBe('bad_request_state');
        const opened = await client.call('open', { valve: 'v2' }, { ...answers, requestState: held.openState });
        expect(opened.text).toBe('v2: accept');
      });

      test('has its feeds go on from their positions', { timeout: 60_000 }, async () => {
        const { scheduled, asked, dataOf } = await onStage(release, driver);
        expect(await scheduled()).toMatchObject({ failed: [], error: null });
        expect(asked).toContain('https://feed.example/bids?after=c1');
        expect(asked).not.toContain('https://feed.example/bids');
        const bids = await dataOf('bids');
        expect(bids).toEqual([1, 2, 3].map((price) => ({ symbol: 'A', price })));
        // Of five levels, every second one.
        expect(await dataOf('levels')).toEqual([1, 3, 5].map((level) => ({ level })));
      });

      test('knows what HTTP tools have answered, their limits and pauses', { timeout: 60_000 }, async () => {
        const { client, asked } = await onStage(release, driver);
        expect((await client.call('rate', { of: 'EUR' })).structured).toEqual({ rate: 28 });
        expect((await client.call('rate', { of: 'GBP' })).text).toContain('at most 2 requests');
        expect((await client.call('busy')).text).toContain('it asked for a pause (429)');
        expect(asked).toEqual([]);
      });

      test('has its tasks go on to their ends', { timeout: 60_000 }, async () => {
        const { client, held, scheduled, advance, endOf } = await onStage(release, driver);
        const { tasks } = held;
        expect(await endOf(tasks['counts'] ?? '')).toEqual({ status: 'completed', text: 'old: k1' });
        expect(await endOf(tasks['cancelled'] ?? '')).toMatchObject({ status: 'cancelled' });
        expect(await endOf(tasks['fails'] ?? '')).toMatchObject({ status: 'failed' });
        expect((await client.call('get_task', { task: tasks['pages'], page: 2 })).text).toContain('page two of old');
        const repeated = await client.call('counts', { key: 'k1' });
        expect(repeated.structured['task']).toBe(tasks['counts']);

        const answers = { go: { action: 'accept', content: { go: true } } };
        expect((await client.call('answer_task', { task: tasks['asks'], answers })).isError).toBe(false);
        await client.push('readings', [{ id: 'hot', sensor: 's1', celsius: 60 }]);
        await scheduled();
        advance(100_000);
        await scheduled();
        const ends = { asks: 'new: accept', waits: 'old, then new: 60', sleeps: 'old, then new', fresh: 'new: k2' };
        for (const [name, text] of Object.entries(ends)) {
          expect(await endOf(tasks[name] ?? ''), name).toEqual({ status: 'completed', text });
        }
      });
    });
  }
}
