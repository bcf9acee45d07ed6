/** The log of ends is bounded: by those who append to it, now and then. */
import { expect, test } from 'vitest';
import { task } from '../../../src/declare/task.ts';
import { KEPT_CHANGES, KEPT_CHANGES_MS, trimTaskLog } from '../../../src/tasks/records/task-log.ts';
import { ADA, taskStage } from '../stage.ts';

const LOG = 'public/task-log/ada';

async function stageWith(ends: number) {
  const stage = taskStage({ done: task({ description: 'd', version: '1', run: async () => 'done' }) });
  for (let left = ends; left > 0; left -= 1_000) {
    const entries = Array.from({ length: Math.min(left, 1_000) }, (_, n) => ({ n }));
    const options = { id: `fill-${left}`, now: stage.clock.now, deadline: stage.clock.now + 1_000 };
    await stage.store.commit([{ kind: 'append', log: LOG, entries }], options);
  }
  return stage;
}

test('an end in a hundred trims it to its length', async () => {
  const stage = await stageWith(KEPT_CHANGES + 50);
  await stage.begin('done');
  await stage.work();
  // Chance is one half on the stage: nothing is looked at.
  expect((await stage.store.extent(LOG)).count).toBe(KEPT_CHANGES + 51);
  await trimTaskLog({ ...stage.tasks, runtime: { ...stage.tasks.runtime, random: () => 0 } }, ADA);
  expect((await stage.store.extent(LOG)).count).toBe(KEPT_CHANGES);
});

test('and to its time', async () => {
  const stage = await stageWith(20);
  stage.clock.now += KEPT_CHANGES_MS + 1;
  await stage.begin('done');
  await stage.work();
  await trimTaskLog({ ...stage.tasks, runtime: { ...stage.tasks.runtime, random: () => 0 } }, ADA);
  expect((await stage.store.extent(LOG)).count).toBe(1);
});

test('a store that fails is no reason to fail', async () => {
  const stage = await stageWith(1);
  const store = { ...stage.store, trim: () => Promise.reject(new Error('gone')) };
  const runtime = { ...stage.tasks.runtime, random: () => 0 };
  await expect(trimTaskLog({ ...stage.tasks, store, runtime }, ADA)).resolves.toBeUndefined();
});
