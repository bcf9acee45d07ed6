import { expect, test } from 'vitest';
import { TidegateError } from '../../src/base/errors.ts';
import { type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { CommitOptions, Operation, Store } from '../../src/store/store.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import { weaken } from './weaknesses.ts';

const append: Operation = { kind: 'append', log: 'l', entries: [1] };

/** A runtime whose clock moves only when someone sleeps. */
function manualRuntime(start = 0): Runtime & { slept: number[] } {
  let now = start;
  let ids = 0;
  const slept: number[] = [];
  return {
    ...systemRuntime(() => {}),
    now: () => now,
    random: () => 0.5,
    newId: () => `id-${(ids += 1)}`,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
    slept,
  };
}

/** A memory store whose first answers are lost, after they took effect or before. */
function losing(lost: number, takesEffect: boolean): { store: Store; sent: CommitOptions[] } {
  const inner = createMemoryStore();
  const sent: CommitOptions[] = [];
  const store: Store = {
    ...inner,
    async commit(operations, options) {
      sent.push(options);
      if (sent.length > lost) return inner.commit(operations, options);
      if (takesEffect) await inner.commit(operations, options);
      return { status: 'unknown', cause: new Error('lost') };
    },
  };
  return { store, sent };
}

test.for([true, false])(
  'unknown answers (took effect: %s) are repeated under one id, at the time it is then',
  async (effect) => {
    const runtime = manualRuntime(1_000);
    const { store, sent } = losing(3, effect);
    const result = await commitSurely(runtime, store, [append], 60_000);
    expect(result).toMatchObject({ status: 'committed', version: 'id-1' });
    expect((await store.extent('l')).count).toBe(1);
    expect(sent.map(({ id, deadline }) => [id, deadline])).toEqual([1, 2, 3, 4].map(() => ['id-1', 60_000]));
    expect(sent.map(({ now }) => now)).toEqual([1_000, 1_010, 1_030, 1_070]);
  },
);

test('pauses grow and are bounded', async () => {
  const runtime = manualRuntime();
  await commitSurely(runtime, losing(10, false).store, [append], 60_000);
  expect(runtime.slept).toEqual([10, 20, 40, 80, 160, 320, 500, 500, 500, 500]);
});

test('when the deadline comes first the outcome is unknown, with its cause and what to do', async () => {
  const runtime = manualRuntime();
  const { store, sent } = losing(1_000, false);
  await expect(commitSurely(runtime, store, [append], 100)).rejects.toMatchObject({
    code: 'store_unknown',
    retryAfterMs: 1_000,
    cause: { message: 'lost' },
  });
  expect(runtime.now()).toBeLessThan(100);
  expect(sent).toHaveLength(4);
});

test('a refusal is thrown at once; after a try whose answer was lost the outcome stays unknown', async () => {
  const full = new TidegateError('store_full', 'no room');
  const refusing = { ...createMemoryStore(), commit: () => Promise.reject(full) };
  const runtime = manualRuntime();
  await expect(commitSurely(runtime, refusing, [append], 10_000)).rejects.toBe(full);
  expect(runtime.slept).toEqual([]);
  let tries = 0;
  const commit: Store['commit'] = async () => {
    tries += 1;
    if (tries > 1) throw full;
    return { status: 'unknown', cause: new Error('lost') };
  };
  await expect(commitSurely(runtime, { ...refusing, commit }, [append], 10_000)).rejects.toMatchObject({
    code: 'store_unknown',
    message: expect.stringContaining('no room'),
    cause: full,
  });
  expect(tries).toBe(2);
});

test('a conflict is answered at once', async () => {
  const runtime = manualRuntime();
  const store = createMemoryStore();
  const result = await commitSurely(runtime, store, [{ kind: 'check', partition: 'p', id: 'a', expects: 'v' }], 100);
  expect(result).toMatchObject({ status: 'conflict', conflicts: [{ operation: 0 }] });
  expect(runtime.slept).toEqual([]);
});

test('on a store that loses half its answers each commit takes effect exactly once', async () => {
  const store = weaken(createMemoryStore(), { random: seededRandom(42), unknown: 0.5 });
  const runtime = manualRuntime();
  for (let i = 0; i < 200; i += 1) {
    const result = await commitSurely(runtime, store, [{ ...append, entries: [i] }], runtime.now() + 3_600_000);
    expect(result.status).toBe('committed');
  }
  const { entries } = await store.read('l', null, 1_000);
  expect(entries.map((entry) => entry.value)).toEqual(Array.from({ length: 200 }, (_, i) => i));
});
