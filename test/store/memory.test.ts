import { expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';

test('a record is put on an expected version, and a retry of the same commit is committed', async () => {
  const store = createMemoryStore();
  const key = { partition: 'p', id: 'a' };
  const put = { kind: 'put', ...key, value: { n: 1 }, expects: null } as const;
  const options = { id: 'c1', now: 1_000, deadline: 2_000 };
  expect(await store.commit([put], options)).toEqual({ status: 'committed', version: 'c1', cursors: {} });
  expect(await store.commit([put], options)).toEqual({ status: 'committed', version: 'c1', cursors: {} });
  expect(await store.commit([put], { ...options, id: 'c2' })).toMatchObject({
    status: 'conflict',
    conflicts: [{ operation: 0, found: { value: { n: 1 }, version: 'c1' } }],
  });
});

test('a log is read from a cursor, forwards and backwards', async () => {
  const store = createMemoryStore();
  await store.commit([{ kind: 'append', log: 'l', entries: [1, 2, 3, 4] }], { id: 'c1', now: 5, deadline: 9 });
  const first = await store.read('l', null, 3);
  expect(first.entries.map((entry) => entry.value)).toEqual([1, 2, 3]);
  expect((await store.read('l', first.cursor, 3)).entries.map((entry) => entry.value)).toEqual([4]);
  const newest = await store.last('l', 2);
  expect((await store.last('l', 9, newest.start)).entries.map((entry) => entry.value)).toEqual([1, 2]);
});
