/** Removals as handlers ask for them and as agents see them: no reader gets what is removed, and nothing else is lost. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { fakeFeed } from '../../../src/hosts/testing/fake-feed.ts';
import { createTestApp, type TestApp } from '../../../src/hosts/testing/test-app.ts';
import { http } from '../../../src/feeds/http/feed.ts';
import { countCalls, type CountedStore } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { digestOf } from '../../../src/base/digest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';

const MINUTE = 60_000;
const schema = z.object({ id: z.string(), meter: z.string(), at: z.number(), kwh: z.number() });
const app = defineApp({
  name: 'meters',
  version: '1.0.0',
  description: 'Meters',
  streams: {
    identified: stream({ description: 'with ids', schema, key: 'meter', time: 'at', id: 'id', dedupe: 50 }),
    plain: stream({ description: 'without ids', schema, key: 'meter', time: 'at' }),
    few: stream({ description: 'three are kept', schema, key: 'meter', time: 'at', retention: { events: 3 } }),
    aged: stream({
      description: 'kept for an hour',
      schema,
      key: 'meter',
      time: 'at',
      retention: { ageMs: 60 * MINUTE },
    }),
    keyless: stream({ description: 'without keys', schema, time: 'at', id: 'id' }),
    revised: stream({
      description: 'with revisions',
      schema: schema.extend({ version: z.number() }),
      key: 'meter',
      time: 'at',
      id: 'id',
      revision: 'version',
    }),
  },
});

interface Stage extends TestApp {
  store: CountedStore['store'];
  calls: CountedStore['calls'];
  reset: () => void;
  /** Appends the n-th reading of a meter; its time is n minutes after the start. */
  append: (name: string, n: number, meter?: string, more?: Record<string, unknown>) => Promise<unknown>;
  ids: (page: Promise<{ events: readonly { id: string }[] }>) => Promise<string[]>;
  /** All that the store holds, as JSON. */
  raw: () => Promise<string>;
}

const AT = Date.UTC(2026, 4, 1);

function stage(): Stage {
  const { store, calls, reset } = countCalls(createMemoryStore());
  const tested = createTestApp(app, { store, at: AT + 24 * 60 * MINUTE });
  return {
    ...tested,
    store,
    calls,
    reset,
    append: (name, n, meter = 'a', more = {}) =>
      tested.streams.append(name, { id: `e${n}`, meter, at: AT + n * MINUTE, kwh: n, ...more }),
    ids: async (page) => (await page).events.map(({ id }) => id),
    async raw() {
      const logs = [...app.streams.keys()].map((name) => store.read(streamLog('public', name), null, 1_000));
      const partitions = ['public/removals', ...[...app.streams.keys()].map((name) => `public/latest/${name}`)];
      const records = partitions.map((partition) => store.list(partition, { now: tested.now(), limit: 1_000 }));
      return JSON.stringify([await Promise.all(logs), await Promise.all(records)]);
    },
  };
}

describe('an event that is removed by its id', () => {
  test('is in no answer any more, and the latest of its key is the latest of what is left', async () => {
    const { streams, append, ids, call, request } = stage();
    for (const n of [1, 3, 2]) await append('identified', n);
    await append('identified', 9, 'b');
    expect(await streams.remove('identified', { id: 'e3' })).toEqual({ removed: 1, complete: true });
    expect(await ids(streams.history('identified', { from: 0 }))).toEqual(['e1', 'e2', 'e9']);
    expect((await streams.latest('identified', 'a'))?.id).toBe('e2');
    expect(await ids(streams.latestByKey('identified'))).toEqual(['e2', 'e9']);
    expect((await streams.latest('identified'))?.id).toBe('e9');
    const { structured: windows } = await call('read_history', {
      stream: 'identified',
      window: '1h',
      from: AT,
      field: 'kwh',
      aggregates: ['max'],
      by: [],
    });
    expect(windows).toMatchObject({ windows: [{ count: 3, max: 9 }] });
    const { text } = await call('read_latest', { stream: 'identified' });
    expect(text).not.toContain('kwh=3');
    const resource = JSON.stringify(await request('resources/read', { uri: 'stream://identified/a' }));
    expect([resource.includes('e2'), resource.includes('e3')]).toEqual([true, false]);
  });

  test('is told to who follows the stream, and a cursor from before goes on without it', async () => {
    const { streams, append, call } = stage();
    const before = await streams.read('identified', null);
    for (const n of [1, 2, 3]) await append('identified', n);
    const first = await streams.read('identified', before.cursor, 1);
    await streams.remove('identified', { id: 'e2' });
    const rest = await streams.read('identified', first.cursor);
    expect(rest.events.map(({ id, meta }) => meta?.gap?.reason ?? id)).toEqual(['e3', 'removed']);
    const { text } = await call('tail_stream', { stream: 'identified', cursor: first.cursor, seconds: 0 });
    expect(text).toContain('GAP: events are missing before this one: removed');
    expect(text).not.toContain('kwh=2');
  });

  test('does not come back within the newest events that are searched, also when it was erased, nor do its revisions', async () => {
    const { streams, append, ids, sweep, advance } = stage();
    for (const n of [1, 2]) await append('revised', n, 'a', { version: 1 });
    await streams.remove('revised', { id: 'e1' });
    for (const when of ['at once', 'after the sweep']) {
      await append('revised', 1, 'a', { version: 1 });
      await append('revised', 1, 'a', { version: 2 });
      expect(await ids(streams.history('revised', { from: 0 })), when).toEqual(['e2']);
      await advance(2 * MINUTE);
      await sweep();
      await sweep();
    }
    expect(await streams.remove('revised', { id: 'e1' })).toEqual({ removed: 0, complete: true });
  });

  test('may come back once its removal is older than the events that are searched', async () => {
    const { streams, append, ids } = stage();
    await append('identified', 1);
    await streams.remove('identified', { id: 'e1' });
    for (let n = 100; n < 149; n += 1) await append('identified', n, 'b');
    await append('identified', 1);
    expect(await ids(streams.history('identified', { from: 0, keys: ['a'] }))).toEqual([]);
    await append('identified', 149, 'b');
    await append('identified', 1);
    expect(await ids(streams.history('identified', { from: 0, keys: ['a'] }))).toEqual(['e1']);
  });

  test('published again is answered as a duplicate, without what was removed', async () => {
    const { streams, append } = stage();
    await append('identified', 1);
    await streams.remove('identified', { id: 'e1' });
    const again = await append('identified', 1, 'a', { kwh: 7 });
    expect(again).toMatchObject({ id: 'e1', data: { kwh: 7 } });
    expect((await streams.last('identified', 10)).events.filter(({ meta }) => !meta?.gap)).toEqual([]);
  });
});

describe('a key that is removed', () => {
  test('is unknown until an event of it comes, which stays', async () => {
    const { streams, append, ids } = stage();
    for (const n of [1, 2]) await append('plain', n, 'a');
    await append('plain', 3, 'b');
    expect(await streams.remove('plain', { key: 'a' })).toEqual({ removed: 2, complete: true });
    expect(await streams.keys('plain')).toEqual({ values: ['b'], hasMore: false });
    expect(await streams.latest('plain', 'a')).toBeNull();
    await append('plain', 4, 'a');
    expect((await streams.latest('plain', 'a'))?.data).toMatchObject({ kwh: 4 });
    expect((await streams.history('plain', { from: 0 })).events.map(({ data }) => data)).toMatchObject([
      { kwh: 3 },
      { kwh: 4 },
    ]);
    expect(await ids(streams.history('plain', { from: 0, keys: ['a'] }))).toHaveLength(1);
  });

  test('the same events do not come again from their source, where they have ids, and new revisions do', async () => {
    const { streams, append } = stage();
    await append('revised', 1, 'a', { version: 1 });
    await streams.remove('revised', { key: 'a' });
    await append('revised', 1, 'a', { version: 1 });
    expect(await streams.latest('revised', 'a')).toBeNull();
    await append('revised', 1, 'a', { version: 2 });
    expect((await streams.latest('revised', 'a'))?.revision).toBe('2');
  });
});

describe('a range that is removed', () => {
  test('goes from its first time to before its end, of all keys or of one', async () => {
    const { streams, append } = stage();
    for (let n = 0; n < 6; n += 1) await append('plain', n, n % 2 === 0 ? 'a' : 'b');
    const kept = async () =>
      (await streams.history('plain', { from: 0 })).events.map(({ data }) => (data as { kwh: number }).kwh);
    expect(await streams.remove('plain', { from: AT + MINUTE, to: AT + 4 * MINUTE, key: 'b' })).toMatchObject({
      removed: 2,
    });
    expect(await kept()).toEqual([0, 2, 4, 5]);
    expect(await streams.remove('plain', { from: AT + 4 * MINUTE })).toMatchObject({ removed: 2 });
    expect(await kept()).toEqual([0, 2]);
    expect((await streams.latest('plain', 'a'))?.data).toMatchObject({ kwh: 2 });
    expect(await streams.latest('plain', 'b')).toBeNull();
    expect(await streams.remove('plain', { to: AT + 1 })).toMatchObject({ removed: 1 });
    expect(await kept()).toEqual([2]);
  });
});

test('of revisions that are left the one that counts is shown, and of a stream without keys the latest', async () => {
  const { streams, append } = stage();
  // The third was moved to an earlier time by its revision; the first revision no longer counts.
  await append('revised', 1, 'a', { version: 1 });
  await append('revised', 3, 'a', { version: 1, at: AT + 50 * MINUTE });
  await append('revised', 3, 'a', { version: 2, at: AT });
  await append('revised', 9, 'a', { version: 1, at: AT + 90 * MINUTE });
  await streams.remove('revised', { id: 'e9' });
  expect((await streams.latest('revised', 'a'))?.id).toBe('e1');
  for (const n of [1, 5, 3]) await append('keyless', n);
  await streams.remove('keyless', { id: 'e5' });
  expect((await streams.latest('keyless'))?.id).toBe('e3');
});

test('what is removed is nowhere in the logs and records of streams, and what is left names no id', async () => {
  const { streams, append, raw, advance, sweep } = stage();
  const secret = 'jane.doe@example.org';
  await append('identified', 1, 'a', { id: secret, kwh: 424_242 });
  await append('identified', 2, 'b');
  expect(await raw()).toContain(secret);
  await streams.remove('identified', { id: secret });
  await append('identified', 3, 'b');
  expect(await raw()).not.toContain('424242');
  await advance(2 * MINUTE);
  await sweep();
  const left = await raw();
  expect([left.includes(secret), left.includes(digestOf(secret))]).toEqual([false, true]);
  expect(left).toContain('"kwh":3');
});

test('readers ask the store no more often than before, while something is removed and after', async () => {
  const { streams, append, call, calls, reset, advance, sweep } = stage();
  for (let n = 0; n < 20; n += 1) await append('plain', n);
  const spent = async (work: () => Promise<unknown>) => {
    reset();
    const answer = await work();
    expect(answer).not.toMatchObject({ isError: true });
    return calls();
  };
  const readers = {
    latest: () => call('read_latest', { stream: 'plain', key: 'a' }),
    newest: () => call('read_history', { stream: 'plain' }),
    range: () => call('read_history', { stream: 'plain', from: AT }),
    tail: () => call('tail_stream', { stream: 'plain', seconds: 0 }),
    last: () => streams.last('plain', 5),
    next: () => streams.read('plain', null),
  };
  const all = async () => {
    const each: Record<string, unknown> = {};
    for (const [name, work] of Object.entries(readers)) each[name] = await spent(work);
    return each;
  };
  const before = await all();
  await streams.remove('plain', { from: AT + MINUTE, to: AT + 9 * MINUTE });
  expect(await all()).toEqual(before);
  await advance(2 * MINUTE);
  await sweep();
  expect(await all()).toEqual(before);
  expect(before).toMatchObject({ last: { last: 1 }, next: { read: 1 }, newest: { getMany: 1, read: 1 } });
});

test('a page in the log’s order is filled from further on, where all of it was removed', async () => {
  const { streams, append, ids } = stage();
  for (let n = 0; n < 30; n += 1) await append('identified', n);
  await streams.remove('identified', { from: AT + 2 * MINUTE, to: AT + 29 * MINUTE });
  const first = await streams.read('identified', null, 2);
  expect(first.events.map(({ id }) => id)).toEqual(['e0', 'e1']);
  const page = await streams.read('identified', first.cursor, 2);
  expect(page.events.map(({ id }) => id)).toContain('e29');
  expect((await ids(streams.last('identified', 4))).slice(0, 3)).toEqual(['e0', 'e1', 'e29']);
});

test.each([
  [{}, 'id'],
  [{ id: '' }, 'id'],
  [{ id: 'e1', key: 'a' }, 'key'],
  [{ key: 'x'.repeat(300) }, 'key'],
  [{ from: AT, to: AT }, 'from'],
  [{ from: 'yesterday-ish' }, 'from'],
  [{ ids: ['e1'] }, 'ids'],
  [null, 'selector'],
  ['e1', 'selector'],
])('a selector that says nothing clear is refused, and removes nothing: %j', async (selector, field) => {
  const { streams, append } = stage();
  await append('plain', 1);
  await expect(streams.remove('plain', selector as unknown as { id: string })).rejects.toMatchObject({
    code: 'invalid_input',
    field,
  });
  await expect(streams.remove('keyless', { key: 'a' })).rejects.toMatchObject({ code: 'invalid_input', field: 'key' });
  expect((await streams.last('plain', 10)).events).toHaveLength(1);
});

test('removals drive no event out of the newest that de-duplication knows', async () => {
  const { streams, append, ids, calls, reset } = stage();
  for (let n = 0; n < 10; n += 1) await append('identified', n);
  for (let n = 0; n < 60; n += 1) await streams.remove('identified', { key: `nobody ${n}` });
  reset();
  for (let n = 0; n < 10; n += 1) await append('identified', n);
  expect(await ids(streams.history('identified', { from: 0 }))).toHaveLength(10);
  expect(calls()['last']).toBeLessThanOrEqual(20);
});

test('the newest event of all keys is found behind any number of removals', async () => {
  const { streams, append } = stage();
  for (let n = 0; n < 30; n += 1) await append('identified', n);
  for (let n = 0; n < 12; n += 1) await streams.remove('identified', { id: `e${n}` });
  expect((await streams.latest('identified'))?.id).toBe('e29');
  await streams.remove('identified', { from: AT });
  expect(await streams.latest('identified')).toBeNull();
});

test('removals drive no event out of what retention keeps, nor the newest one', async () => {
  const { streams, append, advance, sweep } = stage();
  const kept = async (name: string) =>
    (await streams.history(name, { from: 0 })).events.map(({ data }) => (data as { kwh: number }).kwh);
  for (let n = 0; n < 5; n += 1) {
    await append('few', n);
    await streams.remove('few', { key: 'nobody' });
  }
  await append('aged', 1);
  await append('aged', 2);
  await streams.remove('aged', { key: 'nobody' });
  await sweep();
  expect(await kept('few')).toEqual([2, 3, 4]);
  await advance(120 * MINUTE);
  await sweep();
  expect((await kept('aged')).at(-1)).toBe(2);
});

test('nothing is removed from a stream that never had an event', async () => {
  const { streams } = stage();
  expect(await streams.remove('plain', { key: 'a' })).toEqual({ removed: 0, complete: true });
  expect((await streams.read('plain', null)).cursor).toBeNull();
});

test('a list that a feed reads again and again brings back nothing that was removed, and what is new in it', async () => {
  const listed = defineApp({
    name: 'news',
    version: '1.0.0',
    description: 'News',
    streams: {
      news: stream({
        description: 'a list that is polled',
        schema: z.object({ guid: z.string(), title: z.string() }),
        id: 'guid',
        feed: http({ url: 'https://example.org/news.json', everyMs: MINUTE }),
      }),
    },
  });
  const feed = fakeFeed();
  const { ingest, streams, advance, sweep } = createTestApp(listed, { feeds: { news: feed } });
  const poll = async (...guids: string[]) => {
    feed.bring(...guids.map((guid) => ({ stream: 'news', data: { guid, title: `title of ${guid}` } })));
    await ingest();
    await advance(61_000);
    return (await streams.last('news', 100)).events.filter(({ meta }) => !meta?.gap).map(({ id }) => id);
  };
  expect(await poll('1', '2', '3')).toEqual(['1', '2', '3']);
  await streams.remove('news', { id: '2' });
  expect(await poll('1', '2', '3')).toEqual(['1', '3']);
  await sweep();
  expect(await poll('1', '2', '3', '4')).toEqual(['1', '3', '4']);
  expect((await streams.latest('news'))?.id).toBe('4');
});

test('all instances of a store obey at once, and none brings back what another removed', async () => {
  const store = createMemoryStore();
  const [one, two] = [0, 1].map(() => createTestApp(app, { store, at: AT + 60 * MINUTE }));
  if (!one || !two) throw new Error('no instances');
  for (const n of [1, 2]) await one.streams.append('plain', { id: `e${n}`, meter: 'a', at: AT + n, kwh: n });
  expect((await two.call('read_history', { stream: 'plain' })).text).toContain('kwh=2');
  await one.streams.remove('plain', { key: 'a' });
  for (const instance of [one, two, one, two]) {
    expect((await instance.call('read_history', { stream: 'plain' })).text).not.toContain('kwh=');
    expect((await instance.streams.last('plain', 5)).events.map(({ meta }) => meta?.gap?.reason)).toEqual(['removed']);
  }
});

test('a wait does not count what was removed before it was read', async () => {
  const { streams, append, begin, task, scheduled } = stage();
  await append('plain', 0);
  const { taskId } = await begin('wait_for', {
    stream: 'plain',
    condition: { kind: 'count', atLeast: 2, withinMs: 3_600_000 },
  });
  await scheduled();
  await append('plain', 1);
  await streams.remove('plain', { from: AT });
  await append('plain', 2);
  await scheduled();
  expect((await task(taskId)).status).toBe('working');
  await append('plain', 3);
  await scheduled();
  await scheduled();
  expect(await task(taskId)).toMatchObject({ status: 'completed', result: { structuredContent: { held: true } } });
});
