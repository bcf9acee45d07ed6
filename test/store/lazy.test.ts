import { expect, test, vi } from 'vitest';
import { createLazyStore } from '../../src/store/lazy.ts';
import { PORTABLE_LIMITS } from '../../src/store/limits.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';

type Call = Exclude<keyof Store, 'name' | 'limits' | 'putBack'>;
const WITHOUT_ARGUMENTS = new Set<Call>(['ping', 'transfer', 'close']);

test('the driver is opened by the first call, once, and again where that failed', async () => {
  let opened = 0;
  const store = createLazyStore('memory', PORTABLE_LIMITS, async () => {
    opened += 1;
    if (opened === 1) throw new Error('not yet');
    return createMemoryStore();
  });
  await store.close();
  expect(opened).toBe(0);
  await expect(store.ping()).rejects.toThrow('not yet');
  await Promise.all([store.ping(), store.extent('log'), store.get({ partition: 'p', id: 'i' }, 0)]);
  expect(opened).toBe(2);
});

test('it is the driver: its limits, every call with its arguments, and its end', async () => {
  const limits = { commitOperations: 10, commitBytes: 500_000 };
  const inner = createMemoryStore({ limits });
  const store = createLazyStore('memory', limits, () => Promise.resolve(inner));
  expect([store.name, store.limits]).toEqual([inner.name, inner.limits]);
  const calls = Object.keys(inner).filter((name) => typeof inner[name as keyof Store] === 'function') as Call[];
  expect(calls.length).toBeGreaterThan(10);
  for (const name of calls) {
    const answer = { answered: name };
    const called = vi.spyOn(inner, name).mockResolvedValue(answer as never);
    const args = [`${name} 1`, `${name} 2`, `${name} 3`];
    expect(await (store[name] as (...args: unknown[]) => unknown)(...args)).toBe(answer);
    expect(called.mock.calls).toEqual([WITHOUT_ARGUMENTS.has(name) ? [] : args]);
  }
});
