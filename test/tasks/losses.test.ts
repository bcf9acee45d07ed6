/** Ways in which an answer, an end, a place or an effect could be lost: each was, before it stood here. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { form } from '../../src/declare/ask.ts';
import { task } from '../../src/declare/task.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { assignmentKey } from '../../src/tasks/records/assignment.ts';
import { takeUpTask } from '../../src/tasks/work/run-due.ts';
import { startRunner } from '../../src/tasks/work/runner.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { ADA, taskStage } from './stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { PUBLIC } from '../../src/base/principal.ts';

const base = { description: 'a task of the test', version: '1' };
const yes = form('Go?', z.object({ yes: z.boolean() }));
const accepted = { action: 'accept', content: { yes: true } };

test('a question that is asked while a commit is on its way is asked', async () => {
  let onCommit: (() => void) | null = null;
  const asking = task({
    ...base,
    async run(_input, { step, ask }) {
      const meanwhile = new Promise<void>((resolve) => (onCommit = resolve));
      const [answer] = await Promise.all([meanwhile.then(() => ask('q', yes)), step('one', () => 1)]);
      return answer.action;
    },
  });
  const stage = taskStage({ asking });
  const id = await stage.begin('asking');
  const slow = stage.runner(async (operations, _number, next) => {
    if (JSON.stringify(operations).includes('step one')) {
      onCommit?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return next();
  });
  await stage.work({}, slow);
  expect(await stage.get(id)).toMatchObject({ status: 'input_required', asks: { q: {} } });
});

describe('an answer', () => {
  test('that comes before the entry writes the header wakes the task', async () => {
    let onStep: (() => Promise<void>) | null = null;
    const asking = task({
      ...base,
      async run(_input, { step, ask, progress }) {
        const branch = async () => {
          await step('one', () => 1);
          await step('two', () => onStep?.());
          progress('half');
          await step('three', () => 3);
        };
        const [answer] = await Promise.all([ask('q', yes), branch()]);
        return answer.action;
      },
    });
    const stage = taskStage({ asking });
    const id = await stage.begin('asking');
    let taken = false;
    onStep = async () => {
      taken = await stage.answer(id, { q: accepted });
    };
    await stage.work();
    expect(taken).toBe(true);
    await stage.settle(120_000);
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('that comes before the question is met again is found in the same entry', async () => {
    let entries = 0;
    let during: (() => Promise<void>) | null = null;
    const slow = task({
      ...base,
      async run(_input, { ask, progress, sleep, step }) {
        entries += 1;
        const question = async () => {
          if (entries > 1) {
            progress('looking');
            await step('look', () => during?.());
          }
          return ask('q', yes);
        };
        const [answer] = await Promise.all([question(), sleep(1_000)]);
        return answer.action;
      },
    });
    const stage = taskStage({ slow });
    const id = await stage.begin('slow');
    await stage.work();
    during = async () => {
      await stage.answer(id, { q: accepted });
    };
    stage.clock.now += 1_000;
    await stage.work();
    await stage.settle(10_000);
    expect(await stage.get(id)).toMatchObject({ status: 'completed', asks: {} });
  });

  test('does not cut short the pause after a failure', async () => {
    let entries = 0;
    const failing = task({
      ...base,
      policy: { backoff: { firstMs: 600_000, mostMs: 600_000 } },
      async run(_input, { ask }) {
        entries += 1;
        const answer = ask('q', yes);
        if (entries < 2) throw new Error('down');
        return (await answer).action;
      },
    });
    const stage = taskStage({ failing });
    const id = await stage.begin('failing');
    await stage.work();
    await stage.answer(id, { q: accepted });
    await stage.work();
    expect(entries).toBe(1);
    stage.clock.now += 600_000;
    await stage.settle();
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('nor does one that came while the entry that failed was under way', async () => {
    let entries = 0;
    let during: (() => Promise<unknown>) | null = null;
    const failing = task({
      ...base,
      policy: { backoff: { firstMs: 600_000, mostMs: 600_000 } },
      async run(_input, { ask, sleep, step }) {
        const answer = ask('q', yes);
        await sleep(10);
        entries += 1;
        await step('answered', async () => void (await during?.()));
        if (entries < 2) throw new Error('down');
        return (await answer).action;
      },
    });
    const stage = taskStage({ failing });
    const id = await stage.begin('failing');
    await stage.work();
    stage.clock.now += 10;
    during = () => stage.answer(id, { q: accepted });
    await stage.work();
    await stage.work();
    expect(entries).toBe(1);
    stage.clock.now += 600_000;
    await stage.settle();
    expect((await stage.get(id)).status).toBe('completed');
  });
});

test('a task without a free place ends when its time is over', async () => {
  const limited = task({
    ...base,
    policy: { concurrency: { all: 1 }, totalMs: 60_000, ttlMs: 60_000 },
    run: async () => 'done',
  });
  const stage = taskStage({ limited });
  const id = await stage.begin('limited');
  const place = { partition: 'public/task-slots/limited', id: '0' };
  for (let round = 0; round < 8; round += 1) {
    const { version } = await stage.store.get(place, stage.clock.now);
    const put = { kind: 'put', ...place, value: 1, expects: version, expiresAt: stage.clock.now + 60_000 } as const;
    const options = { id: `hold${round}`, now: stage.clock.now, deadline: stage.clock.now + 1_000 };
    await stage.store.commit([put], options);
    await stage.work();
    stage.clock.now += 20_000;
  }
  expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { code: 'cancelled' } });
  expect((await stage.store.get(assignmentKey('public', id), stage.clock.now)).value).toBeNull();
});

test('what was drawn before a step is the same on its next try, though the process died in it', async () => {
  const seen: string[] = [];
  const paying = task({
    ...base,
    async run(_input, { uuid, step }) {
      const drawn = uuid();
      await step('pay', ({ idempotencyKey }) => {
        seen.push(`${idempotencyKey} ${drawn}`);
        return seen.length === 1 ? new Promise<void>(() => {}) : undefined;
      });
      return 'paid';
    },
  });
  const stage = taskStage({ paying });
  const id = await stage.begin('paying');
  void takeUpTask(scopeOfLogs(stage.tasks, PUBLIC), id, stage.clock.now + 60_000);
  await expect.poll(() => seen.length).toBe(1);
  stage.clock.now += 31_000;
  await stage.work();
  expect(seen).toHaveLength(2);
  expect(seen[0]).toBe(seen[1]);
});

test('a process that stood still until another had its task begins no further step', async () => {
  const begun: string[] = [];
  let stands: (() => Promise<unknown>) | null = null;
  const paying = task({
    ...base,
    async run(_input, { step }) {
      const still = stands;
      stands = null;
      await still?.();
      return step('pay', () => void begun.push(still ? 'late' : 'in time')).then(() => 'paid');
    },
  });
  const stage = taskStage({ paying });
  const id = await stage.begin('paying');
  stands = async () => {
    stage.clock.now += 31_000;
    await takeUpTask(scopeOfLogs(stage.runner(), PUBLIC), id, stage.clock.now + 60_000);
  };
  await stage.work();
  expect(begun).toEqual(['in time']);
  expect((await stage.get(id)).status).toBe('completed');
});

test('a burst of begins works on as many at once as there are places', async () => {
  let most = 0;
  let atOnce = 0;
  const busy = task({
    ...base,
    async run(_input, { step }) {
      await step('work', async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
      });
      return 'done';
    },
  });
  const stage = taskStage({ busy });
  const deps = { ...stage.tasks, runtime: systemRuntime(() => {}) };
  const runner = startRunner(deps, { concurrency: 4, everyMs: 5 });
  try {
    const tasks = createTasks(deps, runner.dispatch);
    const deadline = Date.now() + 10_000;
    const begun = await Promise.all(Array.from({ length: 60 }, () => tasks.begin(ADA, 'busy', {}, { deadline })));
    for (const { taskId } of begun) {
      await expect.poll(async () => (await tasks.get(ADA, taskId)).status, { timeout: 8_000 }).toBe('completed');
    }
    expect(most).toBeLessThanOrEqual(4);
  } finally {
    await runner.stop();
  }
});
