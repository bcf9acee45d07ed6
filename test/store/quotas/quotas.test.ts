/** Quotas over all instances on one store: what is over is refused, what ends is free again, and no sum is wrong for ever. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createRedisStore } from '../../../src/store/redis/store.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { createQuotas, type Quota } from '../../../src/store/quotas/quotas.ts';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import { type RunningRedis, startRedis } from '../../services/redis.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';

const HOUR = 3_600_000;
const START = 500_000 * HOUR;
const QUOTA = {
  name: 'quotas.results',
  of: 'large answers',
  unit: 'bytes',
  each: 1_000_000,
  all: 1_800_000,
  lastsMs: HOUR,
  hint: 'ask for less',
} satisfies Quota;
const ada = { tenant: 't', subject: 'ada' };
const eve = { tenant: 't', subject: 'eve' };
const bob = { tenant: 't', subject: 'bob' };

function stage(store: Store) {
  const clock = { now: START };
  const instance = () => createQuotas({ now: () => clock.now, log: () => {} });
  const [first, second] = [instance(), instance()];
  return {
    clock,
    first,
    second,
    instance,
    take: (owner = ada, amount = 400_000, quotas = first) => quotas.take(store, QUOTA, owner, amount),
  };
}

const REFUSED = {
  code: 'rate_limited',
  field: 'quotas.results',
  expected: 'at most 1000000 bytes of one caller at once',
};

function suite(open: () => Store | Promise<Store>) {
  test('what is over is refused, whichever instance took before, and another principal is not hurt', async () => {
    const { first, second, take } = stage(await open());
    await take(ada, 400_000, first);
    await take(ada, 400_000, second);
    await expect(take(ada, 400_000, first)).rejects.toMatchObject(REFUSED);
    await expect(take(ada, 400_000, second)).rejects.toMatchObject(REFUSED);
    // What was refused takes nothing.
    await take(ada, 200_000, second);
    await take(eve, 800_000, first);
  });

  test('all together have a limit of their own', async () => {
    const { take } = stage(await open());
    await take(ada, 900_000);
    await take(eve, 900_000);
    const refused = { code: 'rate_limited', expected: 'at most 1800000 bytes of all callers at once' };
    await expect(take(bob, 100_000)).rejects.toMatchObject(refused);
    // It took nothing of its own quota either.
    const { clock } = stage(await open());
    expect(clock.now).toBe(START);
  });

  test('of what tenants share there is one limit of all callers, and each tenant has one of its own else', async () => {
    const store = await open();
    const { first } = stage(store);
    const take = (tenant: string, allTenants: boolean) =>
      first.take(store, { ...QUOTA, allTenants }, { tenant, subject: 'ada' }, 900_000);
    await take('t', true);
    await take('u', true);
    await expect(take('v', true)).rejects.toMatchObject({ expected: 'at most 1800000 bytes of all callers at once' });
    await take('w', false);
  });

  test('where the store counts for one of the two limits and fails at the other, nothing is taken', async () => {
    const store = await open();
    for (const fails of [(key: string) => key.includes('//'), (key: string) => !key.includes('//')]) {
      const { first } = stage(store);
      const half: Store = {
        ...store,
        add: (...asked) => (fails(asked[0]) && asked[1] > 0 ? Promise.reject(new Error('gone')) : store.add(...asked)),
      };
      for (let n = 0; n < 3; n += 1) await expect(first.take(half, QUOTA, ada, 900_000)).rejects.toThrow('gone');
    }
    const { take } = stage(store);
    await take(ada, 900_000);
    await take(eve, 900_000);
  });

  test('who is refused is told so, also where nothing can be given back', async () => {
    const store = await open();
    const { first, take } = stage(store);
    await take(ada, 900_000);
    const add: Store['add'] = (...asked) => (asked[1] < 0 ? Promise.reject(new Error('gone')) : store.add(...asked));
    await expect(first.take({ ...store, add }, QUOTA, ada, 400_000)).rejects.toMatchObject(REFUSED);
    await expect(first.take({ ...store, add }, QUOTA, bob, 1_000_000)).rejects.toMatchObject({
      expected: 'at most 1800000 bytes of all callers at once',
    });
  });

  test('says when to come again, and takes then', async () => {
    const { clock, take } = stage(await open());
    await take(ada, 1_000_000);
    clock.now += 10 * 60_000;
    const refusal: unknown = await take(ada, 400_000).catch((error: unknown) => error);
    const { retryAfterMs } = refusal as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThanOrEqual(HOUR - 10 * 60_000);
    expect(retryAfterMs).toBeLessThanOrEqual(1.5 * HOUR);
    clock.now += retryAfterMs - 60_000;
    await expect(take(ada, 400_000)).rejects.toMatchObject(REFUSED);
    clock.now += 60_000;
    await take(ada, 400_000);
  });

  test('what is given back can be taken again, also from another instance, also in a later piece of time', async () => {
    const store = await open();
    const { clock, first, second, take } = stage(store);
    await take(ada, 900_000);
    const takenAt = clock.now;
    await expect(take(ada, 400_000, second)).rejects.toMatchObject(REFUSED);
    clock.now += 40 * 60_000;
    await second.give(store, QUOTA, ada, 900_000, takenAt);
    await take(ada, 900_000, second);
    clock.now += 30_001;
    await expect(take(ada, 900_000, first)).rejects.toMatchObject(REFUSED);
  });

  test('small amounts cost few calls and count all the same', async () => {
    const store = await open();
    let calls = 0;
    const counted: Store = { ...store, add: (...args) => ((calls += 1), store.add(...args)) };
    const { clock, instance } = stage(store);
    // Near the border of two pieces of time the one before is asked too.
    clock.now += 60_000;
    const quotas = instance();
    let taken = 0;
    const small = async () => {
      for (; taken < 20_000; taken += 1) await quotas.take(counted, QUOTA, ada, 100);
    };
    await expect(small()).rejects.toMatchObject(REFUSED);
    expect(taken * 100).toBeGreaterThanOrEqual(QUOTA.each - 2_000);
    expect(taken * 100).toBeLessThanOrEqual(QUOTA.each);
    expect(calls).toBeLessThan(taken / 4);
  });

  test('of tasks that 8 instances begin at once as many begin as may, and no more, also when some have ended', async () => {
    const store = await open();
    const { clock } = stage(store);
    const tasks = {
      ...QUOTA,
      name: 'quotas.runningTasks',
      unit: 'tasks',
      each: 60,
      all: null,
    } as const satisfies Quota;
    const instances = Array.from({ length: 8 }, () =>
      createQuotas({ ...systemRuntime(() => {}), now: () => clock.now }),
    );
    const begin = async () => {
      const calls = instances.flatMap((each) => Array.from({ length: 15 }, () => each.take(store, tasks, ada, 1)));
      return (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled').length;
    };
    const first = await begin();
    expect(first).toBeLessThanOrEqual(60);
    expect(first).toBeGreaterThanOrEqual(54);
    await Promise.all(Array.from({ length: 20 }, async (_, n) => instances[n % 8]?.give(store, tasks, ada, 1, START)));
    const both = first - 20 + (await begin());
    expect(both).toBeLessThanOrEqual(60);
    expect(both).toBeGreaterThanOrEqual(54);
  });

  test('nobody is asked to wait for what was not known to be full; then it is asked before work begins', async () => {
    const store = await open();
    const { first, take } = stage(store);
    const dead: Store = { ...store, add: () => Promise.reject(new Error('asked')) };
    await first.check(dead, QUOTA, ada);
    await take(ada, 1_000_000);
    await expect(take(ada, 400_000)).rejects.toMatchObject(REFUSED);
    await expect(first.check(store, QUOTA, ada)).rejects.toMatchObject(REFUSED);
    await first.give(store, QUOTA, ada, 1_000_000, START);
    await first.check(store, QUOTA, ada);
  });

  test('a sum that is wrong is right again when its time is over', async () => {
    const store = await open();
    const { clock, take } = stage(store);
    // An answer that was lost counts twice; a process that was killed gives nothing back.
    const doubled: Store = { ...store, add: async (...args) => (await store.add(...args), store.add(...args)) };
    await createQuotas({ now: () => clock.now, log: () => {} }).take(doubled, QUOTA, ada, 450_000);
    await expect(take(ada, 200_000)).rejects.toMatchObject(REFUSED);
    clock.now += 1.5 * HOUR;
    await take(ada, 900_000);
  });
}

describe('memory', () => suite(() => createMemoryStore()));
describe('sqlite', () => suite(() => createSqliteStore({ path: ':memory:' })));

describe.skipIf(!requireService('redis'))('redis (needs redis-server)', () => {
  let redis: RunningRedis;
  let front: UpstashFront;
  beforeAll(async () => {
    redis = await startRedis();
    front = await startUpstash(redis.url);
  });
  afterAll(async () => {
    await front.stop();
    await redis.stop();
  });
  suite(() => createRedisStore({ url: front.url, token: front.token, app: `test-${randomId()}`, log: () => {} }));
});
