/** The log of changes: each change of a task's header is told in the commit that makes it. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { form } from '../../../src/index.ts';
import { task } from '../../../src/declare/task.ts';
import { taskChange, taskLog } from '../../../src/tasks/records/task-log.ts';
import { readAll } from '../../feeds/run/stage.ts';
import { ADA, taskStage } from '../stage.ts';

const declared = {
  asks: task({
    description: 'd',
    version: '1',
    async run(_input, { ask, progress }) {
      progress('looking');
      await ask('who', form('Who?', z.object({ name: z.string() })));
      return 'done';
    },
  }),
};

async function toldBy(stage: ReturnType<typeof taskStage>) {
  return (await readAll(stage.store, taskLog(ADA))).map((value) => taskChange.decode(value));
}

test('tells of a message, of a question, of its answer and of the end', async () => {
  const stage = taskStage(declared);
  const taskId = await stage.begin('asks');
  expect(await toldBy(stage)).toEqual([]);
  await stage.work();
  expect((await toldBy(stage)).at(-1)).toMatchObject({ taskId, task: 'asks', status: 'input_required' });
  await stage.answer(taskId, { who: { action: 'accept', content: { name: 'Ada' } } });
  expect((await toldBy(stage)).at(-1)).toMatchObject({ taskId, status: 'working' });
  await stage.work();
  const told = await toldBy(stage);
  expect(told.at(-1)).toMatchObject({ taskId, status: 'completed', at: (await stage.get(taskId)).updatedAt });
  expect(told.length).toBeGreaterThanOrEqual(3);
});

test('a commit changes a header and tells of it, or does neither', async () => {
  const stage = taskStage(declared);
  const odd: string[] = [];
  const runner = stage.runner((operations, _number, next) => {
    const changes = operations.filter((each) => each.kind === 'put' && each.id === 'header').length;
    const entries = operations.filter((each) => each.kind === 'append' && each.log === taskLog(ADA)).length;
    if (changes !== entries) odd.push(JSON.stringify(operations));
    return next();
  });
  const taskId = await stage.begin('asks');
  await stage.work({}, runner);
  await stage.answer(taskId, { who: { action: 'accept', content: { name: 'Ada' } } });
  await stage.work({}, runner);
  expect((await stage.get(taskId)).status).toBe('completed');
  expect(odd).toEqual([]);
});

test('names the session in which a task was begun', async () => {
  const stage = taskStage(declared);
  await stage.begin('asks', {}, { session: 'session-1' });
  await stage.work();
  expect((await toldBy(stage)).every(({ session }) => session === 'session-1')).toBe(true);
});
