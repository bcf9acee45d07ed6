/** What is taken at once over all instances is never above the limit, whatever clocks, lost answers and borders of time there are. */
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createCounters } from '../../../src/store/quotas/counter.ts';
import type { Store } from '../../../src/store/store.ts';
import { fc } from '../../properties.ts';

const HOUR = 3_600_000;
const START = 500_000 * HOUR;

/** One that is in use: who took it when, by its own clock, and when that was in real time. */
interface Taken {
  amount: number;
  at: number;
  really: number;
}

describe('never above', () => {
  const step = fc.record({
    instance: fc.nat(3),
    laterMs: fc.oneof(
      { weight: 6, arbitrary: fc.nat(500) },
      { weight: 2, arbitrary: fc.nat(10_000) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 * 60_000 }) },
    ),
    amount: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 4_000 })),
    gives: fc.boolean(),
    call: fc.oneof({ weight: 9, arbitrary: fc.constant('answered') }, fc.constantFrom('lost', 'refused')),
    dies: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, fc.constant(true)),
  });

  test('by sums that are taken and given back, on clocks that differ by 5 s', async () => {
    const limits = fc.constantFrom(5, 3_000, 20_000);
    const skews = fc.array(fc.integer({ min: -2_500, max: 2_500 }), { minLength: 4, maxLength: 4 });
    const steps = fc.array(step, { minLength: 30, maxLength: 300 });
    let refused = 0;
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(limits, skews, steps, async (limit, skewMs, all) => {
        const clock = { now: START + 29 * 60_000 + 50_000 };
        let fate = 'answered';
        const inner = createMemoryStore();
        const store: Store = {
          ...inner,
          async add(...asked) {
            if (fate === 'refused') throw new Error('refused');
            const total = await inner.add(...asked);
            if (fate === 'lost') throw new Error('lost');
            return total;
          },
        };
        const counter = { name: 't/quota/x', limit, pieceMs: HOUR / 2, isLoose: false };
        const newInstance = (n: number) => createCounters({ now: () => clock.now + (skewMs[n] as number) });
        const instances = [0, 1, 2, 3].map(newInstance);
        let inUse: Taken[] = [];
        for (const { instance, laterMs, amount, gives, call, dies } of all) {
          clock.now += laterMs;
          fate = call;
          if (dies) instances[instance] = newInstance(instance);
          const counters = instances[instance] as ReturnType<typeof createCounters>;
          const [first] = inUse;
          if (gives && first) {
            inUse = inUse.slice(1);
            await counters.give(store, counter, first.amount, first.at).catch(() => {});
            continue;
          }
          const taken = {
            amount: Math.min(amount, limit),
            at: clock.now + (skewMs[instance] as number),
            really: clock.now,
          };
          const againMs = await counters.take(store, counter, taken.amount).catch(() => 1);
          if (againMs === null) inUse.push(taken);
          if (againMs === null) passed += 1;
          else refused += 1;
          // What stood longer than it may is not counted.
          const standing = inUse.filter(({ really }) => clock.now - really < HOUR);
          expect(standing.reduce((sum, one) => sum + one.amount, 0)).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 200 },
    );
    // The steps are such that both happen.
    expect(Math.min(refused, passed)).toBeGreaterThan(1_000);
  });

  test('at the border of two pieces of time, by two that count in both at once', async () => {
    const clock = { now: START + HOUR };
    const inner = createMemoryStore();
    // Each call takes a while, so that both have added before either reads.
    const store: Store = {
      ...inner,
      async add(...asked) {
        const total = await inner.add(...asked);
        await new Promise((resolve) => setImmediate(resolve));
        return total;
      },
    };
    const counter = { name: 't/quota/x', limit: 10, pieceMs: HOUR / 2, isLoose: false };
    const [slow, fast] = [-2_000, 2_000].map((skewMs) => createCounters({ now: () => clock.now + skewMs }));
    const answers = await Promise.all([slow?.take(store, counter, 6), fast?.take(store, counter, 6)]);
    expect(answers.filter((againMs) => againMs === null).length).toBeLessThan(2);
  });

  test('at that border, by one whose clock is behind and still counts in the piece that the other has left', async () => {
    const clock = { now: START + HOUR };
    const store = createMemoryStore();
    const counter = { name: 't/quota/x', limit: 10, pieceMs: HOUR / 2, isLoose: false };
    const [slow, fast] = [-2_000, 2_000].map((skewMs) => createCounters({ now: () => clock.now + skewMs }));
    expect(await fast?.take(store, counter, 2)).toBeNull();
    clock.now += 500;
    expect(await slow?.take(store, counter, 5)).toBeNull();
    clock.now += 500;
    expect(await fast?.take(store, counter, 5)).not.toBeNull();
    expect(await fast?.take(store, counter, 3)).toBeNull();
  });
});

test('who takes and gives back one at a time below half of the limit asks the store less than once in 10 s', async () => {
  const clock = { now: START + 60_000 };
  const inner = createMemoryStore();
  let calls = 0;
  const store: Store = { ...inner, add: (...asked) => ((calls += 1), inner.add(...asked)) };
  const counters = createCounters({ now: () => clock.now });
  const counter = { name: 't/quota/x', limit: 100, pieceMs: HOUR / 2, isLoose: false, isHeld: true };
  for (let n = 0; n < 50; n += 1) {
    expect(await counters.take(store, counter, 1)).toBeNull();
    await counters.give(store, counter, 1, clock.now);
    clock.now += 1_000;
  }
  expect(calls).toBeLessThanOrEqual(3 + 5);
});

test('small amounts that were taken while the store failed are counted once it answers', async () => {
  const inner = createMemoryStore();
  let isGone = true;
  const add: typeof inner.add = async (...asked) => {
    if (isGone) throw new Error('gone');
    return inner.add(...asked);
  };
  const counters = createCounters({ now: () => START });
  const counter = { name: 't/quota/x', limit: 1_000_000, pieceMs: HOUR / 2, isLoose: true };
  let taken = 0;
  const take = async (amount: number) => {
    if ((await counters.take({ ...inner, add }, counter, amount)) === null) taken += amount;
  };
  for (let n = 0; n < 100; n += 1) await take(600).catch(() => {});
  // No more than what a process takes without a call.
  expect(taken).toBeLessThan(1_000);
  isGone = false;
  await take(10_000);
  const sum = await inner.add(`t/quota/x/${START}`, 0, { now: START, expiresAt: START + HOUR });
  expect(sum).toBeGreaterThanOrEqual(taken);
});
