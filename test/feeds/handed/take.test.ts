/** What is handed over, over a store: once each, in order, what does not fit apart, and as far as the store goes. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { BURST_DEAD_LETTERS, readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { replayDeadLetters } from '../../../src/feeds/run/replay-dead-letters.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { createHandedNotes } from '../../../src/feeds/handed/note.ts';
import { type Handed, takeHanded, type HandedTaken } from '../../../src/feeds/handed/take.ts';
import { defineApp, kinesis, stream } from '../../../src/index.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOf, sharedScope } from '../../../src/streams/scope.ts';
import { testEachStore } from '../../services/each-store.ts';

const Quote = z.object({ symbol: z.string(), price: z.number(), note: z.string().optional() });
const quotes = stream({ description: 'Quotes', schema: Quote, key: 'symbol', feed: kinesis() });
const owned = stream({ description: 'Of tenants', schema: Quote, tenants: ({ symbol }) => symbol, feed: kinesis() });
const app = defineApp({ name: 'handed', version: '1.0.0', description: 'Quotes', streams: { quotes, owned } });
function feedOf(name: string) {
  const feed = app.feeds.get(name);
  if (!feed) throw new Error(`there is no feed ${name}`);
  return feed;
}

function stage(store: Store = createMemoryStore(), changed: string[] = []) {
  const runtime = systemRuntime(() => {});
  const deps = { app, store, runtime, changed: (_tenant: string, name: string) => void changed.push(name) };
  const scope = sharedScope(deps);
  return {
    deps,
    scope,
    take: (handed: readonly Handed[], name = 'quotes'): Promise<HandedTaken> =>
      takeHanded(scope, feedOf(name), handed, runtime.now() + 20_000),
    prices: async (tenant = 'public', name = 'quotes') => {
      const { entries } = await store.last(streamLog(tenant, name), 1_000);
      return entries.map(({ value }) => (value as { data: { price: number } }).data.price);
    },
    dead: async () => (await readDeadLetters(scope, 'quotes')).deadLetters.map(({ item, field }) => [item, field]),
  };
}

const one = (id: number, more: object = {}, name = 'quotes'): Handed => [
  {
    stream: name,
    id: `shard:${id}`,
    data: { symbol: 'ACME', price: id, ...more },
    bytes: 10,
    time: 1_745_000_000_000 + id,
  },
];
const batch = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => one(from + at));

testEachStore('takes what is handed over once, however often and by however many', async (store) => {
  const { take, prices } = stage(store);
  const [first] = await Promise.all([take(batch(0, 50)), take(batch(25, 75)), take(batch(0, 75))]);
  expect(first).toMatchObject({ records: 50, error: null });
  const again = await take(batch(0, 75));
  expect(again.counts).toMatchObject({ events: 0, duplicates: 75 });
  expect((await prices()).toSorted((a, b) => a - b)).toEqual(batch(0, 75).map((_, at) => at));
});

test('one call keeps the order, and tells who follows', async () => {
  const changed: string[] = [];
  const { take, prices } = stage(createMemoryStore(), changed);
  await take(batch(0, 600));
  expect(await prices()).toEqual(batch(0, 600).map((_, at) => at));
  expect(new Set(changed)).toEqual(new Set(['quotes']));
});

test('what does not fit is a dead letter, and holds nothing up', async () => {
  const { take, prices, dead, scope } = stage();
  const wrong: Handed = [{ stream: 'quotes', id: 'x', data: { symbol: 'ACME', price: 'dear' }, bytes: 1 }];
  const text: Handed = [{ stream: 'quotes', id: 'y', data: 'no JSON', bytes: 1 }];
  const unread: Handed = [{ stream: 'quotes', id: 'z', data: '//4A', bytes: 3, invalid: { reason: 'unreadable' } }];
  const taken = await take([one(1), wrong, text, [], unread, one(2)]);
  expect(taken).toMatchObject({ records: 6, error: null, counts: { events: 2, rejected: 3, deadLetters: 3 } });
  expect(await prices()).toEqual([1, 2]);
  expect(await dead()).toEqual([
    [{ symbol: 'ACME', price: 'dear' }, 'data.price'],
    ['no JSON', 'data'],
    ['//4A', null],
  ]);
  expect(await replayDeadLetters(scope, 'quotes', Date.now() + 10_000)).toMatchObject({ refused: 3, done: true });
});

test('where the store breaks off, what was committed is told, and the rest comes again', async () => {
  const store = createMemoryStore();
  let commits = 0;
  const breaking: Store = {
    ...store,
    async commit(operations, options) {
      if (operations.some(({ kind }) => kind === 'append') && (commits += 1) > 1) {
        throw new TidegateError('store_unavailable', 'as the test asked');
      }
      return store.commit(operations, options);
    },
  };
  // Of these one commit takes some 13.
  const large = Array.from({ length: 40 }, (_, at) => one(at, { note: 'x'.repeat(250_000) }));
  const broken = await stage(breaking).take(large);
  expect(broken.error).toMatchObject({ code: 'store_unavailable' });
  expect(broken.records).toBeGreaterThan(5);
  expect(broken.records).toBeLessThan(20);
  const { take, prices } = stage(store);
  expect(await prices()).toHaveLength(broken.records);
  const rest = await take(large.slice(broken.records));
  expect([rest.records, (await prices()).length]).toEqual([40 - broken.records, 40]);
});

const of = (id: number, symbol: string): Handed => one(id, { symbol }, 'owned');

test('events of tenants go to the log of each, and what names nobody is a dead letter of the app', async () => {
  const { take, prices, scope } = stage();
  const taken = await take([of(1, 'acme'), of(2, 'other'), of(3, 'acme'), of(4, '')], 'owned');
  expect(taken).toMatchObject({ records: 4, error: null, counts: { events: 3, deadLetters: 1 } });
  expect([await prices('acme', 'owned'), await prices('other', 'owned')]).toEqual([[1, 3], [2]]);
  expect((await readDeadLetters(scope, 'owned')).deadLetters).toMatchObject([{ reason: 'tenant' }]);
  expect((await readDeadLetters(scopeOf(scope, { tenant: 'acme' }), 'owned')).deadLetters).toEqual([]);
});

test('readers are told how the feed is, and nothing pulls it', async () => {
  const { take, scope, deps } = stage();
  const notes = createHandedNotes();
  const note = async (handed: readonly Handed[]) =>
    notes.note(scope, feedOf('quotes'), await take(handed), Date.now() + 10_000);
  await note(batch(0, 3));
  expect(await feedStatus(scope, ['quotes'])).toMatchObject([{ state: 'ok', counts: { events: 3 }, type: 'kinesis' }]);
  await note([[{ stream: 'quotes', id: 'x', data: 1, bytes: 1 }]]);
  expect(await feedStatus(scope, ['quotes'])).toMatchObject([{ state: 'rejecting', rejected: { count: 1, items: 1 } }]);
  expect((await ingest(deps, Date.now() + 5_000)).feeds).toEqual([]);
});

const define = (streams: object) =>
  defineApp({ name: 'x', version: '1.0.0', description: 'x', streams: streams as never });

test('such a feed fills one stream, which no tenant has for itself', () => {
  const own = stream({ description: 'Own', schema: Quote, tenants: 'each', feed: kinesis() });
  expect(() => define({ own })).toThrow(expect.objectContaining({ message: expect.stringContaining('one stream') }));
  const items = 'no function' as never;
  const odd = stream({ description: 'Odd', schema: Quote, feed: kinesis({ items }) });
  expect(() => define({ odd })).toThrow(
    expect.objectContaining({ message: expect.stringContaining('odd.feed.items') }),
  );
});

test('one call makes as many dead letters as a burst may, and counts what is over', async () => {
  const { take, scope } = stage();
  const bad = Array.from({ length: BURST_DEAD_LETTERS + 50 }, (_, at) => one(at, { price: 'no number' }));
  const { counts, error } = await take(bad);
  expect(error).toBeNull();
  expect(counts).toMatchObject({ rejected: BURST_DEAD_LETTERS + 50, deadLetters: BURST_DEAD_LETTERS });
  expect((await readDeadLetters(scope, 'quotes')).deadLetters.length).toBeGreaterThan(0);
});
