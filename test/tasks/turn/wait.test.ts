/** `waitFor`: what holds already, what comes later, what never comes; and that nothing of it stays behind. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Condition } from '../../../src/declare/condition.ts';
import { task } from '../../../src/declare/task.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { TENANT } from '../../feeds/run/stage.ts';
import { retryTask } from '../../../src/tasks/work/retry.ts';
import { ADA, EVE } from '../stage.ts';
import { ABOVE_30, type WaitStage, waitStage } from '../wait-stage.ts';

describe('a wait', () => {
  test('ends with the event for which its condition holds, and leaves nothing', async () => {
    const stage = waitStage();
    const id = await stage.wait(ABOVE_30);
    await stage.publish(20);
    expect(await stage.follow()).toMatchObject({ waiting: true, entries: 1, matched: 0, commits: 0 });
    await stage.publish(31, 'b');
    const woken: string[] = [];
    expect(await stage.follow(stage.deps, (taskId) => woken.push(taskId))).toMatchObject({ matched: 1, commits: 1 });
    expect(woken).toEqual([id]);
    expect(await stage.work()).toMatchObject({ entered: 1, ended: 1 });
    expect(await stage.ended(id)).toMatchObject({
      key: 'b',
      value: 31,
      event: { stream: 'temps', data: { celsius: 31 } },
    });
    expect(await stage.waiters()).toEqual([]);
    expect(await stage.work()).toMatchObject({ entered: 0, more: false });
  });

  test('ends with null when its time is over, also where nobody follows', async () => {
    const stage = waitStage();
    const id = await stage.wait(ABOVE_30, 10_000);
    await stage.publish(20);
    await stage.clock.advance(9_000);
    expect(await stage.work()).toMatchObject({ entered: 0 });
    await stage.clock.advance(1_000);
    await stage.work();
    expect(await stage.ended(id)).toBeNull();
    expect(await stage.waiters()).toEqual([]);
  });

  test('sees at its end what nobody has followed', async () => {
    const stage = waitStage();
    const id = await stage.wait(ABOVE_30, 10_000);
    await stage.publish(35);
    await stage.clock.advance(10_000);
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ value: 35 });
  });

  test('of no time looks once', async () => {
    const stage = waitStage();
    expect(await stage.ended(await stage.wait(ABOVE_30, 0))).toBeNull();
    await stage.publish(35);
    expect(await stage.ended(await stage.wait(ABOVE_30, 0))).toMatchObject({ value: 35 });
    expect(await stage.waiters()).toEqual([]);
  });

  test('goes with its task: cancelled, failed or ended by another branch', async () => {
    const stage = waitStage(createMemoryStore(), {
      either: task({
        description: 'the first of two',
        version: '1',
        input: z.object({ fails: z.boolean() }),
        async run({ fails }, { waitFor, sleep }) {
          await Promise.race([waitFor('temps', ABOVE_30), sleep(5_000)]);
          if (fails) throw Object.assign(new Error('no'), { code: 'invalid_input' });
          return 'slept';
        },
      }),
    });
    const id = await stage.wait(ABOVE_30);
    await stage.begin('either', { fails: false });
    await stage.begin('either', { fails: true });
    await stage.work();
    expect(await stage.waiters()).toHaveLength(3);
    await expect(stage.cancel(id, EVE)).rejects.toMatchObject({ code: 'not_found' });
    expect(await stage.waiters()).toHaveLength(3);
    await stage.clock.drive(stage.cancel(id));
    expect(await stage.waiters()).toHaveLength(2);
    await stage.settle();
    expect(await stage.waiters()).toEqual([]);
  });

  test('that its task no longer asks for is looked at seldom, and goes with the task', async () => {
    let entries = 0;
    const stage = waitStage(createMemoryStore(), {
      fickle: task({
        description: 'waits in its first entry alone',
        version: '1',
        async run(_input, { waitFor, sleep }) {
          entries += 1;
          if (entries === 1) void waitFor('temps', ABOVE_30);
          await sleep(60_000);
          return 'slept';
        },
      }),
    });
    const id = await stage.begin('fickle');
    await stage.work();
    await stage.publish(35);
    await stage.follow();
    for (let seconds = 0; seconds < 30; seconds += 1) {
      await stage.work();
      await stage.clock.advance(1_000);
    }
    expect(entries).toBeLessThan(15);
    await stage.settle();
    expect((await stage.get(id)).status).toBe('completed');
    expect(await stage.waiters()).toEqual([]);
  });

  test('that holds does not cut short the pause after a failure', async () => {
    let entries = 0;
    const stage = waitStage(createMemoryStore(), {
      shaky: task({
        description: 'fails once it was woken, before it comes to its wait',
        version: '1',
        policy: { backoff: { firstMs: 60_000, mostMs: 60_000 } },
        async run(_input, { waitFor }) {
          entries += 1;
          if (entries === 2) throw new Error('not yet');
          return JSON.stringify(await waitFor('temps', ABOVE_30));
        },
      }),
    });
    const id = await stage.begin('shaky');
    await stage.work();
    await stage.publish(35);
    await stage.follow();
    for (let seconds = 0; seconds < 29; seconds += 1) {
      await stage.work();
      await stage.clock.advance(1_000);
    }
    expect(entries).toBe(2);
    await stage.settle();
    expect(entries).toBe(3);
    expect((await stage.get(id)).status).toBe('completed');
  });

  test('that ended is not waited for again by a retry, and one that had not is', async () => {
    const stage = waitStage(createMemoryStore(), {
      twice: task({
        description: 'waits, waits again, and fails',
        version: '1',
        policy: { totalMs: 100_000 },
        async run(_input, { waitFor }) {
          const first = await waitFor('temps', ABOVE_30, { timeoutMs: 1_000_000 });
          const second = await waitFor('temps', { kind: 'match', where: { celsius: 5 } }, { timeoutMs: 1_000_000 });
          return `${first?.value} ${second?.key}`;
        },
      }),
    });
    const id = await stage.begin('twice');
    await stage.work();
    await stage.publish(31);
    await stage.follow();
    await stage.settle();
    expect((await stage.get(id)).status).toBe('failed');
    expect(await stage.waiters()).toEqual([]);
    const { taskId } = await retryTask(stage.tasks, ADA, id, stage.clock.now + 60_000);
    await stage.work();
    expect(await stage.waiters()).toHaveLength(1);
    await stage.publish(5);
    await stage.follow();
    await stage.work();
    expect((await stage.get(taskId)).result?.content).toEqual([{ type: 'text', text: '31 a' }]);
  });

  test('among more than 20 at once is refused', async () => {
    const stage = waitStage(createMemoryStore(), {
      many: task({
        description: 'waits for too much',
        version: '1',
        run: async (_input, { waitFor }) =>
          JSON.stringify(await Promise.race(Array.from({ length: 21 }, () => waitFor('temps', ABOVE_30)))),
      }),
    });
    const id = await stage.begin('many');
    await stage.work();
    expect((await stage.get(id)).failure).toMatchObject({ code: 'invalid_input', field: 'condition' });
    expect(await stage.waiters()).toEqual([]);
  });

  test('is refused where the stream has no such field', async () => {
    const stage = waitStage();
    const id = await stage.wait({ kind: 'threshold', field: 'celcius', above: 30 });
    expect((await stage.get(id)).failure).toMatchObject({ code: 'invalid_input', field: 'condition.field' });
    expect(await stage.waiters()).toEqual([]);
  });

  test('several of one task are each remembered', async () => {
    const stage = waitStage(createMemoryStore(), {
      both: task({
        description: 'both',
        version: '1',
        async run(_input, { waitFor }) {
          const both = await Promise.all([
            waitFor('temps', { kind: 'threshold', field: 'celsius', above: 30 }),
            waitFor('temps', { kind: 'threshold', field: 'celsius', below: 0 }),
          ]);
          const then = await waitFor('temps', { kind: 'match', where: { celsius: 7 } });
          return [...both, then]
            .map((held) => held?.event.data)
            .map((data) => JSON.stringify(data))
            .join();
        },
      }),
    });
    const id = await stage.begin('both');
    await stage.work();
    for (const celsius of [-5, 40, 7]) {
      await stage.publish(celsius);
      await stage.follow();
      await stage.work();
    }
    const { result } = await stage.get(id);
    expect(result?.content[0]).toMatchObject({
      text: expect.stringMatching(/"celsius":40.*"celsius":-5.*"celsius":7/),
    });
  });
});

/** What a wait that just began ended with. */
async function now(stage: WaitStage, condition: Condition) {
  return stage.ended(await stage.wait(condition));
}

describe('at its beginning', () => {
  test('threshold and match are held against the latest event of each key', async () => {
    const stage = waitStage();
    await stage.publish(40, 'a');
    await stage.publish(35, 'b');
    await stage.publish(20, 'a');
    expect(await now(stage, ABOVE_30)).toMatchObject({ key: 'b', value: 35 });
    expect(await now(stage, { ...ABOVE_30, key: 'a' })).toBeUndefined();
    expect(await now(stage, { ...ABOVE_30, key: { oneOf: ['a', 'b'] } })).toMatchObject({ key: 'b' });
    expect(await now(stage, { ...ABOVE_30, key: { like: 'b*' } })).toMatchObject({ key: 'b' });
    expect(await now(stage, { ...ABOVE_30, perKey: false })).toBeUndefined();
    expect(await now(stage, { kind: 'match', where: { celsius: 20 } })).toMatchObject({ key: 'a' });
    expect(await now(stage, { kind: 'match', where: { celsius: 40 } })).toBeUndefined();
  });

  test('an event that the latest ones do not tell of yet is read from the log', async () => {
    const stage = waitStage();
    await stage.publish(20);
    const event = { id: 'e', key: 'a', time: stage.clock.now, data: { sensor: 'a', celsius: 50 } };
    const append = { kind: 'append' as const, log: streamLog(TENANT, 'temps'), entries: [event] };
    await stage.store.commit([append], { id: 'unprojected', now: stage.clock.now, deadline: stage.clock.now + 1_000 });
    expect(await now(stage, ABOVE_30)).toMatchObject({ value: 50 });
  });

  test('change is measured from there', async () => {
    const stage = waitStage();
    await stage.publish(20);
    const id = await stage.wait({ kind: 'change', field: 'celsius' });
    await stage.publish(20);
    await stage.follow();
    await stage.work();
    expect(await stage.ended(id)).toBeUndefined();
    await stage.publish(21);
    await stage.follow();
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ value: 21 });
  });

  test('count begins with it, and remembers between rounds', async () => {
    const stage = waitStage();
    await stage.publish(1);
    const id = await stage.wait({ kind: 'count', atLeast: 3, withinMs: 60_000 });
    for (const celsius of [2, 3]) {
      await stage.publish(celsius);
      expect(await stage.follow()).toMatchObject({ matched: 0, commits: 1 });
    }
    await stage.publish(4);
    expect(await stage.follow()).toMatchObject({ matched: 1 });
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ event: { data: { celsius: 4 } } });
  });

  test('absence is told when the silence has lasted, by time alone', async () => {
    const stage = waitStage();
    const id = await stage.wait({ kind: 'absence', forMs: 60_000 });
    await stage.clock.advance(40_000);
    await stage.publish(1);
    await stage.follow();
    await stage.clock.advance(64_999);
    await stage.work();
    expect(await stage.ended(id)).toBeUndefined();
    await stage.clock.advance(1);
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ event: null });
  });

  test('absence of which no follower has told is put off by what stands in the log', async () => {
    const stage = waitStage();
    const id = await stage.wait({ kind: 'absence', forMs: 60_000 });
    await stage.clock.advance(40_000);
    await stage.publish(1);
    await stage.clock.advance(25_000);
    expect(await stage.work()).toMatchObject({ entered: 1 });
    expect(await stage.work()).toMatchObject({ entered: 0 });
    await stage.clock.advance(40_000);
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ event: null });
  });
});

test('one that begins while its task ends leaves no waiter', async () => {
  const hasty = task({
    description: 'a task of the test',
    version: '1',
    async run(_input, { waitFor, step, progress }) {
      void waitFor('temps', { kind: 'threshold', field: 'celsius', above: 30 });
      await step('quick', () => 1);
      progress('nearly done');
      return 'done';
    },
  });
  const stage = waitStage(undefined, { hasty });
  await stage.publish(20);
  const id = await stage.begin('hasty');
  const { store } = stage;
  const { promise: ending, resolve: end } = Promise.withResolvers<void>();
  const slow: Store = {
    ...store,
    async list(partition, options) {
      if (partition.includes('/latest/')) await ending;
      return store.list(partition, options);
    },
    async commit(operations, options) {
      // The first of the commits with which it ends.
      if (JSON.stringify(operations).includes('nearly done')) {
        end();
        for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      return store.commit(operations, options);
    },
  };
  await stage.work({ concurrency: 1 }, { ...stage.tasks, store: slow });
  await stage.settle();
  expect((await stage.get(id)).status).toBe('completed');
  expect(await stage.waiters()).toEqual([]);
});
