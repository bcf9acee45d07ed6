/**
 * A stream is shared by all tenants, or each has its own: every way of reading finds the log where it stands, and nothing of
 * another tenant's. On every engine.
 */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createTestApp, type TestApp } from '../../src/hosts/testing/test-app.ts';
import { defineApp, from, type Principal, pull, secret, stream, tool } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { testEachStore } from '../services/each-store.ts';

const schema = z.object({ id: z.string(), door: z.string(), n: z.number() });
const common = { schema, key: 'door', id: 'id' } as const;
/** Each run brings one event, whose door names whose run it was. */
const brings = pull({ everyMs: 1_000, pull: async () => ({ items: [{ id: 'fed', door: 'fed', n: 1 }, { bad: 1 }] }) });
const TOKEN = 'a-token-of-the-tests-that-is-long';

const app = defineApp({
  name: 'tenants',
  version: '1.0.0',
  description: 'Doors that are shared, and doors of each tenant',
  streams: {
    shared: stream({ ...common, description: 'Doors of all', feed: brings }),
    each: stream({ ...common, description: 'Doors of a tenant', feed: brings, tenants: 'each' }),
    kept: stream({
      ...common,
      description: 'Few doors of a tenant',
      tenants: 'each',
      retention: { events: 2 },
      dedupe: 2,
    }),
  },
  tools: {
    see: tool({
      description: 'What a handler sees',
      run: async (_input, { streams }) => {
        const seen = await Promise.all(
          (['shared', 'each'] as const).map(async (name) => ({
            last: (await streams.last(name, 10)).events.map(({ data }) => data),
            latest: (await streams.latestByKey(name)).events.map(({ key }) => key),
            keys: (await streams.keys(name)).values,
            history: (await streams.history(name)).events.length,
            windows: (await streams.windows(name, { window: '1d', field: 'n' })).rows.length,
          })),
        );
        return JSON.stringify(seen);
      },
    }),
  },
});

const ADA: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
const BOB: Principal = { ...ADA, tenant: 'globex' };
const NOBODY: Principal = { ...ADA, tenant: 'initech' };

async function told(one: TestApp, name: string, input: object): Promise<string> {
  const { text, isError } = await one.call(name, input as never);
  expect([name, isError, text]).toEqual([name, false, text]);
  return text;
}

async function resource(one: TestApp, uri: string): Promise<string> {
  return JSON.stringify(await one.request('resources/read', { uri }));
}

/** The feeds that brought something. */
async function pulled(one: TestApp): Promise<string[]> {
  return (await one.ingest()).feeds.flatMap(({ feed, events }) => (events > 0 ? feed : []));
}

/** The same store, as callers of three tenants reach it. */
async function expectApart(store: Store): Promise<void> {
  const at = Date.UTC(2026, 5, 1);
  const of = (principal: Principal) => createTestApp(app, { store, principal, at });
  const [ada, bob, nobody] = [of(ADA), of(BOB), of(NOBODY)];
  await ada.streams.append('each', { id: 'secret-1', door: 'secret-a', n: 1 });
  await ada.streams.append('shared', { id: 's1', door: 'lobby', n: 1 });
  await bob.streams.append('each', { id: 'secret-1', door: 'secret-b', n: 2 });
  await bob.streams.append('shared', { id: 's2', door: 'yard', n: 2 });
  // An id that a stream has is known to all who share it, and to no other tenant of one that each has.
  const seen = async (one: TestApp) => JSON.parse(await told(one, 'see', {})) as Record<string, unknown>[];
  const [shared, each] = await seen(ada);
  expect((await seen(bob))[0]).toEqual(shared);
  expect(shared).toMatchObject({ keys: ['lobby', 'yard'], history: 2 });
  expect(each).toMatchObject({ keys: ['secret-a'], history: 1, last: [{ id: 'secret-1', n: 1 }] });
  expect((await seen(bob))[1]).toMatchObject({ keys: ['secret-b'], history: 1, last: [{ id: 'secret-1', n: 2 }] });
  expect((await seen(nobody))[1]).toEqual({ last: [], latest: [], keys: [], history: 0, windows: 0 });

  const readings: [string, object][] = [
    ['read_latest', {}],
    ['read_latest', { key: 'secret-a' }],
    ['read_history', {}],
    ['read_history', { keys: ['secret-a'] }],
    ['read_history', { window: '1d', field: 'n', also: [{ stream: 'shared', field: 'n' }] }],
    ['read_history', { estimate: true, from: '-1d' }],
    ['tail_stream', { seconds: 0 }],
  ];
  for (const [name, input] of readings) {
    const own = await told(ada, name, { stream: 'each', ...input });
    expect(own).not.toContain('secret-b');
    const others = await told(nobody, name, { stream: 'each', ...input });
    expect(others.replaceAll('"secret-a"', '')).not.toMatch(/secret-/);
  }
  expect(await told(ada, 'read_history', { stream: 'each' })).toContain('secret-a');
  const both = await told(ada, 'read_history', {
    stream: 'each',
    window: '1d',
    field: 'n',
    also: [{ stream: 'shared', field: 'n' }],
  });
  expect(both).toMatch(/shared/);
  expect(await told(bob, 'read_history', { stream: 'shared' })).toMatch(/lobby[\s\S]*yard|yard[\s\S]*lobby/);
  for (const search of ['secret', 'doors']) {
    expect(await told(nobody, 'list_streams', { search })).not.toMatch(/secret-/);
  }
  expect(await resource(ada, 'stream://each')).toContain('secret-a');
  expect(await resource(nobody, 'stream://each')).not.toContain('secret-');
  expect(await resource(ada, 'stream://each/secret-a')).toContain('secret-a');
  await expect(resource(bob, 'stream://each/secret-a')).rejects.toThrow(/secret-a/);
  expect(await resource(bob, 'stream://shared/lobby')).toContain('lobby');

  // One run of the shared feed, whoever has it scheduled, and one for each tenant of the other.
  expect([await pulled(ada), await pulled(bob)]).toEqual([['shared', 'each'], ['each']]);
  expect(await resource(bob, 'feed://shared')).toContain('recentDeadLetters\\":[{');
  expect(await resource(bob, 'feed://each')).toContain('recentDeadLetters\\":[{');
  expect(await resource(nobody, 'feed://each')).toContain('never-run');
  expect((await bob.streams.last('shared', 10)).events).toHaveLength(3);

  // Retention and removals are of the log where it stands.
  for (const n of [1, 2, 3, 4]) await ada.streams.append('kept', { id: `${n}`, door: 'a', n });
  await bob.streams.append('kept', { id: 'b', door: 'b', n: 1 });
  expect((await ada.sweep()).events['kept']).toBe(2);
  expect((await bob.streams.last('kept', 10)).events).toHaveLength(1);
  expect(await bob.streams.remove('each', { key: 'secret-a' })).toMatchObject({ removed: 0 });
  expect(await ada.streams.remove('each', { key: 'secret-a' })).toMatchObject({ removed: 1 });
  expect(await bob.streams.remove('shared', { id: 's1' })).toMatchObject({ removed: 1 });
  expect((await ada.streams.last('shared', 10)).events.map(({ key }) => key)).not.toContain('lobby');

  await ada.advance(1_000);
  const exported = await ada.begin('export_history', { stream: 'kept', format: 'ndjson' });
  let { status, taskId } = exported;
  // On a slow machine a run may end before the task does.
  while (status === 'working') {
    await ada.scheduled();
    ({ status, taskId } = await ada.task(exported.taskId));
  }
  expect(status).toBe('completed');
  expect(await resource(ada, `task://${taskId}/pages/1`)).toMatch(/"n\\*":4/);
  await Promise.all([ada, bob, nobody].map((one) => one.close()));
}

testEachStore('keeps them apart', expectApart);

async function push(one: TestApp | undefined, name: string, n: number): Promise<number | undefined> {
  const response = await one?.fetch(
    new Request(`http://127.0.0.1/ingest/${name}`, {
      method: 'POST',
      body: JSON.stringify({ id: `${n}`, door: 'a', n }),
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}`, 'Idempotency-Key': 'one' },
    }),
  );
  return response?.status;
}

async function ids(one: TestApp | undefined, name: string): Promise<number[] | undefined> {
  return (await one?.streams.last(name, 10))?.events.map(({ data }) => (data as { n: number }).n);
}

test('a push goes to the log of the stream where it stands for who sends it', async () => {
  const pushed = defineApp({
    name: 'pushed',
    version: '1.0.0',
    description: 'Doors',
    streams: {
      shared: stream({ ...common, description: 'Doors of all', push: { token: secret('PUSH') } }),
      each: stream({ ...common, description: 'Doors of a tenant', push: { token: secret('PUSH') }, tenants: 'each' }),
    },
  });
  const store = createMemoryStore();
  const [ada, bob] = [ADA, BOB].map((principal) =>
    createTestApp(pushed, { store, principal, environment: { PUSH: TOKEN } }),
  );
  for (const name of ['shared', 'each']) {
    expect(await push(ada, name, 1)).toBe(200);
    // The same key of another caller is another key.
    expect(await push(bob, name, 2)).toBe(200);
  }
  expect(await Promise.all([ids(ada, 'shared'), ids(bob, 'shared')])).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect(await Promise.all([ids(ada, 'each'), ids(bob, 'each')])).toEqual([[1], [2]]);
});

function declareMixed(): unknown {
  return defineApp({
    name: 'mixed',
    version: '1.0.0',
    description: 'Doors',
    feeds: { house: brings },
    streams: {
      a: stream({ ...common, description: 'A', feed: from('house') }),
      b: stream({ ...common, description: 'B', feed: from('house'), tenants: 'each' }),
    },
  });
}

test('a feed does not fill shared streams and streams of each tenant', () => {
  expect(declareMixed).toThrow(/feeds\.house: expected streams with the same tenants: a is of shared, b of each/);
});

describe('a stream whose events name their tenant', () => {
  const named = z.object({ n: z.number(), of: z.string().optional() });
  const tenants = ({ of }: z.output<typeof named>) => {
    if (of === 'broken') throw new Error('what a function of the app throws');
    return of;
  };
  const rooms = stream({ description: 'Rooms', schema: named, tenants, push: { token: secret('PUSH') } });
  const declared = defineApp({ name: 'named', version: '1.0.0', description: 'Rooms', streams: { rooms } });

  function stage() {
    const store = createMemoryStore();
    const of = (principal: Principal) => createTestApp(declared, { store, principal, environment: { PUSH: TOKEN } });
    const everyone = of({ ...ADA, tenant: 'public' });
    const apps = { everyone, acme: of(ADA), globex: of(BOB) };
    async function send(from: keyof typeof apps, body: unknown) {
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` };
      const request = new Request('http://127.0.0.1/ingest/rooms', {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
      });
      const response = await apps[from].fetch(request);
      return { status: response.status, text: await response.text() };
    }
    const seen = async (whose: keyof typeof apps) =>
      (await apps[whose].streams.last(rooms, 10)).events.map(({ data }) => data.n);
    return { apps, send, seen };
  }

  test('takes from who pushes for all what is of each, and from a tenant what is its own', async () => {
    const { apps, send, seen } = stage();
    expect((await send('everyone', { n: 1, of: 'acme' })).status).toBe(200);
    expect(
      (
        await send('everyone', [
          { n: 2, of: 'globex' },
          { n: 3, of: 'globex' },
        ])
      ).status,
    ).toBe(200);
    expect((await send('acme', { n: 4, of: 'acme' })).status).toBe(200);
    await apps.globex.streams.append(rooms, { n: 5, of: 'globex' });
    expect([await seen('acme'), await seen('globex'), await seen('everyone')]).toEqual([[1, 4], [2, 3, 5], []]);
  });

  test('refuses an event of another tenant as one of none, and events of several together', async () => {
    const { apps, send, seen } = stage();
    const none = await send('acme', { n: 1 });
    expect(none).toMatchObject({ status: 400, text: expect.stringContaining('tenant') as string });
    for (const of of ['globex', 'unheard-of', '', 'broken', 'acme/'])
      expect(await send('acme', { n: 1, of })).toEqual(none);
    for (const of of ['', 'broken']) expect((await send('everyone', { n: 1, of })).status).toBe(400);
    expect(
      (
        await send('everyone', [
          { n: 1, of: 'acme' },
          { n: 2, of: 'globex' },
        ])
      ).status,
    ).toBe(400);
    await expect(apps.acme.streams.append(rooms, { n: 1, of: 'globex' })).rejects.toMatchObject({ field: 'tenant' });
    expect([await seen('acme'), await seen('globex')]).toEqual([[], []]);
  });

  test('is filled by the one run of a feed, and not beside streams of each', () => {
    const fed = stream({ description: 'Rooms', schema: named, tenants, feed: from('house') });
    const other = (of: 'shared' | 'each') =>
      stream({ description: 'Others', schema: named, tenants: of, feed: from('house') });
    const declare = (of: 'shared' | 'each') =>
      defineApp({
        name: 'fed',
        version: '1.0.0',
        description: 'Rooms',
        feeds: { house: brings },
        streams: { fed, other: other(of) },
      });
    expect(declare('shared').feeds.get('house')).toMatchObject({ tenants: 'shared', namesTenants: true });
    expect(() => declare('each')).toThrow(/feeds\.house: expected streams with the same tenants: fed is of shared/);
  });
});
