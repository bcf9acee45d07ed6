/** Steps: what they may answer, when they are tried again, and what each costs. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { form } from '../../../src/declare/ask.ts';
import { type StepContext, task, type TaskContext } from '../../../src/declare/task.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Operation } from '../../../src/store/store.ts';
import { taskStage } from '../stage.ts';

const base = { description: 'a task of the test', version: '1' };

function answering(value: () => unknown) {
  const runs: number[] = [];
  const stage = taskStage({
    one: task({
      ...base,
      async run(_input, { step, sleep }) {
        const answer = await step('odd', () => (runs.push(1), value() as Json));
        await sleep(1);
        return JSON.stringify(answer);
      },
    }),
  });
  return { stage, runs };
}

describe('what a step answers', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'null'],
    ['NaN', Number.NaN, 'null'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['a lone surrogate', '\ud800', '"\\ud800"'],
    ['fields without a value', { a: undefined, b: 1 }, '{"b":1}'],
  ])('%s reads the same on every entry, as JSON', async (_, value, read) => {
    const { stage, runs } = answering(() => value);
    const id = await stage.begin('one');
    await stage.settle();
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: read }]);
    expect(runs).toHaveLength(1);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  test.each<[string, unknown, string]>([
    ['a bigint', 1n, 'invalid_input'],
    ['a cycle', cycle, 'invalid_input'],
    ['a function', () => 1, 'invalid_input'],
    ['a symbol', Symbol('x'), 'invalid_input'],
    ['more than a record holds', 'x'.repeat(349_000), 'too_large'],
  ])('%s fails the task at once, naming the step', async (_, value, code) => {
    const { stage, runs } = answering(() => value);
    const id = await stage.begin('one');
    await stage.settle();
    const { status, failure } = await stage.get(id);
    expect({ status, code: failure?.code }).toEqual({ status: 'failed', code });
    expect(failure?.message).toContain('step odd');
    expect(runs).toHaveLength(1);
  });
});

describe('what the app names wrongly', () => {
  test.each<[string, (context: TaskContext) => Promise<unknown>]>([
    ['step("note 1")', ({ step }) => step('note 1', () => 1)],
    ['ask("1st")', ({ ask }) => ask('1st', form('?', z.object({ a: z.string() })))],
  ])('%s is a defect of the app, told by the call', async (call, run) => {
    const stage = taskStage({ one: task({ ...base, run: async (_input, context) => String(await run(context)) }) });
    const id = await stage.begin('one');
    await stage.settle();
    const { status, failure } = await stage.get(id);
    expect({ status, failure }).toMatchObject({ status: 'failed', failure: { code: 'invalid_config', field: call } });
  });
});

describe('a step that fails', () => {
  test('waits for its own pause, whatever else wakes the task', async () => {
    const tries: number[] = [];
    const stage = taskStage({
      two: task({
        ...base,
        policy: { backoff: { firstMs: 60_000, mostMs: 60_000 } },
        async run(_input, { step, sleep }) {
          const ticking = (async () => {
            for (let n = 0; n < 10; n += 1) await sleep(1_000);
          })();
          await step('fails', () => {
            tries.push(stage.clock.now);
            if (tries.length < 2) throw new Error('no');
          });
          await ticking;
          return 'done';
        },
      }),
    });
    const id = await stage.begin('two');
    await stage.settle();
    expect((await stage.get(id)).status).toBe('completed');
    // Chance is one half here.
    expect((tries[1] ?? 0) - (tries[0] ?? 0)).toBeGreaterThanOrEqual(30_000);
  });

  test('is tried after pauses of full jitter that double, up to the most', async () => {
    const tries: number[] = [];
    const stage = taskStage({
      five: task({
        ...base,
        policy: { attempts: 5, backoff: { firstMs: 1_000, mostMs: 3_000 } },
        run: (_input, { step }) =>
          step('fails', () => {
            tries.push(stage.clock.now);
            throw new Error('no');
          }),
      }),
    });
    const id = await stage.begin('five');
    await stage.settle();
    expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { message: 'no' } });
    const pauses = tries.slice(1).map((at, n) => Math.round((at - (tries[n] ?? 0)) / 100) * 100);
    expect(pauses).toEqual([500, 1_000, 1_500, 1_500]);
  });

  test('that nobody waits for yet does not end the process', async () => {
    const stage = taskStage({
      early: task({
        ...base,
        async run(_input, { step }) {
          const failing = step('fails', () => Promise.reject(new Error('no')), { attempts: 1 });
          await step('slow', () => stage.clock.sleep(10_000));
          return failing.catch(() => 'caught later');
        },
      }),
    });
    const id = await stage.begin('early');
    await stage.settle();
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'caught later' }]);
  });
});

/** Runs a task whose steps note when their signals abort. */
async function abortsOf(run: (listen: (name: string) => (step: StepContext) => void, context: TaskContext) => unknown) {
  const aborted: string[] = [];
  const listen =
    (name: string) =>
    ({ signal }: StepContext) =>
      signal.addEventListener('abort', () => aborted.push(name));
  const stage = taskStage({
    one: task({ ...base, run: async (_input, context) => String(await run(listen, context)) }),
  });
  const id = await stage.begin('one');
  await stage.settle();
  return { aborted, result: (await stage.get(id)).result?.content };
}

describe('the signal of a step', () => {
  test('never aborts after the end of its function', async () => {
    const { aborted, result } = await abortsOf(async (listen, { step, sleep }) => {
      await step('slept', listen('slept'));
      await sleep(1_000);
      const failed = await step('fails', (given) => (listen('failed')(given), Promise.reject(new Error('no'))), {
        attempts: 1,
      }).catch(() => 'failed');
      await step('ended', listen('ended'));
      return failed;
    });
    expect(result).toEqual([{ type: 'text', text: 'failed' }]);
    expect(aborted).toEqual([]);
  });

  test('aborts at the end of its time, and at the end of a turn that leaves its function at work', async () => {
    const { aborted, result } = await abortsOf(async (listen, { step }) => {
      const never = (name: string) => (given: StepContext) => (listen(name)(given), new Promise<never>(() => {}));
      await step('slow', never('slow'), { attempts: 1, timeoutMs: 1_000 }).catch(() => {});
      await step('well', listen('well'));
      void step('left', never('left'));
      await step('last', listen('last'));
      return 'done';
    });
    expect(result).toEqual([{ type: 'text', text: 'done' }]);
    expect(aborted).toEqual(['slow', 'left']);
  });
});

test("a name that looks like another's second is a step of its own", async () => {
  const stage = taskStage({
    names: task({
      ...base,
      async run(_input, { step, sleep }) {
        const all = [await step('a:2', () => 'x'), await step('a', () => 'y'), await step('a', () => 'z')];
        await sleep(1);
        return all.join('');
      },
    }),
  });
  const id = await stage.begin('names');
  await stage.settle();
  expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'xyz' }]);
});

const remembers = (operations: readonly Operation[]) =>
  operations.some((each) => each.kind === 'put' && each.id.startsWith('m:'));

async function commitsOf(run: Parameters<typeof task>[0]['run']) {
  const commits: Operation[][] = [];
  const stage = taskStage({ one: task({ ...base, run }) });
  const runner = stage.runner((operations, _number, next) => {
    commits.push([...operations]);
    return next();
  });
  const id = await stage.begin('one');
  await stage.work({}, runner);
  expect((await stage.get(id)).status).toBe('completed');
  return commits;
}

describe('what it costs', () => {
  test('a step is one commit; the lease and the end are one each', async () => {
    const commits = await commitsOf(async (_input, { step }) => {
      for (let n = 0; n < 7; n += 1) await step('one', () => n);
      return 'done';
    });
    expect(commits.filter(remembers)).toHaveLength(7);
    expect(commits).toHaveLength(9);
  });

  test('steps side by side share them', async () => {
    const commits = await commitsOf(async (_input, { step }) => {
      await Promise.all(Array.from({ length: 40 }, (_, n) => step('many', () => n)));
      return 'done';
    });
    expect(commits.filter(remembers).length).toBeLessThanOrEqual(2);
  });

  test('progress is written about once a second, the newest of it, and the last before a wait', async () => {
    const written: [number, string | null][] = [];
    const stage = taskStage({
      talks: task({
        ...base,
        async run(_input, { step, progress, sleep }) {
          for (let n = 0; n < 40; n += 1) {
            progress(`at ${n}`);
            await step('tenth', () => stage.clock.sleep(100));
          }
          progress('before the wait');
          await sleep(60_000);
          return 'done';
        },
      }),
    });
    const id = await stage.begin('talks');
    const runner = stage.runner(async (operations, _number, next) => {
      const result = await next();
      if (operations.some((each) => each.kind === 'put' && each.id === 'header')) {
        written.push([stage.clock.now, (await stage.get(id)).message]);
      }
      return result;
    });
    await stage.work({}, runner);
    expect(written.at(-1)?.[1]).toBe('before the wait');
    expect(written.length).toBeGreaterThanOrEqual(4);
    expect(written.length).toBeLessThanOrEqual(6);
  });
});
