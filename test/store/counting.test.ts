import { expect, test } from 'vitest';
import { countCalls } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

test('each call is counted under its name, and answered by the store', async () => {
  const inner = createMemoryStore();
  const { store, calls, total, reset } = countCalls(inner);
  expect(calls()).toEqual({});
  await store.commit([{ kind: 'append', log: 'l', entries: [1] }], { id: 'c', now: 0, deadline: 1 });
  await store.read('l', null, 10);
  expect((await store.read('l', null, 10)).entries).toHaveLength(1);
  expect(calls()).toEqual({ commit: 1, read: 2 });
  expect(total()).toBe(3);
  reset();
  await store.getMany([], 0);
  expect(calls()).toEqual({ getMany: 1 });
  expect(store.limits).toBe(inner.limits);
});
