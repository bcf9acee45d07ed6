import { expect, test } from 'vitest';
import { countCalls, openAccount } from '../../src/store/counting.ts';
import { createLazyStore } from '../../src/store/lazy.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';

/** A store that reports two requests to its engine for each `get`, to whoever observes it. */
function requesting(onRequest: () => void = () => {}): Store {
  const inner = createMemoryStore();
  return {
    ...inner,
    get(key, now) {
      onRequest();
      onRequest();
      return inner.get(key, now);
    },
    observed: (observer) => requesting(observer),
  };
}

const key = { partition: 'p', id: 'i' };

test('each call is counted under its name, and answered by the store', async () => {
  const inner = createMemoryStore();
  const { store, calls, total, reset, engineRequests } = countCalls(inner);
  expect(calls()).toEqual({});
  await store.commit([{ kind: 'append', log: 'l', entries: [1] }], { id: 'c', now: 0, deadline: 1 });
  await store.read('l', null, 10);
  expect((await store.read('l', null, 10)).entries).toHaveLength(1);
  expect(calls()).toEqual({ commit: 1, read: 2 });
  expect(total()).toBe(3);
  expect(engineRequests()).toBeNull();
  reset();
  await store.getMany([], 0);
  expect(calls()).toEqual({ getMany: 1 });
  expect(store.limits).toBe(inner.limits);
});

test.each([
  ['a store', () => requesting()],
  ['one that is opened late', () => createLazyStore('late', requesting().limits, async () => requesting())],
])('requests to the engine are counted beside the calls: %s', async (_what, make) => {
  const counted = countCalls(make());
  await Promise.all([counted.store.get(key, 0), counted.store.get(key, 0)]);
  expect([counted.calls(), counted.engineRequests()]).toEqual([{ get: 2 }, 4]);
  const account = openAccount(counted.store);
  await account.store.get(key, 0);
  expect(account.spent()).toEqual({ storeCalls: { get: 1 }, engineRequests: 2 });
  expect([counted.calls(), counted.engineRequests()]).toEqual([{ get: 3 }, 6]);
});

test('accounts of one store keep apart what overlaps, and one that is not used is empty', async () => {
  const store = requesting();
  const [first, second, third] = [openAccount(store), openAccount(store), openAccount(store)];
  const reads = [first.store.get(key, 0), second.store.get(key, 0), second.store.extent('l'), first.store.get(key, 0)];
  await Promise.all(reads);
  expect(first.spent()).toEqual({ storeCalls: { get: 2 }, engineRequests: 4 });
  expect(second.spent()).toEqual({ storeCalls: { get: 1, extent: 1 }, engineRequests: 2 });
  expect(third.spent()).toEqual({ storeCalls: {} });
});

test('whoever makes many calls, or long ones, gives way between two where the turn has lasted long', async () => {
  let asked = 0;
  const pace = () => () => {
    asked += 1;
    return Promise.resolve();
  };
  const { store } = countCalls(createMemoryStore(), { pace });
  for (let n = 0; n < 4; n += 1) await store.get(key, 0);
  expect(asked).toBe(0);
  await store.get(key, 0);
  expect(asked).toBe(1);
  const other = countCalls(createMemoryStore(), { pace });
  await other.store.list('p', { now: 0, limit: 1 });
  expect(asked).toBe(2);
});
