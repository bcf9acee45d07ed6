/** What a task that was not stored took of its caller's quotas is free again; where nobody knows, once that is known. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { task } from '../../../src/declare/task.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createQuotas } from '../../../src/store/quotas/quotas.ts';
import type { CommitResult, Store } from '../../../src/store/store.ts';
import { ADA, taskStage } from '../stage.ts';

const quick = task({ description: 'a task of the test', version: '1', run: async () => 'done' });
const UNKNOWN: CommitResult = { status: 'unknown', cause: new Error('no answer came') };
const FULL = { code: 'rate_limited', field: 'quotas.runningTasks' };

/** One task may run. @param commit takes the place of the store's own, until it is set to null */
function stage() {
  const memory = createMemoryStore();
  const commit = (...asked: Parameters<Store['commit']>) => memory.commit(...asked);
  const engine: { commit: Store['commit'] | null } = { commit: null };
  const store: Store = {
    ...memory,
    commit: (...asked) => engine.commit?.(...asked) ?? commit(...asked),
  };
  const at = taskStage({ quick }, store, { quotas: { runningTasks: 1 } });
  Object.assign(at.tasks, { quotas: createQuotas(at.tasks.runtime) });
  const begin = (more = {}) => at.begin('quick', {}, more);
  /** A call whose commit is not answered before its time is over. */
  const beginUnanswered = () =>
    expect(begin({ deadline: at.clock.now })).rejects.toMatchObject({ code: 'store_unknown' });
  return { ...at, commit, engine, begin, beginUnanswered };
}

test.each(['store_full', 'store_damaged', 'store_unavailable'] as const)(
  'a commit that the store refuses (%s) locks nobody out',
  async (code) => {
    const { begin, engine } = stage();
    engine.commit = () => Promise.reject(new TidegateError(code, 'no'));
    for (let n = 0; n < 3; n += 1) await expect(begin()).rejects.toMatchObject({ code });
    engine.commit = null;
    await begin();
    await expect(begin()).rejects.toMatchObject(FULL);
  },
);

test('nor does one that meets others again and again', async () => {
  const { begin, engine } = stage();
  engine.commit = async () => ({ status: 'conflict', conflicts: [] });
  for (let n = 0; n < 3; n += 1) await expect(begin()).rejects.toMatchObject({ code: 'store_unavailable' });
  engine.commit = null;
  await begin();
  await expect(begin()).rejects.toMatchObject(FULL);
});

test('where no answer came and the task did not begin, the next call finds that out, and it cannot begin any more', async () => {
  const { begin, beginUnanswered, engine, commit } = stage();
  const sent: Parameters<Store['commit']>[] = [];
  engine.commit = async (...asked) => {
    sent.push(asked);
    return UNKNOWN;
  };
  await beginUnanswered();
  engine.commit = null;
  await begin();
  await expect(begin()).rejects.toMatchObject(FULL);
  // What was on its way arrives after all.
  for (const [operations, options] of sent) {
    const late = await commit(operations, { ...options, deadline: options.now + 1_000 });
    expect(late.status).toBe('conflict');
  }
});

test('where no answer came and the task began, it counts until it ends', async () => {
  const { begin, beginUnanswered, engine, commit, ...at } = stage();
  engine.commit = async (...asked) => {
    await commit(asked[0], { ...asked[1], deadline: asked[1].now + 1_000 });
    return UNKNOWN;
  };
  await beginUnanswered();
  engine.commit = null;
  await expect(begin()).rejects.toMatchObject(FULL);
  await at.settle();
  await begin();
  await expect(begin()).rejects.toMatchObject(FULL);
});

test('while the store does not answer, what may have begun stays taken', async () => {
  const { begin, beginUnanswered, engine } = stage();
  engine.commit = async () => UNKNOWN;
  await beginUnanswered();
  await expect(begin({ deadline: 0 })).rejects.toMatchObject(FULL);
  engine.commit = null;
  await begin({ principal: ADA });
});
