/** Tasks under a clock that jumps: what was stored by a wrong clock holds none of them up. */
import { describe, expect, test } from 'vitest';
import { task } from '../../src/declare/task.ts';
import { lookAtClock } from '../../src/store/clock-seen.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { taskChange, taskLog, trimTaskLog } from '../../src/tasks/records/task-log.ts';
import { freeSlots, slotPartition, takeSlots } from '../../src/tasks/records/slots.ts';
import { makeDueAgain } from '../../src/tasks/work/due-again.ts';
import { takeUpTask } from '../../src/tasks/work/run-due.ts';
import { settle } from '../feeds/run/stage.ts';
import { ADA, taskStage } from './stage.ts';

const base = { description: 'a task of the test', version: '1', policy: { ttlMs: 7 * 86_400_000 } };
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

function napping() {
  const naps = task({
    ...base,
    async run(_input, { step, sleep }) {
      await step('before', () => 1);
      await sleep(10 * MINUTE);
      return step('after', () => 'woke');
    },
  });
  const stage = taskStage({ naps });
  return { stage, again: async () => (await makeDueAgain(stage.tasks, stage.clock.now + 10_000)).made };
}

describe('a sleep', () => {
  test.each([
    ['that began a day ahead lasts as long as it should', DAY, 7_000 - DAY],
    ['that began an hour ahead lasts as long as it should', HOUR, 7_000 - HOUR],
    ['lasts no longer where the clock is set back an hour', 0, 7_000 - HOUR],
  ])('%s', async (_, ahead, back) => {
    const { stage, again } = napping();
    stage.clock.now += ahead;
    const id = await stage.begin('naps');
    await stage.work();
    stage.clock.now += back;
    expect((await stage.work()).entered).toBe(0);
    expect(await again()).toBe(1);
    const before = stage.clock.now;
    const { entered, nextAt } = await stage.work();
    expect(entered).toBe(1);
    expect(nextAt).toBeGreaterThanOrEqual(before + 10 * MINUTE);
    expect(nextAt).toBeLessThan(before + 10 * MINUTE + 100);
    // Looked at once more, it keeps its time.
    expect(await again()).toBe(1);
    expect(await stage.work()).toMatchObject({ entered: 1, nextAt });
    await stage.clock.advance(10 * MINUTE);
    await stage.work();
    expect(await stage.get(id)).toMatchObject({ status: 'completed' });
  });
});

test('a lease that a process left behind a day ahead is over, and the task is taken up by a hint or by its due time', async () => {
  const { stage, again } = napping();
  const [hinted, due] = [await stage.begin('naps'), await stage.begin('naps')];
  stage.clock.now += DAY;
  const dying = stage.runner((_operations, number, next) => (number > 2 ? new Promise(() => {}) : next()));
  void takeUpTask(scopeOfLogs(dying, ADA), hinted, stage.clock.now + 60_000);
  const other = stage.runner((_operations, number, next) => (number > 1 ? new Promise(() => {}) : next()));
  void takeUpTask(scopeOfLogs(other, ADA), due, stage.clock.now + 60_000);
  await settle();
  stage.clock.now += 7_000 - DAY;
  expect(
    await stage.clock.drive(takeUpTask(scopeOfLogs(stage.tasks, ADA), hinted, stage.clock.now + 60_000)),
  ).toMatchObject({
    outcome: 'left',
  });
  expect((await stage.work()).entered).toBe(0);
  await again();
  expect((await stage.work()).entered).toBeGreaterThan(0);
  await stage.clock.advance(10 * MINUTE);
  await stage.work();
  for (const id of [hinted, due]) expect(await stage.get(id)).toMatchObject({ status: 'completed' });
});

test('a pause after a failure that a clock ahead has set is over', async () => {
  let failures = 0;
  const fails = task({
    ...base,
    run: (_input, { step }) =>
      step('once', () => {
        failures += 1;
        if (failures === 1) throw new Error('not yet');
        return 'done';
      }),
  });
  const stage = taskStage({ fails });
  stage.clock.now += DAY;
  const id = await stage.begin('fails');
  await stage.work();
  stage.clock.now += 7_000 - DAY;
  await makeDueAgain(stage.tasks, stage.clock.now + 10_000);
  await stage.work();
  expect(await stage.get(id)).toMatchObject({ status: 'completed' });
});

test('a place that is taken a day ahead is free', async () => {
  const { store, clock } = taskStage({});
  const policy = { all: 1, perPrincipal: null } as never;
  const limited = { tenant: 'public', subject: 'ada', task: 't', policy };
  const key = { partition: slotPartition('public', 't', null), id: '0' };
  const options = { id: 'c', now: clock.now, deadline: clock.now + 1_000 };
  await store.commit(takeSlots([{ key, version: null }], 'task', clock.now + 30_000 + DAY), options);
  expect(await freeSlots(store, limited, clock.now + DAY, 0)).toBeNull();
  expect(await freeSlots(store, limited, clock.now, 0)).toEqual([{ key, version: 'c' }]);
});

function hurrying() {
  const hurries = task({
    ...base,
    policy: { totalMs: HOUR },
    async run(_input, { step, sleep }) {
      await sleep(10 * MINUTE);
      return step('after', () => 'woke');
    },
  });
  const stage = taskStage({ hurries });
  return { stage, seen: () => lookAtClock(stage.tasks, stage.clock.now + 10_000) };
}

describe('the time of a task', () => {
  test('does not end it while the clock is a day ahead, and it goes on when that is right again', async () => {
    const { stage, seen } = hurrying();
    const id = await stage.begin('hurries');
    await stage.work();
    await seen();
    stage.clock.now += DAY;
    for (let minute = 0; minute < 9; minute += 1) {
      await stage.work();
      expect(await stage.get(id)).toMatchObject({ status: 'working' });
      await seen();
      stage.clock.now += MINUTE;
    }
    stage.clock.now -= DAY;
    expect((await seen()).setBack).not.toBeNull();
    expect(await makeDueAgain(stage.tasks, stage.clock.now + 10_000)).toEqual({ made: 1, more: false });
    await stage.work();
    await stage.clock.advance(10 * MINUTE);
    await stage.work();
    expect(await stage.get(id)).toMatchObject({ status: 'completed' });
  });

  test('ends it where the clock stays there: the machine slept', async () => {
    const { stage, seen } = hurrying();
    const id = await stage.begin('hurries');
    await stage.work();
    await seen();
    stage.clock.now += DAY;
    for (let minute = 0; minute < 14; minute += 1) {
      await seen();
      await stage.work();
      stage.clock.now += MINUTE;
    }
    expect(await stage.get(id)).toMatchObject({ status: 'failed', failure: { field: 'policy.totalMs' } });
  });

  test('does not end it in a turn during which the clock leaps', async () => {
    const { stage, seen } = hurrying();
    const id = await stage.begin('hurries');
    await seen();
    const { clock } = stage;
    let offset = 0;
    const runtime = { ...stage.tasks.runtime, now: () => clock.now + offset };
    const leaping = stage.runner((_operations, _number, next) => {
      offset = DAY;
      return next();
    });
    const until = clock.now + DAY + 60_000;
    const end = await clock.drive(takeUpTask(scopeOfLogs({ ...leaping, runtime }, ADA), id, until));
    expect([offset, end]).toMatchObject([DAY, { outcome: 'left' }]);
    expect(await stage.get(id)).toMatchObject({ status: 'working' });
  });
});

test('a turn during which the clock is set back leaves its task due at once', async () => {
  const { stage } = napping();
  const id = await stage.begin('naps');
  let offset = DAY;
  const runtime = { ...stage.tasks.runtime, now: () => stage.clock.now + offset };
  // The clock is right again when the turn gives its lease back.
  const leaving = stage.runner((operations, _number, next) => {
    if (JSON.stringify(operations).includes('m:step before')) offset = 0;
    return next();
  });
  await stage.clock.drive(takeUpTask(scopeOfLogs({ ...leaving, runtime }, ADA), id, stage.clock.now + DAY + 60_000));
  expect(offset).toBe(0);
  const before = stage.clock.now;
  const { entered, nextAt } = await stage.work();
  expect(entered).toBe(1);
  expect(nextAt).toBeLessThan(before + 10 * MINUTE + 100);
});

test('a call with an idempotency key that comes again while the clock is weeks ahead for a while begins nothing', async () => {
  const { stage } = napping();
  await lookAtClock(stage.tasks, stage.clock.now + 10_000);
  const id = await stage.begin('naps', {}, { once: 'k' });
  stage.clock.now += 60 * DAY;
  expect(await stage.begin('naps', {}, { once: 'k' })).toBe(id);
  stage.clock.now -= 60 * DAY;
  expect(await stage.begin('naps', {}, { once: 'k' })).toBe(id);
});

test('the log of tasks that ended loses nothing by a clock that is weeks ahead for a while', async () => {
  const { store, clock, tasks } = taskStage({});
  await lookAtClock(tasks, clock.now + 10_000);
  const log = taskLog(ADA);
  for (const taskId of ['a', 'b']) {
    const entry = taskChange.append(log, [{ taskId, task: 't', status: 'completed', at: clock.now }]);
    await store.commit([entry], { id: taskId, now: clock.now, deadline: clock.now + 1_000 });
  }
  const trim = () => trimTaskLog({ ...tasks, runtime: { ...tasks.runtime, random: () => 0 } }, ADA);
  clock.now += 8 * DAY;
  await trim();
  expect((await store.extent(log)).count).toBe(2);
  await lookAtClock(tasks, clock.now + 10_000);
  clock.now += 10 * MINUTE;
  await trim();
  expect((await store.extent(log)).count).toBe(1);
});
