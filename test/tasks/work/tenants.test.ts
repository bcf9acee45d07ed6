/** Tasks and waits of every tenant are worked on: by the schedule, and by a process that stays. */
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { afterEach, expect, test } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { publish } from '../../../src/streams/log/publish.ts';
import { startRunner } from '../../../src/tasks/work/runner.ts';
import { runTasks } from '../../../src/tasks/work/run-due.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { followAll, startWatch } from '../../../src/tasks/waits/watch.ts';
import { ADA } from '../stage.ts';
import { ABOVE_30, endOf, temps, waitStage } from '../wait-stage.ts';

const TENANTS = ['acme', 'globex'];
const whose = TENANTS.map((tenant) => ({ ...ADA, tenant }));
const soon = () => Date.now() + 10_000;
const each = { ...temps, options: { ...temps.options, tenants: 'each' } } satisfies typeof temps;
const input = { condition: ABOVE_30 } as unknown as Json;

const ends: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((one) => one.stop()));
});

test('the schedule works on the due tasks of each tenant, and follows the waits of each', async () => {
  const stage = waitStage(createMemoryStore(), {}, each);
  const deps = { ...stage.tasks, tenants: () => TENANTS };
  const deadline = () => stage.clock.now + 60_000;
  const ids: string[] = [];
  for (const principal of whose) ids.push(await stage.begin('waiting', input, { principal }));
  expect(await stage.work({}, deps)).toMatchObject({ entered: 2, ended: 0 });
  const [stream] = deps.app.streams.values();
  for (const tenant of TENANTS)
    await publish(scopeOfLogs(deps, { tenant }), stream!, { data: { sensor: 'a', celsius: 35 } }, deadline());
  expect(await followAll(deps, deadline())).toMatchObject({ matched: 2, error: null });
  expect(await stage.clock.drive(runTasks(deps, deadline()))).toMatchObject({ ended: 2 });
  for (const [at, principal] of whose.entries()) {
    expect(endOf((await stage.get(ids[at]!, principal)).result)).toMatchObject({ value: 35 });
  }
});

test('a process that stays finds the tasks of each tenant, and hears of the streams of each', async () => {
  const stage = waitStage(createMemoryStore(), {}, each);
  const base = { ...stage.tasks, runtime: systemRuntime(() => {}), tenants: () => TENANTS };
  const watch = startWatch(base, { wake: (...told) => runner.dispatch.wake(...told) }, { everyMs: 60_000 });
  const deps = { ...base, changed: watch.changed, waiting: watch.waiting };
  const runner = startRunner(deps, { everyMs: 5 });
  ends.push(watch, runner);
  // Begun where nothing works: the runner has to look.
  const elsewhere = createTasks(base, { leaseMs: () => null, wake: () => {} });
  const [stream] = deps.app.streams.values();
  for (const principal of whose) {
    const { taskId } = await elsewhere.begin(principal, 'waiting', input, { deadline: soon() });
    const { tenant } = principal;
    const waiters = () => stage.store.list(`${tenant}/waiters/temps`, { now: Date.now(), limit: 10 });
    await expect.poll(async () => (await waiters()).records.length, { timeout: 5_000 }).toBe(1);
    await publish(scopeOfLogs(deps, { tenant }), stream!, { data: { sensor: 'a', celsius: 35 } }, soon());
    const header = () => elsewhere.get(principal, taskId);
    await expect.poll(async () => (await header()).status, { timeout: 5_000 }).toBe('completed');
    expect(endOf((await header()).result)).toMatchObject({ value: 35 });
  }
});

test('a wait of each tenant on a stream that they share ends with the same event', async () => {
  const stage = waitStage();
  const deps = stage.tasks;
  const deadline = () => stage.clock.now + 60_000;
  const ids: string[] = [];
  for (const principal of [...whose, ADA]) ids.push(await stage.begin('waiting', input, { principal }));
  expect(await stage.work({}, deps)).toMatchObject({ entered: 3, ended: 0 });
  expect((await stage.store.list('public/waiters/temps', { now: stage.clock.now, limit: 10 })).records).toHaveLength(3);
  await stage.publish(35);
  expect(await followAll(deps, deadline())).toMatchObject({ matched: 3, error: null });
  expect(await stage.clock.drive(runTasks(deps, deadline()))).toMatchObject({ ended: 3 });
  for (const [at, principal] of [...whose, ADA].entries()) {
    expect(endOf((await stage.get(ids[at]!, principal)).result)).toMatchObject({ value: 35 });
  }
  expect((await stage.store.list('public/waiters/temps', { now: stage.clock.now, limit: 10 })).records).toEqual([]);
});

test("a wait on a shared stream that is cancelled leaves no waiter, and takes nobody else's", async () => {
  const stage = waitStage();
  const ids: string[] = [];
  for (const principal of whose) ids.push(await stage.begin('waiting', input, { principal }));
  await stage.work();
  expect(await stage.cancel(ids[0]!, whose[0])).toBe(true);
  const { records } = await stage.store.list('public/waiters/temps', { now: stage.clock.now, limit: 10 });
  expect(records.map(({ id }) => id.split(' ')[0])).toEqual([`globex/${ids[1]}`]);
});

test('tenants that cannot be told leave the waits unfollowed, and say why', async () => {
  const stage = waitStage(createMemoryStore(), {}, each);
  const deps = { ...stage.tasks, tenants: () => Promise.reject(new Error('gone')) };
  const report = await followAll(deps, stage.clock.now + 60_000);
  expect(report).toMatchObject({ matched: 0, more: true, error: { code: 'internal' } });
});
