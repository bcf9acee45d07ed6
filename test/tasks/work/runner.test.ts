/** The runner of a process that stays: what begins here starts at once, what is due is found, and it ends in order. */
import * as z from 'zod';
import { afterEach, expect, test } from 'vitest';
import { form } from '../../../src/declare/ask.ts';
import { task } from '../../../src/declare/task.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import type { Header } from '../../../src/tasks/records/header.ts';
import { hasEnded } from '../../../src/tasks/records/header.ts';
import { type Runner, type RunnerOptions, startRunner } from '../../../src/tasks/work/runner.ts';
import { createTasks, type Tasks } from '../../../src/tasks/work/service.ts';
import { ADA, taskStage } from '../stage.ts';

const base = { description: 'a task of the test', version: '1' };
const ends: Runner[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((runner) => runner.stop()));
});

function running(declared: Parameters<typeof taskStage>[0], options: RunnerOptions = {}) {
  const stage = taskStage(declared);
  // The store is in memory: real time passes here in milliseconds.
  const deps = { ...stage.tasks, runtime: systemRuntime(() => {}) };
  const runner = startRunner(deps, { everyMs: 20, ...options });
  ends.push(runner);
  return { deps, runner, tasks: createTasks(deps, runner.dispatch) };
}

const deadline = () => Date.now() + 5_000;

function ended(tasks: Tasks, taskId: string): Promise<Header> {
  return expect.poll(() => tasks.get(ADA, taskId), { timeout: 5_000, interval: 5 }).toSatisfy(hasEnded) as never;
}

test('begins at once, sleeps, and goes on', async () => {
  const { tasks } = running({
    nap: task({
      ...base,
      async run(_input, { step, sleep }) {
        const at = await step('before', () => 'b');
        await sleep(5);
        return at + (await step('after', () => 'a'));
      },
    }),
  });
  const { taskId } = await tasks.begin(ADA, 'nap', {}, { deadline: deadline() });
  await ended(tasks, taskId);
  expect((await tasks.get(ADA, taskId)).result?.content).toEqual([{ type: 'text', text: 'ba' }]);
});

test('an answer wakes the task', async () => {
  const { tasks } = running(
    {
      ask: task({
        ...base,
        run: async (_input, { ask }) => JSON.stringify(await ask('who', form('Who?', z.object({ name: z.string() })))),
      }),
    },
    { everyMs: 60_000 },
  );
  const { taskId } = await tasks.begin(ADA, 'ask', {}, { deadline: deadline() });
  await expect.poll(async () => (await tasks.get(ADA, taskId)).status).toBe('input_required');
  await tasks.answer(ADA, taskId, { who: { action: 'accept', content: { name: 'Eve' } } }, deadline());
  await ended(tasks, taskId);
});

test('of two runners one works on what is due, and no entry is made twice', async () => {
  let entries = 0;
  const declared = { once: task({ ...base, run: async () => String((entries += 1)) }) };
  const { deps, tasks } = running(declared);
  ends.push(startRunner(deps, { everyMs: 5 }));
  const begun = await Promise.all(
    Array.from({ length: 40 }, () => tasks.begin(ADA, 'once', {}, { deadline: deadline() })),
  );
  for (const { taskId } of begun) await ended(tasks, taskId);
  expect(entries).toBe(40);
});

test('told to stop, it leaves what it is at to others', async () => {
  const { deps, runner, tasks } = running({
    long: task({
      ...base,
      async run(_input, { step }) {
        await step('quick', () => 1);
        await step(
          'long',
          ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
        );
        return 'never';
      },
    }),
  });
  const { taskId } = await tasks.begin(ADA, 'long', {}, { deadline: deadline() });
  await expect
    .poll(() => deps.store.list(`public/task/${taskId}`, { now: Date.now(), limit: 9, prefix: 'm:' }))
    .toMatchObject({ records: [{}] });
  await runner.stop();
  const due = await deps.store.due('public/tasks', { now: Date.now(), limit: 9, from: 0 });
  expect(due).toHaveLength(1);
  expect((await tasks.get(ADA, taskId)).status).toBe('working');
});
