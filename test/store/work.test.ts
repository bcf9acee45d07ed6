/** A store whose reads take turns: which calls ask for one, and what a connection is charged for. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Operation } from '../../src/store/store.ts';
import { inTurns, type Work } from '../../src/store/work.ts';

const KEY = { partition: 'p', id: 'a' };
const put = (expects: string | null, more: object = {}): Operation[] => [
  { kind: 'put', ...KEY, value: 1, expects, ...more },
];

function stage() {
  const asked: number[] = [];
  const spent: number[] = [];
  const work: Work = {
    turn(bytes) {
      asked.push(bytes);
      return null;
    },
    spend: (bytes) => void spent.push(bytes),
    rest: () => true,
    entryBytes: () => 100,
    took() {},
  };
  const store = inTurns(createMemoryStore(), work);
  const commit = (operations: Operation[], id: string) => store.commit(operations, { id, now: 1, deadline: 1_000 });
  return { asked, spent, store, commit };
}

test('a read asks for a turn, by what it may bring', async () => {
  const { asked, store } = stage();
  await store.get(KEY, 1);
  await store.getMany([KEY, KEY], 1);
  await store.read('log', null, 7);
  expect(asked).toEqual([1_024, 2_048, 700]);
});

test('a commit asks for none, and is charged for: for the work that it begins more than for what it writes', async () => {
  const { asked, spent, commit } = stage();
  await commit(put(null), 'one');
  await commit([{ kind: 'put', partition: 'p', id: 'b', value: 1, expects: null, due: { queue: 'q', at: 5 } }], 'two');
  expect(asked).toEqual([]);
  expect(spent).toEqual([65_536, 65_536 + 1_048_576]);
});

test('what is read again because another commit came in between asks for no turn, until a commit is made', async () => {
  const { asked, store, commit } = stage();
  expect((await commit(put('other'), 'one')).status).toBe('conflict');
  await store.get(KEY, 1);
  expect(asked).toEqual([]);
  expect((await commit(put(null), 'two')).status).toBe('committed');
  await store.get(KEY, 1);
  expect(asked).toEqual([1_024]);
});
