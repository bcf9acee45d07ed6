/** Tasks as metrics: by status, with the age of the oldest, within a bound; and what became of those that ended. */
import * as z from 'zod';
import { expect, test } from 'vitest';
import { form } from '../../../src/declare/ask.ts';
import { task } from '../../../src/declare/task.ts';
import type { Family, MetricSample } from '../../../src/http/observe/exposition.ts';
import { storedFamilies } from '../../../src/http/observe/stored-families.ts';
import { createTimedStore } from '../../../src/http/observe/timed-store.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { headerKey } from '../../../src/tasks/records/header.ts';
import { taskStage } from '../../tasks/stage.ts';

const base = { description: 'a task of the test', version: '1' };
const declared = {
  quick: task({ ...base, run: () => Promise.resolve('done') }),
  fails: task({ ...base, policy: { attempts: 1 }, run: () => Promise.reject(new Error('no')) }),
  sleeps: task({ ...base, run: (_input, { sleep }) => sleep(3_600_000).then(() => 'slept') }),
  asks: task({
    ...base,
    run: async (_input, { ask }) => (await ask('who', form('Who?', z.object({ name: z.string() })))).action,
  }),
};

const samplesOf = (families: readonly Family[], name: string) =>
  (families.find((family) => family.name === name)?.samples ?? []) as MetricSample[];

const byLabel = (samples: readonly MetricSample[]) =>
  Object.fromEntries(samples.map(({ labels = {}, value }) => [Object.values(labels).join(' '), value]));

function observedStage() {
  const timed = createTimedStore(() => 0);
  const stage = taskStage(declared, timed.of(createMemoryStore()));
  const stored = async () => {
    const families = await storedFamilies(stage.tasks);
    return (name: string) => byLabel(samplesOf(families, name));
  };
  return { stage, stored, ended: () => byLabel(samplesOf(timed.families(), 'tidegate_tasks_ended_total')) };
}

test('those that have not ended are told by status, with the age of the oldest; those that ended are counted', async () => {
  const { stage, stored, ended } = observedStage();
  const asking = await stage.begin('asks');
  stage.clock.now += 60_000;
  const asleep = await stage.begin('sleeps');
  await stage.begin('quick');
  await stage.begin('fails');
  await stage.settle(1_000);
  stage.clock.now += 30_000;
  const before = await stored();
  expect(before('tidegate_tasks_unended')).toEqual({ working: 1, input_required: 1 });
  const ages = before('tidegate_tasks_oldest_seconds');
  expect(ages['working']).toBeCloseTo(30, -1);
  expect(ages['input_required']).toBeCloseTo(90, -1);
  expect(before('tidegate_tasks_beyond')).toEqual({ '': 0 });
  expect(ended()).toEqual({ 'quick completed': 1, 'fails failed': 1 });

  await stage.cancel(asleep);
  await stage.answer(asking, { who: { action: 'decline' } });
  await stage.settle(1_000);
  const after = await stored();
  expect(after('tidegate_tasks_unended')).toEqual({ working: 0, input_required: 0 });
  expect(after('tidegate_tasks_oldest_seconds')).toEqual({ working: 0, input_required: 0 });
  expect(ended()).toEqual({ 'quick completed': 1, 'fails failed': 1, 'sleeps cancelled': 1, 'asks completed': 1 });
});

test('a commit that changed nothing counts no end', async () => {
  const timed = createTimedStore(() => 0);
  const store = createMemoryStore();
  let answer: { status: 'unknown' } | null = { status: 'unknown' };
  const lossy = {
    ...store,
    commit: (...all: Parameters<typeof store.commit>) => (answer ? Promise.resolve(answer) : store.commit(...all)),
  };
  answer = null;
  const stage = taskStage(declared, timed.of(lossy as typeof store));
  const id = await stage.begin('sleeps');
  await stage.work();
  answer = { status: 'unknown' };
  const cancelling = stage.cancel(id).catch(() => null);
  await stage.clock.drive(cancelling);
  expect(samplesOf(timed.families(), 'tidegate_tasks_ended_total')).toEqual([]);
});

test('however many tasks there are, some hundred headers are read, and it is said that there are more', async () => {
  const { stage } = observedStage();
  for (let n = 0; n < 700; n += 1) await stage.begin(n < 100 ? 'quick' : 'sleeps');
  const counted = countCalls(stage.tasks.store);
  const families = await storedFamilies({ ...stage.tasks, store: counted.store });
  expect(counted.calls()).toEqual({ due: 4, getMany: 5 });
  expect(byLabel(samplesOf(families, 'tidegate_tasks_unended'))).toEqual({ working: 500, input_required: 0 });
  expect(byLabel(samplesOf(families, 'tidegate_tasks_beyond'))).toEqual({ '': 1 });
});

test('a header that a newer release wrote is left out', async () => {
  const { stage, stored } = observedStage();
  const id = await stage.begin('sleeps');
  const { store, runtime } = stage.tasks;
  const key = headerKey('public', id);
  const { version } = await store.get(key, runtime.now());
  const newer = { kind: 'put', ...key, value: { $v: 9_999, value: {} }, expects: version } as const;
  await store.commit([newer], { id: 'newer', now: runtime.now(), deadline: runtime.now() + 1_000 });
  expect((await stored())('tidegate_tasks_unended')).toEqual({ working: 0, input_required: 0 });
});
