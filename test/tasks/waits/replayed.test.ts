/** Events that a replay of dead letters brings wake what waits on their stream, as those that are published do. */
import * as z from 'zod';
import { afterEach, expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { stream } from '../../../src/declare/stream.ts';
import { deadLetter, deadLetterLog, toDeadLetter } from '../../../src/feeds/records/dead-letters.ts';
import { pull } from '../../../src/feeds/kit/pull.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { waiterPartition } from '../../../src/tasks/records/names.ts';
import { startWatch } from '../../../src/tasks/waits/watch.ts';
import { startRunner } from '../../../src/tasks/work/runner.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { replayDeadLettersTask } from '../../../src/tools/replay-dead-letters.ts';
import { ADA, taskStage } from '../stage.ts';
import { ABOVE_30, endOf, waiting } from '../wait-stage.ts';

const deadline = () => Date.now() + 10_000;

/** No look at all streams, or at all that is due, comes in the time of a test: hints alone have to do. */
const NEVER_MS = 3_600_000;

const ends: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((one) => one.stop()));
});

test('a replayed dead letter settles a wait at once, without the schedule', async () => {
  const fed = stream({
    description: 'temperatures that a feed brings',
    schema: z.object({ sensor: z.string(), celsius: z.number() }),
    feed: pull({ pull: async () => ({}) }),
  });
  const stage = taskStage({ waiting }, createMemoryStore(), { streams: { temps: fed } });
  const base = { ...stage.tasks, runtime: systemRuntime(() => {}), catalog: new Map(stage.tasks.catalog) };
  const watch = startWatch(base, { wake: (...told) => runner.dispatch.wake(...told) }, { everyMs: NEVER_MS });
  const deps = { ...base, changed: watch.changed, waiting: watch.waiting };
  base.catalog.set('replay_dead_letters', replayDeadLettersTask(deps));
  const runner = startRunner(deps, { everyMs: NEVER_MS });
  ends.push(watch, runner);

  const tasks = createTasks(deps, runner.dispatch);
  const waits = await tasks.begin(ADA, 'waiting', { condition: ABOVE_30 } as never, { deadline: deadline() });
  const partition = waiterPartition(ADA.tenant, 'temps');
  const waiters = () => stage.store.list(partition, { now: Date.now(), limit: 10 });
  await expect.poll(async () => (await waiters()).records.length, { timeout: 5_000 }).toBe(1);

  const item = { stream: 'temps', data: { sensor: 'a', celsius: 35 }, bytes: 10 };
  const letter = toDeadLetter(item, { reason: 'schema' }, Date.now());
  const append = deadLetter.append(deadLetterLog(ADA.tenant, 'temps'), [letter]);
  await stage.store.commit([append], { id: 'letter', now: Date.now(), deadline: deadline() });
  const replays = await tasks.begin(ADA, 'replay_dead_letters', { feed: 'temps' }, { deadline: deadline() });

  const header = (taskId: string) => tasks.get(ADA, taskId);
  await expect.poll(async () => (await header(replays.taskId)).status, { timeout: 5_000 }).toBe('completed');
  await expect.poll(async () => (await header(waits.taskId)).status, { timeout: 5_000 }).toBe('completed');
  expect(endOf((await header(waits.taskId)).result)).toMatchObject({ value: 35 });
});
