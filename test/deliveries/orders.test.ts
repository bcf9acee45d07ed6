/**
 * Nothing is forgotten and nothing is left behind, whatever the order in which somebody subscribes, events are appended, logs are
 * followed, turns read, send and store, somebody ends the subscription, and processes die.
 */
import { expect, test, vi } from 'vitest';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createSealer } from '../../src/base/seal.ts';
import type { DeliveryDeps } from '../../src/deliveries/records/deps.ts';
import { countKeys, DELIVERY_QUEUE } from '../../src/deliveries/records/names.ts';
import { subscriber, subscriptionCount } from '../../src/deliveries/records/subscribed.ts';
import { createSubscriptions } from '../../src/deliveries/subscriptions.ts';
import { sourcesIn } from '../../src/deliveries/work/rights.ts';
import type { DeclaredStream } from '../../src/declare/stream.ts';
import { followOutbox } from '../../src/deliveries/work/outbox.ts';
import { namesOfDue } from '../../src/deliveries/work/pool.ts';
import { takeDeliveryTurn } from '../../src/deliveries/work/turn.ts';
import { createDeliveryWork } from '../../src/deliveries/work/run-deliveries.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { loggedEvent } from '../../src/streams/log/stream-log.ts';
import { ofStream, scopeOf, scopeOfLogs } from '../../src/streams/scope.ts';
import { byDepth } from '../depth.ts';
import { type Gate, interleave, type Process, someOrders, withoutTime } from '../tasks/interleave.ts';
import { ADA, appOf, EVE, places, requestOf, URL_OF_ADA } from './stage.ts';

vi.setConfig({ testTimeout: 120_000 });
const DRAWN = byDepth(60, 300, 2_000);
const LOG = 'public/stream/prices';
const which = { source: 'stream.prices', arguments: null, to: URL_OF_ADA };
const app = appOf();
const declared = app.streams.get('prices') as DeclaredStream;

interface World {
  store: Store;
  now: number;
  /** Ids of events in the order in which they came to the receiver. */
  came: string[];
  deps(store: Store): DeliveryDeps;
  /** How the receiver answers the try of this number, from 1 on. */
  answer: (tries: number) => number;
}

/** Pauses after a conflict grow, and come to their end here at once. */
const PAUSES_MS = 500;

function newWorld(answer: World['answer'] = () => 204): World {
  const world: World = { store: createMemoryStore(), now: 1_000_000_000_000, came: [], deps: depsOf, answer };
  const runtime = withoutTime(
    {
      ...systemRuntime(() => {}),
      now: () => world.now,
      random: () => 0.5,
      resolve: async () => ['203.0.114.7'],
      fetch: async (url, init) => {
        const body = JSON.parse(init?.body as string) as Record<string, string>;
        if (body['type'] === 'verification') return Response.json({ challenge: body['challenge'] });
        if (body['eventId'] === undefined) return new Response(null, { status: 204 });
        if (url !== URL_OF_ADA) return new Response(null, { status: 204 });
        world.came.push(body['eventId']);
        return new Response(null, { status: world.answer(world.came.length) });
      },
    },
    PAUSES_MS,
  );
  const sealer = createSealer({ current: 'the secret of a server in a test', previous: null }, 'market/webhook');
  function depsOf(store: Store): DeliveryDeps {
    return { app, store, runtime, isOpen: false, sealer, sourcesOf: () => sourcesIn(app) };
  }
  return world;
}

const minute = ({ now }: World) => now + 60_000;
const calls: Gate = (call) => ['commit', 'read', 'list', 'getMany', 'due', 'extent'].includes(call);
const commits: Gate = (call) => call === 'commit';

const subscribes = (world: World): Process => ({
  run: (store) => createSubscriptions(world.deps(store)).subscribe(ADA, requestOf(), minute(world)),
  gate: (call) => call === 'commit' || call === 'extent',
});
const ends = (world: World): Process => ({
  run: (store) =>
    createSubscriptions(world.deps(store))
      .unsubscribe(ADA, which, minute(world))
      .catch(() => {}),
  gate: calls,
});
const refreshes = (world: World): Process => ({ ...subscribes(world), gate: calls });
const worker = (world: World, diesAt?: number): Process => ({
  async run(store) {
    const deps = world.deps(store);
    await followOutbox(scopeOfLogs(deps, { tenant: 'public' }), declared, minute(world));
    for (let rounds = 0; rounds < 4; rounds += 1) {
      const due = await store.due(DELIVERY_QUEUE, { now: world.now, limit: 10, from: 0 });
      for (const name of namesOfDue(due)) await takeDeliveryTurn(deps, name, { deadline: minute(world) });
      if (due.length === 0) return;
    }
  },
  gate: calls,
  ...(diesAt === undefined ? {} : { diesAt }),
});
const publisher = (world: World, ...ids: string[]): Process => ({
  async run(store) {
    for (const id of ids) {
      const data = { id, symbol: 'ACME', price: 1 };
      await publish(ofStream(scopeOf(world.deps(store), ADA), declared), declared, { data }, minute(world));
    }
  },
  gate: commits,
});

/** What others do once the leases of those who died are over, until nothing is due. */
async function settle(world: World): Promise<void> {
  for (let rounds = 0; rounds < 12; rounds += 1) {
    world.now += 61_000;
    await createDeliveryWork(world.deps(world.store)).run(minute(world), places);
  }
}

/** The events behind where the subscription began. */
async function owed({ store, now }: World): Promise<string[]> {
  const { records } = await store.list('public/subscribers/prices', { now, limit: 10 });
  const record = records.find(({ id }) => id.includes('/ada/'));
  const from = record === undefined ? null : subscriber.decode(record.value).from;
  const { entries } = await store.read(LOG, from, 1_000);
  return entries.map((entry) => loggedEvent.read(entry).id);
}

test('an event and a subscription that meet: it comes if it was appended behind where that began', async () => {
  let met = 0;
  await someOrders(DRAWN, async (choose) => {
    const world = newWorld();
    // The follower moves on for her, past events that the other one is still to be stored behind.
    const hers = requestOf({ url: 'https://hooks.example.com/eve' });
    await createSubscriptions(world.deps(world.store)).subscribe(EVE, hers, minute(world));
    await interleave(world.store, [subscribes(world), publisher(world, '1', '2'), worker(world)], choose);
    await settle(world);
    const expected = await owed(world);
    expect(world.came.toSorted()).toEqual(expected.toSorted());
    if (expected.length === 1) met += 1;
  });
  expect(met).toBeGreaterThan(0);
});

test('two workers, of which one dies anywhere: each event comes, and none more often than somebody died', async () => {
  for (const diesAt of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
    await someOrders(Math.ceil(DRAWN / 12), async (choose) => {
      const world = newWorld();
      await createSubscriptions(world.deps(world.store)).subscribe(ADA, requestOf(), minute(world));
      const all = [publisher(world, '1', '2', '3'), worker(world), worker(world, diesAt)];
      await interleave(world.store, all, choose);
      await settle(world);
      expect(new Set(world.came)).toEqual(new Set(['1', '2', '3']));
      for (const id of ['1', '2', '3']) expect(world.came.filter((one) => one === id).length).toBeLessThanOrEqual(2);
    });
  }
});

test('workers that take over while the receiver fails: everything comes in the end', async () => {
  await someOrders(DRAWN, async (choose) => {
    const world = newWorld((tries) => (tries % 3 === 0 ? 204 : 500));
    await createSubscriptions(world.deps(world.store)).subscribe(ADA, requestOf({ ordered: true }), minute(world));
    await interleave(world.store, [publisher(world, '1', '2'), worker(world), worker(world)], choose);
    await settle(world);
    await settle(world);
    // In order: the second one is not sent before the first one was taken.
    expect(world.came.lastIndexOf('1')).toBeLessThan(world.came.indexOf('2'));
    expect(world.came.at(-1)).toBe('2');
  });
});

test('a refresh that meets turns keeps what is on its way', async () => {
  await someOrders(DRAWN, async (choose) => {
    const world = newWorld();
    await createSubscriptions(world.deps(world.store)).subscribe(ADA, requestOf(), minute(world));
    await interleave(world.store, [publisher(world, '1', '2'), worker(world), refreshes(world)], choose);
    await settle(world);
    expect(world.came.toSorted()).toEqual(['1', '2']);
  });
});

test('an end that meets turns, a death and events leaves nothing behind', async () => {
  for (const diesAt of [undefined, 2, 4, 6, 8]) {
    await someOrders(Math.ceil(DRAWN / 5), async (choose) => {
      const world = newWorld();
      await createSubscriptions(world.deps(world.store)).subscribe(ADA, requestOf(), minute(world));
      await interleave(world.store, [publisher(world, '1', '2'), worker(world, diesAt), ends(world)], choose);
      const before = world.came.length;
      await settle(world);
      expect(world.came.length).toBe(before);
      for (const partition of ['subscription', 'delivery', 'delivery-wake']) {
        expect((await world.store.list(`acme/${partition}`, { now: world.now, limit: 10 })).records).toEqual([]);
      }
      expect((await world.store.list('public/subscribers/prices', { now: world.now, limit: 10 })).records).toEqual([]);
      const counts = await world.store.getMany(countKeys(ADA), world.now);
      expect(counts.map((one) => subscriptionCount.read(one)?.count)).toEqual([0, 0]);
    });
  }
});

test('an end and a new beginning that meet leave one subscription that is counted once', async () => {
  await someOrders(DRAWN, async (choose) => {
    const world = newWorld();
    await createSubscriptions(world.deps(world.store)).subscribe(ADA, requestOf(), minute(world));
    await interleave(world.store, [ends(world), refreshes(world), worker(world)], choose);
    await settle(world);
    const { records } = await world.store.list('acme/subscription', { now: world.now, limit: 10 });
    const counts = await world.store.getMany(countKeys(ADA), world.now);
    expect(counts.map((one) => subscriptionCount.read(one)?.count)).toEqual([records.length, records.length]);
  });
});
