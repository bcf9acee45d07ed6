/** What other limiters were reported for. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createRequestShares } from '../../../src/store/shares/request-shares.ts';
import { instanceOn, limitOf, paced, START, watched } from './instances.ts';

test('a limit that is raised within the window lets through what it is raised by (envoyproxy/ratelimit 185)', async () => {
  const store = createMemoryStore();
  const through = async (limit: number) => {
    const one = instanceOn(store, limitOf(limit), () => START);
    return paced({ now: START }, 5_000, 0, () => one.ask());
  };
  expect(await through(10)).toBe(10);
  // Those that are refused count for nothing.
  expect(await through(10)).toBe(0);
  const raised = await through(50);
  expect(raised).toBeGreaterThanOrEqual(38);
  expect(raised).toBeLessThanOrEqual(40);
});

test('the last one of a limit is let through, whoever holds it (upstash/ratelimit-js 157)', async () => {
  for (const limit of [1, 2, 10, 700]) {
    const one = instanceOn(createMemoryStore(), limitOf(limit), () => START);
    expect(await paced({ now: START }, limit, 0, () => one.ask())).toBe(limit);
    expect(await one.ask()).toBe(false);
  }
});

test('callers who are forgotten, because there are many, get nothing anew (fastify/fastify-rate-limit 215)', async () => {
  const shares = createRequestShares({ now: () => START, sleep: async () => {} });
  const store = createMemoryStore();
  const ask = (n: number) => shares.take(store, [limitOf(1, `t/requests//${n}`)]);
  for (let n = 0; n < 15_000; n += 1) await ask(n);
  for (const n of [0, 1, 7_000, 14_999]) await expect(ask(n)).rejects.toMatchObject({ code: 'rate_limited' });
});

test('a store that is slow lets nobody through unasked (upstash: success after a timeout), and a failure resets nothing', async () => {
  const clock = { now: START };
  let isDown = false;
  const { store } = watched(createMemoryStore(), (add) => async (...asked) => {
    if (isDown) throw new TidegateError('store_unavailable', 'gone', { retryAfterMs: 1_000 });
    return add(...asked);
  });
  const instances = [1, 2, 3].map(() => instanceOn(store, limitOf(30), () => clock.now));
  let through = 0;
  for (let n = 0; n < 300; n += 1) {
    isDown = n % 3 !== 0;
    clock.now += 100;
    for (const one of instances) if (await one.ask().catch(() => false)) through += 1;
  }
  expect(through).toBeGreaterThan(0);
  expect(through).toBeLessThanOrEqual(30);
});
