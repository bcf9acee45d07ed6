/** What an event costs where many have subscribed: who selects one key of a log is looked at for events of that key alone. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { countCalls } from '../../src/store/counting.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { followOutbox } from '../../src/deliveries/work/outbox.ts';
import { subscriberPartition } from '../../src/deliveries/records/names.ts';
import type { DeclaredStream } from '../../src/declare/stream.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { seeded } from '../tasks/interleave.ts';
import { ADA, appOf, deliveryStage, type DeliveryStage, EVE } from './stage.ts';

const quotas = { subscriptions: 5_000 };
const trusted = ['https://hooks.example.com/'];
const symbolOf = (at: number) => `S${at}`;

function crowd() {
  const counted = countCalls(createMemoryStore());
  const stage = deliveryStage({ app: appOf({ quotas, webhooks: { trusted } }), store: counted.store });
  return { stage, counted };
}

async function subscribe(stage: DeliveryStage, at: number, given: JsonObject | null): Promise<string> {
  const { id } = await stage.subscribe({ url: `https://hooks.example.com/${at}`, arguments: given });
  return id;
}

/** One round of who follows the log, as a turn would wake it. */
async function follow({ stage, counted }: ReturnType<typeof crowd>): Promise<{ woken: string[]; calls: number }> {
  const declared = stage.app.streams.get('prices') as DeclaredStream;
  counted.reset();
  const { woken } = await followOutbox(scopeOfLogs(stage.deps, { tenant: 'public' }), declared, stage.within());
  return { woken: woken.map(({ id }) => id).toSorted(), calls: counted.total() };
}

test('an event of one key costs the same where ten have subscribed to others, and where a thousand have', async () => {
  const costs = [];
  for (const many of [120, 1_200]) {
    const world = crowd();
    const ids = [];
    for (let at = 0; at < many; at += 1) ids.push(await subscribe(world.stage, at, { keys: [symbolOf(at)] }));
    await world.stage.publish('first', 1, 'nobody selects it');
    await follow(world);
    await world.stage.publish('one', 1, symbolOf(7));
    const { woken, calls } = await follow(world);
    expect(woken).toEqual([ids[7]]);
    costs.push(calls);
  }
  expect(costs[0]).toBe(costs[1]);
  expect(costs[0]).toBeLessThan(10);
});

test('events of many keys read no more of a crowd that follows others', async () => {
  const read: number[] = [];
  for (const many of [600, 2_400]) {
    let records = 0;
    const memory = createMemoryStore();
    const counted = countCalls({
      ...memory,
      async list(...asked) {
        const page = await memory.list(...asked);
        records += page.records.length;
        return page;
      },
    });
    const world = {
      stage: deliveryStage({ app: appOf({ quotas, webhooks: { trusted } }), store: counted.store }),
      counted,
    };
    const ids = [];
    for (let at = 0; at < many; at += 1) ids.push(await subscribe(world.stage, at, { keys: [symbolOf(at)] }));
    await world.stage.publish('first', 1, 'nobody selects it');
    await follow(world);
    for (let at = 0; at < 20; at += 1) await world.stage.publish(`e${at}`, 1, symbolOf(at));
    records = 0;
    const { woken, calls } = await follow(world);
    expect(woken).toEqual(ids.slice(0, 20).toSorted());
    expect(calls).toBeLessThan(60);
    read.push(records);
  }
  expect(read[1]).toBeLessThan(1_200);
});

test('whoever selects an event is woken, whatever they select and however many keys come at once', async () => {
  const random = seeded(7);
  const draw = (among: number) => Math.floor(random() * among);
  for (let round = 0; round < 6; round += 1) {
    const world = crowd();
    const subscribers: { id: string; keys: string[] | null }[] = [];
    for (let at = 0; at < 130; at += 1) {
      const kind = draw(4);
      const keys = kind === 0 ? null : Array.from({ length: kind === 1 ? 3 : 1 }, () => symbolOf(draw(60)));
      subscribers.push({ id: await subscribe(world.stage, at, keys === null ? null : { keys }), keys });
    }
    await follow(world);
    await world.stage.run();
    const symbols = Array.from({ length: round % 2 === 0 ? 3 : 40 }, () => symbolOf(draw(60)));
    for (const [at, symbol] of symbols.entries()) await world.stage.publish(`e${at}`, 1, symbol);
    const { woken } = await follow(world);
    const selects = (keys: string[] | null) => keys === null || keys.some((key) => symbols.includes(key));
    expect(woken).toEqual(subscribers.flatMap(({ id, keys }) => (selects(keys) ? [id] : [])).toSorted());
  }
});

test('one of a single key is refreshed, ended, and leaves nothing behind', async () => {
  const { stage } = crowd();
  const given = { keys: ['ACME'] };
  const id = await subscribe(stage, 0, given);
  expect(await subscribe(stage, 0, given)).toBe(id);
  await stage.publish('one');
  await stage.run();
  expect(stage.ids()).toEqual(['one']);
  const listed = () => stage.store.list(subscriberPartition('public', 'prices'), { now: stage.clock.now(), limit: 10 });
  expect((await listed()).records).toHaveLength(1);
  await stage.service.unsubscribe(ADA, { id }, stage.within());
  expect((await listed()).records).toEqual([]);
});

test('the bounds hold and name themselves: of one caller, and of all of a tenant', async () => {
  const app = appOf({ quotas: { subscriptions: 2, allSubscriptions: 3 }, webhooks: { trusted } });
  const stage = deliveryStage({ app });
  const of = (at: number, principal = ADA) => stage.subscribe({ url: `https://hooks.example.com/${at}` }, principal);
  await of(1);
  await of(2);
  await expect(of(3)).rejects.toMatchObject({ code: 'rate_limited', field: 'quotas.subscriptions' });
  await of(1, EVE);
  await expect(of(2, EVE)).rejects.toMatchObject({ code: 'rate_limited', field: 'quotas.allSubscriptions' });
  // A refresh is none more, and other tenants are not concerned.
  await of(1);
  await of(2, { ...EVE, tenant: 'globex' });
});
