/** Dead letters: a failed task is tried again as another one, which remembers what had succeeded; and the list of tasks. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { form } from '../../../src/declare/ask.ts';
import { task } from '../../../src/declare/task.ts';
import { listTasks } from '../../../src/tasks/records/list.ts';
import { retryTask } from '../../../src/tasks/work/retry.ts';
import { ADA, EVE, type TaskStage, taskStage } from '../stage.ts';

const base = { description: 'a task of the test', version: '1' };
const DAY = 86_400_000;

function fragile() {
  const world = { broken: true, runs: [] as string[], asked: 0, drawn: [] as string[] };
  const declared = task({
    ...base,
    input: z.object({ n: z.number() }),
    async run({ n }, { step, sleep, ask, uuid, page }) {
      world.drawn.push(uuid());
      const first = await step('first', ({ idempotencyKey }) => (world.runs.push(idempotencyKey), n));
      await step('optional', () => Promise.reject(new Error('not this time')), { attempts: 1 }).catch(() => {});
      await sleep(1_000);
      const answer = await ask('who', form('Who?', z.object({ name: z.string() })));
      await page('a page');
      await step(
        'breaks',
        ({ idempotencyKey }) => {
          world.runs.push(idempotencyKey);
          if (world.broken) throw new Error('broken');
        },
        { attempts: 2 },
      );
      return `${first} ${answer.action}`;
    },
  });
  return { world, stage: taskStage({ fragile: declared }) };
}

async function failed(stage: TaskStage): Promise<string> {
  const id = await stage.begin('fragile', { n: 7 });
  await stage.work();
  stage.clock.now += 1_000;
  await stage.work();
  await stage.answer(id, { who: { action: 'decline' } });
  await stage.settle();
  expect((await stage.get(id)).status).toBe('failed');
  return id;
}

describe('a retry', () => {
  test('does again what had failed, and nothing else, under the same idempotency keys; 29 days later too', async () => {
    const { world, stage } = fragile();
    const id = await failed(stage);
    expect(world.runs).toEqual([`${id}/step first`, `${id}/step breaks`, `${id}/step breaks`]);
    world.broken = false;
    world.runs.length = 0;
    stage.clock.now += 29 * DAY;
    const { taskId, header } = await retryTask(stage.tasks, ADA, id);
    expect(taskId).not.toBe(id);
    expect(header.origin).toBe(id);
    await stage.settle();
    expect(world.runs).toEqual([`${id}/step breaks`]);
    expect(new Set(world.drawn).size).toBe(1);
    expect(await stage.get(taskId)).toMatchObject({ status: 'completed', pages: 1 });
    expect((await stage.get(taskId)).result?.content).toEqual([{ type: 'text', text: '7 decline' }]);
    // The end of the first one is final.
    expect((await stage.get(id)).status).toBe('failed');
  });

  test('asked for twice, or by several at once, is one task', async () => {
    const { world, stage } = fragile();
    const id = await failed(stage);
    world.broken = false;
    const retried = await Promise.all([1, 2, 3].map(() => retryTask(stage.tasks, ADA, id)));
    await stage.settle();
    retried.push(await retryTask(stage.tasks, ADA, id));
    expect(new Set(retried.map(({ taskId }) => taskId)).size).toBe(1);
    expect((await listTasks(stage.tasks, ADA, { limit: 100 })).tasks).toHaveLength(2);
  });

  test('that fails is a dead letter too, of the same origin', async () => {
    const { world, stage } = fragile();
    const id = await failed(stage);
    const { taskId: second } = await retryTask(stage.tasks, ADA, id);
    await stage.settle();
    expect((await stage.get(second)).status).toBe('failed');
    world.broken = false;
    const { taskId: third, header } = await retryTask(stage.tasks, ADA, second);
    await stage.settle();
    expect(header.origin).toBe(id);
    expect((await stage.get(third)).status).toBe('completed');
    expect(world.runs.filter((key) => key.endsWith('first'))).toHaveLength(1);
  });

  test('that a crash cut off at any commit leaves no task, and can be made again', async () => {
    for (let crash = 1; ; crash += 1) {
      const { world, stage } = fragile();
      const id = await failed(stage);
      world.broken = false;
      const dying = stage.runner(async (_operations, number, next) => {
        if (number === crash) throw new Error('the process is gone');
        return next();
      });
      const gone = await retryTask(dying, ADA, id).then(
        () => false,
        () => true,
      );
      if (!gone) {
        expect(crash).toBeGreaterThan(2);
        return;
      }
      expect((await listTasks(stage.tasks, ADA, { limit: 100 })).tasks).toHaveLength(1);
      const { taskId } = await retryTask(stage.tasks, ADA, id);
      await stage.settle();
      expect((await stage.get(taskId)).status).toBe('completed');
    }
  });

  test.each([
    ['of a stranger', 'not_found', EVE],
    ['of a task that has not failed', 'invalid_input', ADA],
  ] as const)('%s is refused: %s', async (_, code, who) => {
    const { stage } = fragile();
    const id = await stage.begin('fragile', { n: 7 });
    await expect(retryTask(stage.tasks, who, id)).rejects.toMatchObject({ code, field: 'taskId' });
  });

  test('goes on in the version that it began with, and is refused where that is gone', async () => {
    const { stage } = fragile();
    const id = await failed(stage);
    const newer = task({ ...base, version: '2', run: async () => 'new' });
    await expect(retryTask(stage.runner(undefined, { fragile: newer }), ADA, id)).rejects.toMatchObject({
      code: 'invalid_config',
      field: 'tasks.fragile.previous',
    });
    const kept = { ...newer, previous: [task({ ...base, run: async () => 'old' })] };
    const { header } = await retryTask(stage.runner(undefined, { fragile: kept }), ADA, id);
    expect(header.version).toBe('1');
  });
});

describe('the list', () => {
  test('has the newest first, in pages, and those of one status', async () => {
    const quick = task({ ...base, run: async () => 'done' });
    const stage = taskStage({ quick });
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      ids.push(await stage.begin('quick'));
      stage.clock.now += 1_000;
    }
    await stage.cancel(ids[1] ?? '');
    const first = await listTasks(stage.tasks, ADA, { limit: 3 });
    expect(first.tasks.map(({ taskId }) => taskId)).toEqual([ids[4], ids[3], ids[2]]);
    const rest = await listTasks(stage.tasks, ADA, { limit: 3, after: first.next ?? '' });
    expect(rest.tasks.map(({ taskId }) => taskId)).toEqual([ids[1], ids[0]]);
    expect(rest.next).toBeNull();
    const cancelled = await listTasks(stage.tasks, ADA, { limit: 100, status: 'cancelled' });
    expect(cancelled.tasks.map(({ taskId }) => taskId)).toEqual([ids[1]]);
    expect((await listTasks(stage.tasks, EVE, { limit: 100 })).tasks).toEqual([]);
  });

  test('leaves out what is no longer there', async () => {
    const stage = taskStage({ quick: task({ ...base, policy: { ttlMs: 60_000 }, run: async () => 'done' }) });
    await stage.begin('quick');
    await stage.settle();
    expect((await listTasks(stage.tasks, ADA, { limit: 9 })).tasks).toHaveLength(1);
    stage.clock.now += 2 * 3_600_000;
    expect((await listTasks(stage.tasks, ADA, { limit: 9 })).tasks).toEqual([]);
  });
});
