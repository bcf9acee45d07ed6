/** What a handler may do wrong, what may happen to its process, and what becomes of its task. */
import { describe, expect, test } from 'vitest';
import { task } from '../../src/declare/task.ts';
import { takeUpTask } from '../../src/tasks/work/run-due.ts';
import { endsIn, taskStage } from './stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { PUBLIC } from '../../src/base/principal.ts';

const base = { description: 'a task of the test', version: '1' };

const throws = () => {
  throw new Error('in turn');
};

describe('a handler', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  test.each<[string, unknown, string]>([
    ['an error whose message throws', Object.defineProperty(new Error('x'), 'message', { get: throws }), 'object'],
    ['what throws whatever is asked of it', new Proxy({}, { get: throws, getPrototypeOf: throws }), 'object'],
    ['a text', 'only words', 'only words'],
    ['an object', { reason: 7 }, '{"reason":7}'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a bigint', 7n, 'bigint'],
    ['a cycle', cycle, 'object'],
    ['a symbol', Symbol('x'), 'symbol'],
  ])('that throws %s fails with what it was', async (_, thrown, words) => {
    let entries = 0;
    const stage = taskStage({
      bad: task({
        ...base,
        policy: { attempts: 2 },
        run() {
          entries += 1;
          throw thrown;
        },
      }),
    });
    const id = await stage.begin('bad');
    await stage.settle();
    const { status, failure } = await stage.get(id);
    expect(status).toBe('failed');
    expect(failure).toMatchObject({ code: 'internal' });
    expect(failure?.message).toContain(words);
    expect(entries).toBe(2);
    expect(stage.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('that never returns is cut off, tried again, and fails', async () => {
    let entries = 0;
    const stage = taskStage({
      hangs: task({ ...base, policy: { attempts: 3 }, run: () => ((entries += 1), new Promise<string>(() => {})) }),
    });
    const id = await stage.begin('hangs');
    await stage.settle();
    expect(entries).toBe(3);
    expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { code: 'cancelled' } });
  });

  test('that returns before its steps have settled has ended; nothing of them is written', async () => {
    let settled = false;
    const stage = taskStage({
      hasty: task({
        ...base,
        async run(_input, { step }) {
          void step('slow', async () => {
            await stage.clock.sleep(5_000);
            settled = true;
            return 'late';
          });
          return 'done';
        },
      }),
    });
    const id = await stage.begin('hasty');
    await stage.work();
    await stage.clock.advance(10_000);
    expect(settled).toBe(true);
    expect((await stage.get(id)).status).toBe('completed');
    expect(await endsIn(stage.store)).toHaveLength(1);
    const page = await stage.store.list(`public/task/${id}`, { now: stage.clock.now, limit: 9, prefix: 'm:' });
    expect(page.records).toEqual([]);
  });

  test('that catches everything cannot catch a wait', async () => {
    const caught: unknown[] = [];
    const stage = taskStage({
      greedy: task({
        ...base,
        async run(_input, { step, sleep }) {
          for (let n = 0; n < 3; n += 1) {
            try {
              await sleep(1_000);
              await step('fails', () => Promise.reject(new Error(`no ${n}`)), { attempts: 2 });
            } catch (error) {
              caught.push((error as Error).message);
            } finally {
              await sleep(1);
            }
          }
          return caught.at(-1) as string;
        },
      }),
    });
    const id = await stage.begin('greedy');
    await stage.settle();
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'no 2' }]);
    expect(new Set(caught)).toEqual(new Set(['no 0', 'no 1', 'no 2']));
  });

  test('that blocks its process loses the task, and can write nothing when it awakes', async () => {
    const runs: string[] = [];
    let block = true;
    const stage = taskStage({
      blocks: task({
        ...base,
        async run(_input, { step }) {
          return step('heavy', async () => {
            const who = block ? 'first' : 'second';
            runs.push(who);
            // The clock goes on, but nothing of this process does: no heartbeat is made in time.
            if (block) {
              block = false;
              stage.clock.now += 31_000;
              await takeUpTask(scopeOfLogs(stage.runner(), PUBLIC), id, stage.clock.now + 60_000);
            }
            return who;
          });
        },
      }),
    });
    const id = await stage.begin('blocks');
    const report = await stage.work();
    expect(runs).toEqual(['first', 'second']);
    expect(report.ended).toBe(0);
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'second' }]);
    expect(await endsIn(stage.store)).toHaveLength(1);
  });
});

/** Gone right after it took the task up: no commit of it follows. */
const dying = (stage: ReturnType<typeof taskStage>) =>
  stage.runner((_operations, number, next) => (number === 1 ? next() : Promise.reject(new Error('gone'))));

describe('a process', () => {
  test('that dies of the task each time: after ten the task fails', async () => {
    let entries = 0;
    const stage = taskStage({
      poison: task({
        ...base,
        run: (_input, { step }) => step('kills', () => void (entries += 1)).then(() => 'never'),
      }),
    });
    const id = await stage.begin('poison');
    for (let deaths = 0; deaths < 10; deaths += 1) {
      await stage.work({}, dying(stage));
      expect((await stage.get(id)).status).toBe('working');
      stage.clock.now += 31_000;
    }
    await stage.work();
    expect(entries).toBe(10);
    expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { code: 'internal' } });
  });

  test('that got something done before it died is not held against the task', async () => {
    const stage = taskStage({
      slow: task({
        ...base,
        async run(_input, { step }) {
          for (let n = 0; n < 15; n += 1) await step('part', () => n);
          return 'done';
        },
      }),
    });
    const id = await stage.begin('slow');
    for (let deaths = 0; deaths < 14; deaths += 1) {
      const runner = stage.runner((_operations, number, next) =>
        number <= 2 ? next() : Promise.reject(new Error('gone')),
      );
      await stage.work({}, runner);
      stage.clock.now += 31_000;
    }
    await stage.work();
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('three dispatches at once make one entry', async () => {
    let entries = 0;
    const stage = taskStage({ once: task({ ...base, run: async () => String((entries += 1)) }) });
    const id = await stage.begin('once');
    const until = stage.clock.now + 60_000;
    const ends = await stage.clock.drive(
      Promise.all([1, 2, 3].map(() => takeUpTask(scopeOfLogs(stage.runner(), PUBLIC), id, until, { early: true }))),
    );
    expect(ends.filter((end) => typeof end !== 'string')).toHaveLength(1);
    expect(entries).toBe(1);
  });
});

const sleeper = (version: string, answer: string) =>
  task({
    ...base,
    version,
    async run(_input, { sleep }) {
      await sleep(1_000);
      return answer;
    },
  });

describe('a release', () => {
  test('without the version that a task began with leaves it to others, and after ten minutes fails it, and says so', async () => {
    const stage = taskStage({ job: sleeper('2', 'new') });
    const id = await stage.begin('job');
    await stage.work();
    const startedAt = (stage.clock.now += 1_000);
    const older = stage.runner(undefined, { job: sleeper('1', 'old') });
    let looks = 0;
    for (; (await stage.get(id)).status === 'working'; looks += 1) {
      await stage.work({}, older);
      stage.clock.now += 1_000;
    }
    expect(await stage.get(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'invalid_config', field: 'tasks.job.previous' },
    });
    expect(stage.clock.now - startedAt).toBeGreaterThanOrEqual(600_000);
    expect(looks).toBeLessThan(640);
  });

  test('that is rolled out beside an older one goes on with its tasks, whichever looks first', async () => {
    const stage = taskStage({ job: sleeper('2', 'new') });
    const older = stage.runner(undefined, { job: sleeper('1', 'old') });
    const id = await stage.begin('job');
    for (let rounds = 0; rounds < 60; rounds += 1) {
      await stage.work({}, older);
      stage.clock.now += 600;
      if (rounds % 3 === 1) await stage.work();
      stage.clock.now += 400;
    }
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'new' }]);
  });

  test('that kept it goes on with it', async () => {
    const stage = taskStage({ job: sleeper('1', 'old') });
    const id = await stage.begin('job');
    await stage.work();
    stage.clock.now += 1_000;
    const newer = { ...sleeper('2', 'new'), previous: [sleeper('1', 'kept')] };
    await stage.work({}, stage.runner(undefined, { job: newer }));
    expect((await stage.get(id)).result?.content).toEqual([{ type: 'text', text: 'kept' }]);
  });
});

describe('time', () => {
  const nap = task({
    ...base,
    policy: { ttlMs: 86_400_000, totalMs: 3_600_000 },
    async run(_input, { sleep, step }) {
      await sleep(60_000);
      return step('after', () => 'awake');
    },
  });

  test('that jumps back and forth delays a task, and no more', async () => {
    const stage = taskStage({ nap });
    const id = await stage.begin('nap');
    await stage.work();
    stage.clock.now -= 600_000;
    expect((await stage.work()).entered).toBe(0);
    stage.clock.now += 700_000;
    await stage.work();
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('that is over ends a task, asleep or at work', async () => {
    const stage = taskStage({
      nap,
      busy: task({
        ...base,
        policy: { totalMs: 20_000, stepMs: 50_000 },
        run: (_input, { step }) => step('long', () => stage.clock.sleep(40_000)).then(() => 'late'),
      }),
    });
    const [asleep, busy] = [await stage.begin('nap'), await stage.begin('busy')];
    const startedAt = stage.clock.now;
    await stage.work();
    expect(stage.clock.now - startedAt).toBeLessThan(25_000);
    stage.clock.now = startedAt + 3_600_000;
    await stage.work();
    for (const id of [asleep, busy]) {
      expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { field: 'policy.totalMs' } });
    }
  });

  test('in which nobody came, until the task was forgotten, leaves nothing in the queue', async () => {
    const stage = taskStage({ nap });
    await stage.begin('nap');
    await stage.work();
    stage.clock.now += 10 * 86_400_000;
    await stage.work();
    expect(await stage.store.due('public/tasks', { now: stage.clock.now, limit: 9, from: 0 })).toEqual([]);
  });
});

test('failures beside the steps are forgotten when something was remembered', async () => {
  let entries = 0;
  const stage = taskStage({
    uneven: task({
      ...base,
      policy: { attempts: 2 },
      async run(_input, { step, sleep }) {
        entries += 1;
        if (entries === 1) throw new Error('at first');
        await step('one', () => 1);
        await sleep(1_000);
        if (entries === 3) throw new Error('and then again');
        return 'done';
      },
    }),
  });
  const id = await stage.begin('uneven');
  await stage.settle();
  expect((await stage.get(id)).status).toBe('completed');
});
