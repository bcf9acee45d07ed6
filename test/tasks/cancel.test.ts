/** A task's end on request: before it starts, within a step, asleep, asking, after its end; by who began it and by others. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { form } from '../../src/declare/ask.ts';
import { task } from '../../src/declare/task.ts';
import { ADA, endsIn, EVE, type TaskStage, taskStage } from './stage.ts';

const base = { description: 'a task of the test', version: '1' };

/** One at once. */
const limited = (run: (id: string, signal: AbortSignal) => Promise<void>) =>
  task({
    ...base,
    policy: { concurrency: { all: 1, perPrincipal: 1 } },
    async run(_input, { step, taskId }) {
      await step('work', ({ signal }) => run(taskId, signal));
      return 'done';
    },
  });

function stageWithAll() {
  const entered: string[] = [];
  const stage = taskStage({
    quick: task({ ...base, run: async () => (entered.push('quick'), 'done') }),
    sleeps: task({
      ...base,
      async run(_input, { sleep }) {
        await sleep(60_000);
        entered.push('awake');
        return 'slept';
      },
    }),
    asks: task({
      ...base,
      run: async (_input, { ask }) => (await ask('who', form('Who?', z.object({ name: z.string() })))).action,
    }),
  });
  return { stage, entered };
}

async function expectCancelled(stage: TaskStage, id: string): Promise<void> {
  const header = await stage.get(id);
  expect(header).toMatchObject({ status: 'cancelled', asks: {}, result: null, failure: null });
  expect(await endsIn(stage.store)).toMatchObject([{ taskId: id, status: 'cancelled' }]);
  // Nothing is due, now or later.
  const due = await stage.store.due('public/tasks', { now: stage.clock.now + 1e9, limit: 9, from: 0 });
  expect(due).toEqual([]);
}

describe('cancelled', () => {
  test('before the start, it is never entered', async () => {
    const { stage, entered } = stageWithAll();
    const id = await stage.begin('quick');
    expect(await stage.cancel(id)).toBe(true);
    await stage.settle();
    expect(entered).toEqual([]);
    await expectCancelled(stage, id);
  });

  test('asleep, it does not awake', async () => {
    const { stage, entered } = stageWithAll();
    const id = await stage.begin('sleeps');
    await stage.work();
    expect(await stage.cancel(id)).toBe(true);
    stage.clock.now += 120_000;
    await stage.settle();
    expect(entered).toEqual([]);
    await expectCancelled(stage, id);
  });

  test('asking, its questions are gone', async () => {
    const { stage } = stageWithAll();
    const id = await stage.begin('asks');
    await stage.work();
    expect(await stage.cancel(id)).toBe(true);
    await expectCancelled(stage, id);
  });

  test('twice, or by many at once, it ends once', async () => {
    const { stage } = stageWithAll();
    const id = await stage.begin('asks');
    await stage.work();
    const ended = await Promise.all([1, 2, 3, 4].map(() => stage.cancel(id)));
    expect(ended.filter(Boolean)).toHaveLength(1);
    await expectCancelled(stage, id);
  });

  test('after its end, it stays as it is', async () => {
    const { stage } = stageWithAll();
    const id = await stage.begin('quick');
    await stage.work();
    const before = await stage.get(id);
    expect(await stage.cancel(id)).toBe(false);
    expect(await stage.get(id)).toEqual(before);
    expect(await endsIn(stage.store)).toHaveLength(1);
  });

  test('by a stranger: as one that does not exist, and it goes on', async () => {
    const { stage } = stageWithAll();
    const id = await stage.begin('quick');
    await expect(stage.cancel(id, EVE)).rejects.toMatchObject({ code: 'not_found', field: 'taskId' });
    await expect(stage.cancel(id, { ...ADA, tenant: 'other' })).rejects.toMatchObject({ code: 'not_found' });
    await stage.work();
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('within a step: the step is told within seconds, and what it answers is not written', async () => {
    const startedAt: number[] = [];
    const told: number[] = [];
    const stage = taskStage({
      long: task({
        ...base,
        async run(_input, { step, taskId }) {
          await step('long', async ({ signal }) => {
            startedAt.push(stage.clock.now);
            await stage.cancel(taskId);
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            told.push(stage.clock.now);
            return 'too late';
          });
          return 'never';
        },
      }),
    });
    const id = await stage.begin('long');
    await stage.work();
    expect(told).toHaveLength(1);
    expect((told[0] ?? 0) - (startedAt[0] ?? 0)).toBeLessThanOrEqual(6_000);
    await expectCancelled(stage, id);
    const { records } = await stage.store.list(`public/task/${id}`, { now: stage.clock.now, limit: 9, prefix: 'm:' });
    expect(records).toEqual([]);
    expect(startedAt).toHaveLength(1);
  });

  test('within a step: its place is free as soon as the step was told, and not only with its lease', async () => {
    const { promise: began, resolve: begin } = Promise.withResolvers<string>();
    let first = true;
    const stage = taskStage({
      one: limited(async (id, signal) => {
        if (!first) return;
        first = false;
        begin(id);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      }),
    });
    await stage.begin('one');
    const startedAt = stage.clock.now;
    const working = stage.work();
    await stage.cancel(await began);
    const next = await stage.begin('one');
    await working;
    await stage.settle(10_000);
    expect((await stage.get(next)).status).toBe('completed');
    expect(stage.clock.now - startedAt).toBeLessThan(15_000);
  });

  test('within a step whose clock was set back: it is told as soon', async () => {
    let back = 0;
    let told = Number.POSITIVE_INFINITY;
    const stage = taskStage({
      long: task({
        ...base,
        async run(_input, { step, taskId }) {
          await step('long', async ({ signal }) => {
            back = 600_000;
            const startedAt = stage.clock.now;
            await stage.cancel(taskId);
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            told = stage.clock.now - startedAt;
          });
          return 'never';
        },
      }),
    });
    const id = await stage.begin('long');
    const runtime = { ...stage.tasks.runtime, now: () => stage.clock.now - back };
    await stage.work({}, { ...stage.tasks, runtime });
    expect(told).toBeLessThanOrEqual(6_000);
    await expectCancelled(stage, id);
  });
});
