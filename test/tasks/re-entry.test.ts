/** A task runs in turns: what is remembered is not done again, and whatever waits ends the turn. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { form } from '../../src/declare/ask.ts';
import { task, type TaskContext } from '../../src/declare/task.ts';
import { taskStage } from './stage.ts';

const description = 'a task of the test';
const version = '1';

describe('steps', () => {
  test('run once, in order, and the result stands in the header', async () => {
    const runs: string[] = [];
    const stage = taskStage({
      sum: task({
        description,
        version,
        input: z.object({ a: z.number() }),
        async run({ a }, { step, sleep }) {
          const b = await step('double', () => (runs.push('double'), a * 2));
          await sleep(5_000);
          const c = await step('add', () => (runs.push('add'), b + 1));
          return { structured: { c } };
        },
      }),
    });
    const id = await stage.begin('sum', { a: 4 });
    const first = await stage.work();
    expect(first).toMatchObject({ entered: 1, ended: 0, nextAt: stage.clock.now + 4_999 });
    expect((await stage.get(id)).status).toBe('working');
    await stage.settle();
    expect(runs).toEqual(['double', 'add']);
    expect(await stage.get(id)).toMatchObject({ status: 'completed', result: { structuredContent: { c: 9 } } });
  });

  test('side by side are each remembered under their name and ordinal, in one commit where they end together', async () => {
    let commits = 0;
    const stage = taskStage({
      many: task({
        description,
        version,
        async run(_input, { step, sleep }) {
          const all = await Promise.all([step('part', () => 1), step('part', () => 2), step('other', () => 3)]);
          await sleep(1);
          return all.join();
        },
      }),
    });
    const runner = stage.runner(async (operations, _number, next) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (operations.some((operation) => operation.kind === 'put' && operation.id.startsWith('m:step'))) commits += 1;
      return next();
    });
    const id = await stage.begin('many');
    await stage.work({}, runner);
    await stage.settle();
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: '1,2,3' }]);
    expect(commits).toBeLessThanOrEqual(2);
  });

  test('that fail are tried again after a pause, with the same idempotency key', async () => {
    const keys: string[] = [];
    const attempts: number[] = [];
    const stage = taskStage({
      flaky: task({
        description,
        version,
        async run(_input, { step }) {
          return step('call', ({ idempotencyKey, attempt }) => {
            keys.push(idempotencyKey);
            attempts.push(attempt);
            if (attempt < 3) throw new Error('not yet');
            return 'done';
          });
        },
      }),
    });
    const id = await stage.begin('flaky');
    await stage.settle();
    expect(attempts).toEqual([1, 2, 3]);
    expect(new Set(keys)).toEqual(new Set([`${id}/step call`]));
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('that failed for good throw, and run may go on without them', async () => {
    const stage = taskStage({
      brave: task({
        description,
        version,
        async run(_input, { step, sleep }) {
          const result = await step('call', () => Promise.reject(new Error('no')), { attempts: 2 }).catch(
            (error: Error) => `without: ${error.message}`,
          );
          await sleep(10);
          return result;
        },
      }),
    });
    const id = await stage.begin('brave');
    await stage.settle();
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'without: no' }]);
  });
});

test.each<[string, (context: TaskContext) => unknown]>([
  ['draws', ({ uuid }) => uuid()],
  ['sleeps', ({ sleep }) => sleep(1)],
  ['runs a step', ({ step }) => step('inner', () => 1)],
])('a step whose function %s itself fails at once, as the order of calls would change without it', async (_, call) => {
  const stage = taskStage({
    nested: task({
      description,
      version,
      run: (_input, context) => context.step('outer', async () => void (await call(context))) as never,
    }),
  });
  const id = await stage.begin('nested');
  await stage.work();
  expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { code: 'invalid_config' } });
});

test('what is drawn is the same on each entry', async () => {
  const seen: unknown[] = [];
  const stage = taskStage({
    draw: task({
      description,
      version,
      async run(_input, { now, random, uuid, sleep }) {
        seen.push([now(), now(), random(), uuid(), uuid()]);
        await sleep(60_000);
        return 'drawn';
      },
    }),
  });
  await stage.begin('draw');
  await stage.settle();
  expect(seen).toHaveLength(2);
  expect(seen[0]).toEqual(seen[1]);
});

test('questions wait for their answers, each under a key that is never used again', async () => {
  const who = form('Who?', z.object({ name: z.string() }));
  const stage = taskStage({
    greet: task({
      description,
      version,
      async run(_input, { ask }) {
        const [first, second] = await Promise.all([ask('who', who), ask('who', who)]);
        const third = await ask('who', who);
        return JSON.stringify([first, second, third]);
      },
    }),
  });
  const id = await stage.begin('greet');
  await stage.work();
  const asking = await stage.get(id);
  expect(asking.status).toBe('input_required');
  expect(Object.keys(asking.asks)).toEqual(['who', 'who:2']);
  expect(await stage.answer(id, { who: { action: 'accept', content: { name: 'Ada' } } })).toBe(true);
  expect((await stage.get(id)).status).toBe('input_required');
  await stage.work();
  expect(await stage.answer(id, { 'who:2': { action: 'decline' }, nobody: 1 })).toBe(true);
  expect((await stage.get(id)).status).toBe('working');
  await stage.work();
  expect(Object.keys((await stage.get(id)).asks)).toEqual(['who:3']);
  await stage.answer(id, { 'who:3': { action: 'cancel' } });
  await stage.work();
  expect((await stage.get(id)).result?.content).toEqual([
    {
      type: 'text',
      text: '[{"action":"accept","content":{"name":"Ada"}},{"action":"decline"},{"action":"cancel"}]',
    },
  ]);
});
