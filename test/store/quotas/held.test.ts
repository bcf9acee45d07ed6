/** Things that are counted one by one: few calls below half of their limit, and never above it over all instances. */
import { describe, expect, test } from 'vitest';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createCounters } from '../../../src/store/quotas/counter.ts';
import type { Store } from '../../../src/store/store.ts';
import { fc } from '../../properties.ts';

const HOUR = 3_600_000;
const START = 500_000 * HOUR + 120_000;
const TASKS = { name: 't/tasks', limit: 1_000, pieceMs: 12 * HOUR, isLoose: false, isHeld: true };
const STREAMS = { name: 't/streams', limit: 100, pieceMs: 60_000, isLoose: false, isHeld: true, isExact: true };

const never = () => new Promise<void>(() => {});

function stage() {
  const clock = { now: START + 10_000 };
  const counted = countCalls(createMemoryStore());
  const instance = () => createCounters({ now: () => clock.now, sleep: never });
  return { clock, counted, store: counted.store, instance };
}

describe('few calls below half of the limit', () => {
  test('400 tasks of 1,000 that begin in 40 s', async () => {
    const { clock, counted, store, instance } = stage();
    const counters = instance();
    for (let n = 0; n < 400; n += 1) {
      expect(await counters.take(store, TASKS, 1)).toBeNull();
      clock.now += 100;
    }
    expect(counted.total()).toBeLessThanOrEqual(20);
  });

  test('requests that end within seconds, one after the other or 20 at once', async () => {
    const { clock, counted, store, instance } = stage();
    const counters = instance();
    const request = async () => {
      const at = clock.now;
      expect(await counters.take(store, STREAMS, 1)).toBeNull();
      await new Promise((resolve) => setImmediate(resolve));
      await counters.give(store, STREAMS, 1, at);
    };
    for (let n = 0; n < 45; n += 1) await request();
    expect(counted.total()).toBeLessThanOrEqual(3);
    for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 20 }, request));
    expect(counted.total()).toBeLessThanOrEqual(6);
    // For ten minutes.
    counted.reset();
    for (let second = 0; second < 600; second += 1) {
      await Promise.all(Array.from({ length: 5 }, request));
      clock.now += 1_000;
    }
    expect(counted.total()).toBeLessThanOrEqual(60);
  });

  test('30 streams that stay open for ten minutes, each counted anew each minute', async () => {
    const { clock, counted, store, instance } = stage();
    const counters = instance();
    const open = Array.from({ length: 30 }, (_, index) => ({ at: clock.now, next: clock.now + index * 2_000 }));
    for (const stream of open) {
      stream.at = clock.now;
      await counters.take(store, STREAMS, 1);
    }
    counted.reset();
    for (let second = 0; second < 600; second += 1) {
      clock.now += 1_000;
      for (const stream of open.filter(({ next }) => next <= clock.now)) {
        await counters.give(store, STREAMS, 1, stream.at);
        stream.at = clock.now;
        stream.next = clock.now + 60_000;
        expect(await counters.take(store, STREAMS, 1)).toBeNull();
      }
    }
    expect(counted.total()).toBeLessThanOrEqual(120);
  });
});

test('what others hold, and what those held that died, leaves half of the limit to who needs it', async () => {
  const { clock, store, instance } = stage();
  for (let n = 0; n < 64; n += 1) {
    const counters = instance();
    const takenAt = clock.now;
    const taking = Array.from({ length: 60 }, () => counters.take(store, TASKS, 1));
    const taken = (await Promise.all(taking)).filter((againMs) => againMs === null);
    await Promise.all(taken.map(() => counters.give(store, TASKS, 1, takenAt)));
    clock.now += 100;
  }
  const counters = instance();
  let used = 0;
  while ((await counters.take(store, TASKS, 1)) === null) used += 1;
  expect(used).toBeGreaterThanOrEqual(TASKS.limit / 2);
  expect(used).toBeLessThanOrEqual(TASKS.limit);
});

test('16 instances that begin 50 at once each, on a store that takes a while, use the limit and no more', async () => {
  const { clock, store: inner } = stage();
  const store: Store = {
    ...inner,
    async add(...asked) {
      await new Promise((resolve) => setImmediate(resolve));
      const total = await inner.add(...asked);
      await new Promise((resolve) => setImmediate(resolve));
      return total;
    },
  };
  for (const counter of [STREAMS, TASKS]) {
    let used = 0;
    const instances = Array.from({ length: 16 }, () => createCounters({ now: () => clock.now, sleep: never }));
    for (let round = 0; round < 3; round += 1) {
      const taking = instances.flatMap((each) => Array.from({ length: 50 }, () => each.take(store, counter, 1)));
      used += (await Promise.all(taking)).filter((againMs) => againMs === null).length;
    }
    expect(used).toBeLessThanOrEqual(counter.limit);
    expect(used).toBeGreaterThanOrEqual(0.9 * counter.limit);
  }
});

test('never above, by 4 instances that take and give back on clocks that differ, while calls are lost and instances die', async () => {
  const step = fc.record({
    instance: fc.nat(3),
    laterMs: fc.oneof({ weight: 6, arbitrary: fc.nat(500) }, { weight: 1, arbitrary: fc.nat(40_000) }),
    takes: fc.integer({ min: 0, max: 4 }),
    gives: fc.integer({ min: 0, max: 4 }),
    call: fc.oneof({ weight: 12, arbitrary: fc.constant('answered') }, fc.constantFrom('lost', 'refused')),
    dies: fc.oneof({ weight: 30, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
  const skews = fc.array(fc.integer({ min: -2_500, max: 2_500 }), { minLength: 4, maxLength: 4 });
  const steps = fc.array(step, { minLength: 50, maxLength: 300 });
  let refused = 0;
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(3, 20, 100), skews, steps, async (limit, skewMs, all) => {
      const { clock, store: inner } = stage();
      let fate = 'answered';
      const store: Store = {
        ...inner,
        async add(...asked) {
          if (fate === 'refused') throw new Error('refused');
          const total = await inner.add(...asked);
          if (fate === 'lost') throw new Error('lost');
          return total;
        },
      };
      const counter = { ...STREAMS, limit };
      const open = (n: number) => createCounters({ now: () => clock.now + (skewMs[n] as number) });
      const instances = [0, 1, 2, 3].map(open);
      let inUse: { at: number; really: number; by: number }[] = [];
      for (const { instance, laterMs, takes, gives, call, dies } of all) {
        clock.now += laterMs;
        fate = call;
        if (dies) instances[instance] = open(instance);
        const counters = instances[instance] as ReturnType<typeof createCounters>;
        const mine = inUse.filter(({ by }) => by === instance).slice(0, gives);
        inUse = inUse.filter((one) => !mine.includes(one));
        await Promise.all(mine.map(({ at }) => counters.give(store, counter, 1, at).catch(() => {})));
        const at = clock.now + (skewMs[instance] as number);
        const taking = Array.from({ length: takes }, () => counters.take(store, counter, 1).catch(() => 1));
        for (const againMs of await Promise.all(taking)) {
          if (againMs === null) inUse.push({ at, really: clock.now, by: instance });
          if (againMs === null) passed += 1;
          else refused += 1;
        }
        const standing = inUse.filter(({ really }) => clock.now - really < 2 * counter.pieceMs);
        expect(standing.length).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 200 },
  );
  expect(Math.min(refused, passed)).toBeGreaterThan(1_000);
});
