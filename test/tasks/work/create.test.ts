/** A task's beginning: idempotency keys, sizes, and places. */
import { describe, expect, test } from 'vitest';
import { task } from '../../../src/declare/task.ts';
import { startRunner } from '../../../src/tasks/work/runner.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { ADA, EVE, taskStage } from '../stage.ts';

const base = { description: 'a task of the test', version: '1' };
const quick = task({ ...base, policy: { ttlMs: 3_600_000 }, run: async () => 'done' });

async function everything(stage: ReturnType<typeof taskStage>): Promise<number> {
  const due = await stage.store.due('public/tasks', { now: stage.clock.now + 1e9, limit: 1_000, from: 0 });
  return due.length;
}

describe('an idempotency key', () => {
  test('stands for one task, whatever the order of the fields, also after its end', async () => {
    const stage = taskStage({ quick });
    const first = await stage.begin('quick', { a: 1, b: [2, { c: 3, d: 4 }] }, { once: 'k' });
    await stage.settle();
    expect(await stage.begin('quick', { b: [2, { d: 4, c: 3 }], a: 1 }, { once: 'k' })).toBe(first);
    expect(await everything(stage)).toBe(0);
  });

  test('of another principal, or of another task, is another one', async () => {
    const stage = taskStage({ quick, other: quick });
    const ids = [
      await stage.begin('quick', {}, { once: 'k' }),
      await stage.begin('other', {}, { once: 'k' }),
      await stage.begin('quick', {}, { once: 'k', principal: EVE }),
      await stage.begin('quick'),
      await stage.begin('quick'),
    ];
    expect(new Set(ids).size).toBe(5);
  });

  test('with other input is refused, and nothing is stored', async () => {
    const stage = taskStage({ quick });
    await stage.begin('quick', { a: 1 }, { once: 'k' });
    await expect(stage.begin('quick', { a: 2 }, { once: 'k' })).rejects.toMatchObject({
      code: 'invalid_input',
      field: 'idempotencyKey',
    });
    expect(await everything(stage)).toBe(1);
  });

  test('used by many at once, leased or not, begins one task', async () => {
    const stage = taskStage({ quick });
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, n) => stage.begin('quick', {}, { once: 'k', leaseMs: n % 2 ? 30_000 : null })),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await everything(stage)).toBe(1);
  });

  test('is free again when the task is forgotten', async () => {
    const stage = taskStage({ quick });
    const first = await stage.begin('quick', { a: 1 }, { once: 'k' });
    await stage.settle();
    stage.clock.now += 3 * 3_600_000;
    const second = await stage.begin('quick', { a: 2 }, { once: 'k' });
    expect(second).not.toBe(first);
  });

  test.each(['', 'x'.repeat(513), 'é'.repeat(300), '\ud800'])(
    'is refused where no store could hold it: %#',
    async (once) => {
      const stage = taskStage({ quick });
      await expect(stage.begin('quick', {}, { once })).rejects.toMatchObject({
        code: 'invalid_input',
        field: 'idempotencyKey',
      });
    },
  );
});

test('input that is too large is refused, and nothing is stored', async () => {
  const stage = taskStage({ quick });
  await expect(stage.begin('quick', { text: 'é'.repeat(170_001) })).rejects.toMatchObject({
    code: 'too_large',
    field: 'arguments',
  });
  expect(await everything(stage)).toBe(0);
});

function limited(policy: { all?: number; perPrincipal?: number }) {
  const at = { all: 0, most: 0, ada: 0, mostOfAda: 0 };
  const stage = taskStage({
    busy: task({
      ...base,
      policy: { concurrency: policy },
      async run(_input, { step, principal }) {
        const isAda = principal.subject === ADA.subject ? 1 : 0;
        await step('work', async () => {
          at.all += 1;
          at.ada += isAda;
          at.most = Math.max(at.most, at.all);
          at.mostOfAda = Math.max(at.mostOfAda, at.ada);
          await stage.clock.sleep(50);
          at.all -= 1;
          at.ada -= isAda;
        });
        return 'done';
      },
    }),
  });
  return { stage, at };
}

describe('places', () => {
  test.each([
    [{ all: 3 }, 3, 3],
    [{ perPrincipal: 2 }, 4, 2],
    [{ all: 3, perPrincipal: 2 }, 3, 2],
  ])('%j are never exceeded by racing runners, and all tasks end', async (policy, most, mostOfAda) => {
    const { stage, at } = limited(policy);
    const ids: string[] = [];
    for (let n = 0; n < 24; n += 1) ids.push(await stage.begin('busy', {}, { principal: n % 2 ? ADA : EVE }));
    for (let round = 0; round < 60; round += 1) {
      await stage.clock.drive(Promise.all([1, 2, 3].map(() => stage.work({}, stage.runner()))));
      stage.clock.now += 1_500;
    }
    expect(at).toMatchObject({ all: 0, ada: 0, most });
    expect(at.mostOfAda).toBeLessThanOrEqual(mostOfAda);
    for (const [n, id] of ids.entries()) expect((await stage.get(id, n % 2 ? ADA : EVE)).status).toBe('completed');
  });

  test('are given back when who held them crashed', async () => {
    const { stage } = limited({ all: 1 });
    const first = await stage.begin('busy');
    const second = await stage.begin('busy');
    const dying = stage.runner((_operations, number, next) =>
      number === 1 ? next() : Promise.reject(new Error('the process is gone')),
    );
    await stage.work({ concurrency: 1 }, dying);
    await stage.work();
    expect([(await stage.get(first)).status, (await stage.get(second)).status]).toEqual(['working', 'working']);
    stage.clock.now += 31_000;
    await stage.settle();
    expect([(await stage.get(first)).status, (await stage.get(second)).status]).toEqual(['completed', 'completed']);
  });
});

test('many that begin at one process, more than it has places for, all end', async () => {
  const stage = taskStage({ quick });
  const deps = { ...stage.tasks, runtime: systemRuntime(() => {}) };
  const runner = startRunner(deps, { concurrency: 2, everyMs: 10 });
  const tasks = createTasks(deps, runner.dispatch);
  const begun = await Promise.all(
    Array.from({ length: 50 }, () => tasks.begin(ADA, 'quick', {}, { deadline: Date.now() + 10_000 })),
  );
  for (const { taskId } of begun) {
    await expect.poll(async () => (await tasks.get(ADA, taskId)).status, { timeout: 5_000 }).toBe('completed');
  }
  await runner.stop();
});
