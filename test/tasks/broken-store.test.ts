/** A store that takes no commit: it is not asked again and again, and what it broke is taken up later. */
import { expect, test } from 'vitest';
import { task } from '../../src/declare/task.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { startRunner } from '../../src/tasks/work/runner.ts';
import { taskStage } from './stage.ts';

const quick = task({ description: 'a task of the test', version: '1', run: async () => 'done' });

function broken() {
  const stage = taskStage({ quick });
  const tried = { commits: 0 };
  const deps = stage.runner(async () => {
    tried.commits += 1;
    throw new Error('no commit today');
  });
  return { stage, deps, tried };
}

test('one call of the worker tries what is due once', async () => {
  const { stage, deps, tried } = broken();
  const ids = [await stage.begin('quick'), await stage.begin('quick'), await stage.begin('quick')];
  const report = await stage.clock.drive(runTasks(deps, stage.clock.now + 60_000));
  expect(report).toMatchObject({ entered: 3, broken: 3, ended: 0 });
  // One to take it up, and one to put it off.
  expect(tried.commits).toBe(2 * 3);
  await stage.settle();
  for (const id of ids) expect((await stage.get(id)).status).toBe('completed');
});

test('a runner whose places are all broken waits for its interval', async () => {
  const { stage, deps, tried } = broken();
  await stage.begin('quick');
  await stage.begin('quick');
  const runner = startRunner(deps, { concurrency: 2, everyMs: 1_000 });
  for (let seconds = 0; seconds < 5; seconds += 1) await stage.clock.advance(1_000);
  expect(tried.commits).toBeGreaterThan(2);
  expect(tried.commits).toBeLessThanOrEqual(2 * 2 * 6);
  await runner.stop();
});
