/** Limits of requests over all instances: never above, nearly all of it usable, few calls, and nothing let through unasked. */

import { describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createRequestShares } from '../../../src/store/shares/request-shares.ts';
import { fc } from '../../properties.ts';
import { type Instance, instanceOn, limitOf, paced, START, watched, WINDOW_MS } from './instances.ts';

const lost = () => new TidegateError('store_unavailable', 'the answer was lost', { retryAfterMs: 1_000 });

describe('never above', () => {
  /** What happens to one request: which instance, how much later, and what becomes of its call to the store. */
  const step = fc.record({
    instance: fc.nat(7),
    laterMs: fc.oneof(
      { weight: 9, arbitrary: fc.nat(20) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
    ),
    call: fc.oneof(
      { weight: 8, arbitrary: fc.constant('answered') },
      fc.constantFrom('lost', 'refused', 'twice', 'late'),
    ),
    dies: fc.oneof({ weight: 30, arbitrary: fc.constant(false) }, fc.constant(true)),
  });

  test('whatever instances, clocks, lost and repeated calls, late answers and ends there are', async () => {
    const limits = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 400 }));
    const steps = fc.array(step, { minLength: 50, maxLength: 600 });
    const skews = fc.array(fc.integer({ min: -2_500, max: 2_500 }), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(limits, skews, steps, async (limit, skewMs, all) => {
        const clock = { now: START + 55_000 };
        let call = 'answered';
        const late: (() => void)[] = [];
        const { store } = watched(createMemoryStore(), (add) => async (...asked) => {
          const fate = call;
          if (fate === 'refused') throw lost();
          if (fate === 'twice') await add(...asked);
          const total = await add(...asked);
          if (fate === 'lost') throw lost();
          if (fate === 'late') await new Promise<void>((resolve) => late.push(resolve));
          return total;
        });
        const nowOf = (n: number) => clock.now + (skewMs[n] as number);
        const instances = Array.from({ length: 8 }, (_, n) => instanceOn(store, limitOf(limit), () => nowOf(n)));
        // By the window in which the instance counts when it lets the request through.
        const through = new Map<number, number>();
        const count = async (instance: number) => {
          const isThrough = await (instances[instance] as Instance).ask().catch(() => false);
          const window = Math.floor(nowOf(instance) / WINDOW_MS);
          if (isThrough) through.set(window, (through.get(window) ?? 0) + 1);
        };
        for (const { instance, laterMs, call: fate, dies } of all) {
          clock.now += laterMs;
          call = fate;
          if (dies) instances[instance] = instanceOn(store, limitOf(limit), () => nowOf(instance));
          const asking = count(instance);
          if (fate !== 'late' && late.length < 3) await Promise.race([asking, settled()]);
          else if (late.length > 2) late.splice(0).forEach((go) => go());
        }
        late.splice(0).forEach((go) => go());
        await settled();
        for (const passed of through.values()) expect(passed).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 150 },
    );
  });

  test('in real time, clocks that differ by 5 s let through as much as the windows that they are in', async () => {
    const clock = { now: START + WINDOW_MS - 2_500 };
    const store = createMemoryStore();
    const [slow, fast] = [-2_500, 2_500].map((skew) => instanceOn(store, limitOf(100), () => clock.now + skew));
    let through = 0;
    for (let n = 0; n < 300; n += 1) for (const one of [slow, fast]) if (await one?.ask()) through += 1;
    // Two windows stand open at once while the border passes through all clocks: twice the limit, and no more.
    expect(through).toBe(200);
    clock.now += 2_500;
    for (let n = 0; n < 300; n += 1) for (const one of [slow, fast]) if (await one?.ask()) through += 1;
    expect(through).toBe(200);
  });

  test('a clock that is put back counts in the window that it was in before', async () => {
    const clock = { now: START + WINDOW_MS };
    const one = instanceOn(createMemoryStore(), limitOf(20), () => clock.now);
    clock.now -= 10_000;
    expect(await paced(clock, 50, 0, () => one.ask())).toBe(20);
    clock.now += 10_000;
    expect(await paced(clock, 50, 0, () => one.ask())).toBe(20);
    clock.now -= 10_000;
    expect(await paced(clock, 50, 0, () => one.ask())).toBe(0);
  });
});

describe('nearly all of it', () => {
  test.each([4, 64])('%i instances that are asked alike use the whole limit', async (count) => {
    const store = createMemoryStore();
    const instances = Array.from({ length: count }, () => instanceOn(store, limitOf(5_000), () => START));
    let through = 0;
    for (let n = 0; n < 10_000; n += 1) if (await instances[n % count]?.ask()) through += 1;
    expect(through).toBe(5_000);
  });

  test.each([
    ['one that took all its traffic', 1, 2_000],
    ['63 that were asked once', 63, 1],
  ])('what is held by idle instances leaves nine tenths: %s', async (_what, idle, each) => {
    const clock = { now: START };
    const store = createMemoryStore();
    const one = () => instanceOn(store, limitOf(5_000), () => clock.now);
    let through = 0;
    for (const instance of Array.from({ length: idle }, one)) {
      through += await paced(clock, each, 5_000 / idle, () => instance.ask());
    }
    const last = one();
    through += await paced(clock, 5_000, 10_000, () => last.ask());
    expect(through).toBeGreaterThanOrEqual(4_500);
    expect(through).toBeLessThanOrEqual(5_000);
  });

  test('instances that come and go for ever lose a sixth at most', async () => {
    const clock = { now: START };
    const store = createMemoryStore();
    let through = 0;
    for (let n = 0; n < 100; n += 1) {
      const shortLived = instanceOn(store, limitOf(5_000), () => clock.now);
      through += await paced(clock, 100, 300, () => shortLived.ask());
    }
    expect(through).toBeGreaterThanOrEqual((5_000 * 5) / 6);
    expect(through).toBeLessThanOrEqual(5_000);
  });
});

describe('calls to the store', () => {
  test.each([10, 60, 600, 5_000, 100_000])(
    'at most one in 10 s below half of a limit of %i, whatever the pace',
    async (limit) => {
      for (const spanMs of [0, 1_000, 20_000, 59_000]) {
        const clock = { now: START };
        const { store, calls } = watched(createMemoryStore());
        const one = instanceOn(store, limitOf(limit), () => clock.now);
        for (const window of [1, 2, 3]) {
          expect(await paced(clock, limit / 2, spanMs, () => one.ask())).toBe(limit / 2);
          // One more where the instance knows nothing yet.
          expect(calls(), `${limit} in ${spanMs} ms`).toBeLessThanOrEqual(6 * window + 1);
          clock.now = START + window * WINDOW_MS;
        }
      }
    },
  );

  test.each([4, 64])('%i instances: as many each, once they know what the others do', async (count) => {
    const clock = { now: START };
    const { store, calls } = watched(createMemoryStore());
    const instances = Array.from({ length: count }, () => instanceOn(store, limitOf(5_000), () => clock.now));
    for (const window of [1, 2, 3]) {
      await paced(clock, 2_500, 59_000, (n) => (instances[n % count] as Instance).ask());
      expect(calls()).toBeLessThanOrEqual((6 * window + 1) * count);
      clock.now = START + window * WINDOW_MS;
    }
  });

  test('who is refused costs none, until the window ends', async () => {
    const clock = { now: START };
    const { store, calls } = watched(createMemoryStore());
    const one = instanceOn(store, limitOf(100), () => clock.now);
    await paced(clock, 150, 1_000, () => one.ask());
    const before = calls();
    expect(await paced(clock, 10_000, 50_000, () => one.ask())).toBe(0);
    expect(calls()).toBe(before);
    clock.now = START + WINDOW_MS;
    expect(await one.ask()).toBe(true);
  });

  test('two limits: what the second refuses is not taken of the first', async () => {
    const store = createMemoryStore();
    const all = { ...limitOf(10, 't/requests'), name: 'quotas.allRequests', whose: 'of all callers' };
    const ada = instanceOn(store, [limitOf(8, 't/requests//ada'), all], () => START);
    const eve = instanceOn(store, [limitOf(8, 't/requests//eve'), all], () => START);
    const through = async (one: typeof ada) => paced({ now: START }, 20, 0, () => one.ask());
    expect(await through(ada)).toBe(8);
    expect(await through(eve)).toBe(2);
  });
});

describe('a store that fails or is slow', () => {
  test('a piece that is held serves on; without one nothing is let through, and the store is asked once in a second', async () => {
    const clock = { now: START };
    let isDown = false;
    const { store, calls } = watched(createMemoryStore(), (add) => async (...asked) => {
      if (isDown) throw lost();
      return add(...asked);
    });
    const one = instanceOn(store, limitOf(5_000), () => clock.now);
    for (let n = 0; n < 20; n += 1) expect(await one.ask()).toBe(true);
    isDown = true;
    const before = calls();
    let served = 0;
    const refusals: unknown[] = [];
    for (let n = 0; n < 2_000; n += 1)
      await one.ask().then(
        () => (served += 1),
        (error: unknown) => refusals.push(error),
      );
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThanOrEqual(500);
    expect(refusals[0]).toMatchObject({ code: 'store_unavailable' });
    expect(calls() - before).toBe(1);
    clock.now += 1_000;
    await expect(one.ask()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(calls() - before).toBe(2);
    isDown = false;
    clock.now += 1_000;
    expect(await one.ask()).toBe(true);
  });

  test('what is within a piece waits for nothing, however slow the store is', async () => {
    const store = createMemoryStore();
    const shares = createRequestShares({ now: () => START, sleep: () => Promise.resolve() });
    const limits = [limitOf(5_000)];
    await shares.take(store, limits);
    const dead = { ...store, add: () => new Promise<number>(() => {}) };
    for (let n = 0; n < 6; n += 1) expect(shares.take(dead, limits)).toBeNull();
    expect(shares.take(dead, limits)).not.toBeNull();
  });

  test('requests that need a piece at once share one call, and none waits for ever for one that never ends', async () => {
    const clock = { now: START };
    let dead = 0;
    const { store, calls } = watched(createMemoryStore(), (add) => (...asked) => {
      if (dead === 0) return add(...asked);
      dead -= 1;
      return new Promise<number>(() => {});
    });
    const sleep = async (ms: number) => {
      await settled();
      clock.now += ms / 100;
    };
    const one = instanceOn(store, limitOf(5_000), () => clock.now, sleep);
    expect((await Promise.all(Array.from({ length: 500 }, () => one.ask()))).every(Boolean)).toBe(true);
    expect(calls()).toBeLessThanOrEqual(4);
    // The first call of what follows never ends: its request is gone, and the others go on without it.
    dead = 1;
    clock.now = START + WINDOW_MS;
    const asked = Array.from({ length: 100 }, () => one.ask());
    expect(await Promise.all(asked.slice(1))).toEqual(Array.from({ length: 99 }, () => true));
  });

  test('a store that never answers is 503 after some seconds', async () => {
    const clock = { now: START };
    const { store, calls } = watched(createMemoryStore(), () => () => new Promise<number>(() => {}));
    const sleep = async (ms: number) => void (clock.now += ms / 20);
    const one = instanceOn(store, limitOf(5_000), () => clock.now, sleep);
    const asked = Array.from({ length: 20 }, () => one.ask());
    // Those that ask themselves wait for the driver, which gives up in time.
    const failed = await Promise.allSettled([Promise.race(asked), Promise.any(asked.slice(4).map(refusalOf))]);
    expect(failed).toMatchObject([{ reason: { code: 'store_unavailable' } }, { value: { retryAfterMs: 1_000 } }]);
    expect(calls()).toBeLessThanOrEqual(4);
  });
});

test('a refusal says which limit it is and when to come again', async () => {
  const clock = { now: START + 12_345 };
  const shares = createRequestShares({ now: () => clock.now, sleep: async () => {} });
  const store = createMemoryStore();
  await shares.take(store, [limitOf(1)]);
  await expect(shares.take(store, [limitOf(1)])).rejects.toMatchObject({
    code: 'rate_limited',
    field: 'quotas.requests',
    expected: 'at most 1 requests of one caller in 60 s',
    retryAfterMs: 48_000,
  });
});

async function refusalOf(asked: Promise<boolean>): Promise<unknown> {
  try {
    await asked;
  } catch (error) {
    return error;
  }
  throw new Error('it was let through');
}

/** Lets everything go on that waits for no time. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
