/** How soon what one process tells of comes to a receiver, where others are at work or nobody had subscribed before. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createDeliveryWork } from '../../src/deliveries/work/run-deliveries.ts';
import { stream } from '../../src/index.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { ofStream, scopeOf } from '../../src/streams/scope.ts';
import { ADA, appOf, deliveryStage, EVE, places, prices, taking, type DeliveryStage } from './stage.ts';

/** Time passes, and what waits for it goes on. */
async function pass(stage: DeliveryStage, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 50) {
    await stage.clock.advance(50);
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

const arrivedAt = (stage: DeliveryStage, id: string) => stage.events().find(({ body }) => body['eventId'] === id)?.at;

test('an event right after somebody subscribed comes at once, though nobody had before', async () => {
  const stage = deliveryStage();
  const work = createDeliveryWork(stage.deps, { stays: true });
  const told = () => stage.clock.drive(work.run(stage.clock.now() + 30_000, places));
  await stage.publish('zero');
  await told();
  await stage.clock.advance(200);
  await stage.subscribe();
  await told();
  await stage.clock.advance(200);
  const at = stage.clock.now();
  await stage.publish('one');
  const { dueAt } = await told();
  expect(dueAt).toBeLessThanOrEqual(at + 1_000);
  await stage.clock.advance((dueAt ?? 0) - stage.clock.now());
  await stage.clock.drive(work.run(stage.clock.now() + 30_000, null));
  expect(stage.ids()).toEqual(['one']);
});

test('an event that a second process hears of comes soon after the first one is done', async () => {
  const stage = deliveryStage({
    receive: async (one, signal) => {
      if (one.body['type'] !== 'verification') await stage.clock.sleep(1_500);
      return taking(one, signal);
    },
  });
  await stage.subscribe();
  const [first, second] = [0, 1].map(() => createDeliveryWork(stage.deps, { stays: true }));
  if (!first || !second) throw new Error('there are two');
  await stage.clock.drive(first.run(stage.clock.now() + 30_000, null));
  await stage.publish('one');
  void first.run(stage.clock.now() + 30_000, places);
  await pass(stage, 300);
  await stage.publish('two');
  const at = stage.clock.now();
  let next: number | null = null;
  const look = (where: typeof places | null) =>
    void second.run(stage.clock.now() + 30_000, where).then(({ dueAt }) => (next = dueAt));
  look(places);
  for (let steps = 0; steps < 100 && arrivedAt(stage, 'two') === undefined; steps += 1) {
    await pass(stage, 50);
    if (next === null || next > stage.clock.now()) continue;
    next = null;
    look(null);
  }
  expect((arrivedAt(stage, 'two') ?? Infinity) - at).toBeLessThan(5_000);
});

test('while the events of one log go to many, those of another go too', { timeout: 120_000 }, async () => {
  const other = stream({ description: 'Other', schema: z.object({ id: z.string() }), id: 'id' });
  const trusted = ['https://many.example.com/', 'https://good.example.com/'];
  const quotas = { subscriptions: 2_000 };
  const app = appOf({ streams: { prices, other }, quotas, webhooks: { trusted } });
  const stage = deliveryStage({
    app,
    receive: async ({ url }) => {
      if (url.includes('many')) await stage.clock.sleep(200);
      return new Response(null, { status: 204 });
    },
  });
  for (let one = 0; one < 1_000; one += 1) await stage.subscribe({ url: `https://many.example.com/${one}` });
  await stage.subscribe({ url: 'https://good.example.com/', source: 'stream.other' });
  const work = createDeliveryWork(stage.deps, { stays: true });
  await stage.clock.drive(work.run(stage.clock.now() + 30_000, null));
  await pass(stage, 1_000);

  const told: { tenant: string; stream: string }[] = [];
  let isFree = true;
  let isMore = false;
  async function runOnce(changed: typeof told): Promise<void> {
    const { more } = await work.run(stage.clock.now() + 30_000, changed.length > 0 ? changed : null);
    isFree = true;
    isMore = more;
  }
  const step = async () => {
    if (isFree && (told.length > 0 || isMore)) {
      isFree = false;
      void runOnce(told.splice(0));
    }
    await pass(stage, 50);
  };
  const tell = (name: string) => told.push({ tenant: 'public', stream: name });
  await stage.publish('one');
  tell('prices');
  for (let steps = 0; steps < 6; steps += 1) await step();
  const declared = app.streams.get('other');
  if (!declared) throw new Error('it is declared');
  const at = stage.clock.now();
  await publish(ofStream(scopeOf(stage.deps, ADA), declared), declared, { data: { id: 'o1' } }, stage.within());
  tell('other');
  for (let steps = 0; steps < 400 && stage.events().length < 1_001; steps += 1) await step();
  expect((arrivedAt(stage, 'o1') ?? Infinity) - at).toBeLessThan(1_000);
  expect(stage.events()).toHaveLength(1_001);
});

test('slow receivers of one owner do not hold up those of another', { timeout: 120_000 }, async () => {
  const trusted = ['https://slow.example.com/', 'https://good.example.com/'];
  const app = appOf({ quotas: { subscriptions: 2_000 }, webhooks: { trusted } });
  const stage = deliveryStage({
    app,
    receive: async ({ url }) => {
      if (url.includes('slow')) await stage.clock.sleep(9_000);
      return new Response(null, { status: 204 });
    },
  });
  for (let one = 0; one < 300; one += 1) await stage.subscribe({ url: `https://slow.example.com/${one}` });
  await stage.subscribe({ url: 'https://good.example.com/' }, EVE);
  // As 1,100 of them are with the room that there is by default.
  const work = createDeliveryWork(stage.deps, { stays: true, most: 100, concurrency: 64 });
  await stage.clock.drive(work.run(stage.clock.now() + 30_000, null));
  await pass(stage, 1_000);
  const arrivals: number[] = [];
  let isFree = true;
  let where: typeof places | null = null;
  for (let event = 0; event < 4; event += 1) {
    const at = stage.clock.now();
    await stage.publish(`event-${event}`);
    where = places;
    for (let steps = 0; steps < 40; steps += 1) {
      if (isFree) {
        isFree = false;
        void work.run(stage.clock.now() + 30_000, where).then(() => (isFree = true));
        where = null;
      }
      await pass(stage, 50);
    }
    const good = stage.events().find(({ url, body }) => url.includes('good') && body['eventId'] === `event-${event}`);
    arrivals.push((good?.at ?? Infinity) - at);
  }
  expect(Math.max(...arrivals)).toBeLessThan(1_500);
  for (let steps = 0; steps < 3_000 && stage.events().length < 301 * 4; steps += 1) {
    if (isFree) {
      isFree = false;
      void work.run(stage.clock.now() + 30_000, null).then(() => (isFree = true));
    }
    await pass(stage, 200);
  }
  expect(stage.events()).toHaveLength(301 * 4);
});
