/** Taking what can be taken once. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { takeOnce } from '../../src/store/take-once.ts';
import { isPresent } from '../../src/store/store.ts';

const runtime = systemRuntime(() => {});
const key = { partition: 'public/once', id: 'a' };

test('one of many has it, and it is remembered for longer than anyone asks', async () => {
  const store = createMemoryStore({});
  const now = Date.now();
  const take = () => takeOnce(runtime, store, key, now + 1_000, now + 10_000);
  const taken = await Promise.all(Array.from({ length: 10 }, take));
  expect(taken.filter(Boolean)).toHaveLength(1);
  expect(await take()).toBe(false);
  expect(isPresent(await store.get(key, now + 30_000))).toBe(true);
  expect(isPresent(await store.get(key, now + 3_600_000))).toBe(false);
});
