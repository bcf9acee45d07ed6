/** Quotas of tasks and waits: what is over is refused, what has ended is free again, and what was called with is not kept. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { task } from '../../src/declare/task.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createQuotas } from '../../src/store/quotas/quotas.ts';
import { waitForTask } from '../../src/tools/wait-for.ts';
import { cancelTask } from '../../src/tasks/work/requests.ts';
import { runningQuota } from '../../src/tasks/records/quotas.ts';
import { inputKey } from '../../src/tasks/records/input.ts';
import { ADA, EVE, taskStage } from './stage.ts';
import { temps, waiting } from './wait-stage.ts';

const big = task({
  description: 'takes much',
  version: '1',
  input: z.object({ text: z.string(), fails: z.boolean().optional() }),
  policy: { attempts: 1 },
  run: async ({ fails }) => {
    if (fails) throw new Error('it fails');
    return 'done';
  },
});
const paged = task({
  description: 'answers much',
  version: '1',
  policy: { attempts: 1 },
  async run(_input, { step }) {
    for (let n = 0; n < 10; n += 1) await step('page', async ({ page }) => page('x'.repeat(300_000)));
    return 'done';
  },
});

const QUOTAS = { tasks: 1_000_000, allTasks: 1_500_000, waits: 3, allWaits: 5 };

function stage(store = createMemoryStore()) {
  const at = taskStage({ big, paged, waiting }, store, { streams: { temps }, quotas: QUOTAS });
  Object.assign(at.tasks, { quotas: createQuotas(at.tasks.runtime) });
  const begin = (principal = ADA, more = {}) => at.begin('big', { text: 'x'.repeat(300_000), ...more }, { principal });
  return { ...at, big: begin };
}

const REFUSED = {
  code: 'rate_limited',
  field: 'quotas.tasks',
  expected: 'at most 1000000 bytes of one caller at once',
};

test('inputs of one caller are refused above its quota before anything is stored, and another is not hurt', async () => {
  const at = stage();
  for (let n = 0; n < 3; n += 1) await at.big();
  const refusal: unknown = await at.big().catch((error: unknown) => error);
  expect(refusal).toMatchObject(REFUSED);
  expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
  await at.big(EVE);
});

test('the input of a task that has ended is gone, and free', async () => {
  const at = stage();
  const ids = await Promise.all([at.big(), at.big(), at.big()]);
  await at.settle();
  for (const id of ids) {
    expect((await at.get(id)).status).toBe('completed');
    expect(await at.store.get(inputKey('public', id), at.clock.now)).toMatchObject({ value: null });
  }
  for (let n = 0; n < 3; n += 1) await at.big();
  await expect(at.big()).rejects.toMatchObject(REFUSED);
});

test('that of a cancelled task too; that of one that failed stays for its retry', async () => {
  const at = stage();
  const id = await at.big();
  await at.cancel(id);
  expect(await at.store.get(inputKey('public', id), at.clock.now)).toMatchObject({ value: null });
  const failing = await at.big(ADA, { fails: true });
  await at.settle();
  expect((await at.get(failing)).status).toBe('failed');
  expect(await at.store.get(inputKey('public', failing), at.clock.now)).not.toMatchObject({ value: null });
  await at.big();
  await at.big();
  await expect(at.big()).rejects.toMatchObject(REFUSED);
});

test('pages of results count', async () => {
  const at = stage();
  const id = await at.begin('paged');
  await at.settle();
  const { status, failure } = await at.get(id);
  expect([status, failure?.code]).toEqual(['failed', 'rate_limited']);
});

test('waits on a stream are bounded, and one that has ended is free', async () => {
  const at = stage();
  const condition = { kind: 'threshold', field: 'celsius', above: 30 };
  const wait = async () => {
    const id = await at.begin('waiting', { condition });
    await at.work();
    return id;
  };
  const ids = [await wait(), await wait(), await wait()];
  const over = await wait();
  const { records } = await at.store.list('public/waiters/temps', { now: at.clock.now, limit: 10 });
  expect(records).toHaveLength(3);
  // This process knows by now, so a call is refused before a task begins.
  const prepared = waitForTask(at.tasks).prepare?.(
    { stream: 'temps', condition, seconds: 60 } as never,
    { principal: ADA, now: () => at.clock.now } as never,
  );
  await expect(prepared).rejects.toMatchObject({
    code: 'rate_limited',
    field: 'quotas.waits',
    expected: 'at most 3 waits of one caller at once',
    hint: 'cancel waits that nobody needs, or let one wait look at several keys',
  });
  await at.cancel(ids[0] ?? '');
  at.clock.now += 200_000;
  await at.work();
  const after = await at.store.list('public/waiters/temps', { now: at.clock.now, limit: 10 });
  expect(after.records.some(({ id }) => id.startsWith(over))).toBe(true);
});

test('tasks of one caller that have not ended are bounded; one that has ended, failed or was cancelled leaves room', async () => {
  const at = taskStage({ big, paged, waiting }, createMemoryStore(), {
    streams: { temps },
    quotas: { runningTasks: 3 },
  });
  Object.assign(at.tasks, { quotas: createQuotas(at.tasks.runtime) });
  const begin = (principal = ADA, fails = false) => at.begin('big', { text: 'x', fails }, { principal });
  const [first] = [await begin(), await begin(ADA, true), await begin()];
  const refused = {
    code: 'rate_limited',
    field: 'quotas.runningTasks',
    expected: 'at most 3 tasks of one caller at once',
  };
  await expect(begin()).rejects.toMatchObject(refused);
  await begin(EVE);
  await cancelTask(at.tasks, ADA, first, at.tasks.runtime.now() + 10_000);
  await begin();
  await expect(begin()).rejects.toMatchObject(refused);
  // All end, one of them by failure.
  await at.settle();
  for (let n = 0; n < 3; n += 1) await begin();
  await expect(begin()).rejects.toMatchObject(refused);
});

test('without authentication it counts only where the app declares it', async () => {
  const { app, catalog } = taskStage({ big }, createMemoryStore(), { quotas: {} }).tasks;
  expect(runningQuota({ app, catalog, isOpen: true }).each).toBeNull();
  expect(runningQuota({ app, catalog }).each).toBe(1_000);
  const declared = taskStage({ big }, createMemoryStore(), { quotas: { runningTasks: 3 } }).tasks.app;
  expect(runningQuota({ app: declared, catalog, isOpen: true }).each).toBe(3);
});
