/** Followers in a process that stays: told of a change they follow at once, and one at a time; untold they look now and then. */
import { afterEach, expect, test } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { publish } from '../../../src/streams/log/publish.ts';
import { startRunner } from '../../../src/tasks/work/runner.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { followAll, startWatch, type WatchOptions } from '../../../src/tasks/waits/watch.ts';
import { TENANT } from '../../feeds/run/stage.ts';
import { ADA } from '../stage.ts';
import { ABOVE_30, endOf, waitStage } from '../wait-stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const ends: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((one) => one.stop()));
});

/** A process over a store, in real time; `hear` false: nobody tells it of changes. */
function running(store: Store = createMemoryStore(), options: WatchOptions = {}, hear = true) {
  const stage = waitStage(store);
  const runtime = systemRuntime(() => {});
  const base = { ...stage.tasks, store, runtime };
  const watch = startWatch(base, { wake: (...told) => runner.dispatch.wake(...told) }, options);
  const deps = hear ? { ...base, changed: watch.changed, waiting: watch.waiting } : base;
  const runner = startRunner(deps, { everyMs: 60_000 });
  ends.push(watch, runner);
  const tasks = createTasks(deps, runner.dispatch);
  const [stream] = deps.app.streams.values();
  return {
    deps,
    wait: async () => {
      const input = { condition: ABOVE_30 } as unknown as Json;
      const { taskId } = await tasks.begin(ADA, 'waiting', input, { deadline: deadline() });
      await expect.poll(async () => (await store.list(`${TENANT}/waiters/temps`, page())).records.length).toBe(1);
      return taskId;
    },
    publish: (celsius: number) => {
      if (!stream) throw new Error('no stream');
      return publish(scopeOfLogs(deps, { tenant: TENANT }), stream, { data: { sensor: 'a', celsius } }, deadline());
    },
    ended: (taskId: string) =>
      expect
        .poll(async () => (await tasks.get(ADA, taskId)).status, { timeout: 5_000, interval: 5 })
        .toBe('completed')
        .then(async () => endOf((await tasks.get(ADA, taskId)).result)),
  };
}

const deadline = () => Date.now() + 5_000;
const page = () => ({ now: Date.now(), limit: 10 });

test('what is published ends a wait at once', async () => {
  const { wait, publish, ended } = running(createMemoryStore(), { quietMs: 60_000 });
  await publish(20);
  const id = await wait();
  await publish(20);
  await publish(35);
  expect(await ended(id)).toMatchObject({ value: 35 });
});

test('what nobody tells of is found by looking', async () => {
  const { wait, publish, ended } = running(createMemoryStore(), { everyMs: 20, quietMs: 1 }, false);
  const id = await wait();
  await publish(35);
  expect(await ended(id)).toMatchObject({ value: 35 });
});

test('a stream on which nothing waits is looked at seldom, however often it changes', async () => {
  const counted = countCalls(createMemoryStore());
  const { publish } = running(counted.store, { quietMs: 60_000 });
  await publish(0);
  counted.reset();
  for (let n = 0; n < 50; n += 1) await publish(n);
  expect(counted.calls()['list']).toBeUndefined();
});

test('a store that fails is told of, and tried again', async () => {
  const memory = createMemoryStore();
  let failing = true;
  const store: Store = {
    ...memory,
    list: (partition, options) =>
      failing && partition.includes('/waiters/') ? Promise.reject(new Error('gone')) : memory.list(partition, options),
  };
  const { deps } = running(store, { everyMs: 5, quietMs: 1 });
  const report = await followAll(deps, Date.now() + 1_000);
  expect(report).toMatchObject({ matched: 0, more: true, error: { code: 'internal' } });
  failing = false;
  expect(await followAll(deps, Date.now() + 1_000)).toEqual({ matched: 0, more: false, error: null });
});

test('without time nothing is followed, and that is told', async () => {
  const { deps } = running();
  expect(await followAll(deps, Date.now())).toMatchObject({ more: true, error: null });
});
