/** Waits under a clock that is ahead for a while: what arrived meanwhile keeps none of them from seeing what comes after it. */
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import { makeDueAgain } from '../../../src/tasks/work/due-again.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { waiting, waitStage } from '../wait-stage.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/** A wait, and an event of 20 degrees that came while the clock was ahead. It is right again, and what waits was looked at. */
async function afterLeap(condition: Condition, ahead: number, isFollowed: boolean, sensors = ['a']) {
  const patient = { ...waiting, policy: { ttlMs: 7 * DAY, totalMs: 7 * DAY } };
  const stage = waitStage(createMemoryStore(), { waiting: patient });
  const id = await stage.wait(condition);
  stage.clock.now += ahead;
  for (const sensor of sensors) await stage.publish(20, sensor);
  if (isFollowed) await stage.follow();
  stage.clock.now += 7 * SECOND - ahead;
  await makeDueAgain(stage.tasks, stage.clock.now + 10 * SECOND);
  await stage.settle(0);
  return {
    stage,
    ended: () => stage.ended(id),
    go: async (ms: number, celsius: number | null = null, sensor = 'a') => {
      await stage.clock.advance(ms);
      if (celsius !== null) await stage.publish(celsius, sensor);
      await stage.follow();
      await stage.settle(0);
    },
  };
}

const AHEAD = [HOUR, DAY].flatMap((ahead) => [true, false].map((isFollowed) => [ahead, isFollowed] as const));

describe.each(AHEAD)('%d ms ahead, and followed meanwhile: %s', (ahead, isFollowed) => {
  test('silence is noticed', async () => {
    const { ended, go } = await afterLeap({ kind: 'absence', forMs: ahead + 5 * MINUTE }, ahead, isFollowed);
    await go(ahead + 4 * MINUTE);
    expect(await ended()).toBeUndefined();
    await go(2 * MINUTE);
    expect(await ended()).toMatchObject({ key: null, event: null });
  });

  test('silence is noticed after more events came', async () => {
    const { ended, go } = await afterLeap({ kind: 'absence', forMs: ahead + 5 * MINUTE }, ahead, isFollowed);
    for (let minute = 0; minute < 4; minute += 1) await go(MINUTE, 20);
    await go(ahead + 4 * MINUTE);
    expect(await ended()).toBeUndefined();
    await go(2 * MINUTE);
    expect(await ended()).toMatchObject({ key: null, event: null });
  });

  test('silence of one of many keys is noticed', async () => {
    const sensors = Array.from({ length: 200 }, (_, n) => `sensor-${n}-with-a-long-name`);
    const condition: Condition = { kind: 'absence', forMs: ahead + 5 * MINUTE, perKey: true };
    const { ended, go } = await afterLeap(condition, ahead, isFollowed, sensors);
    await go(ahead + 4 * MINUTE);
    expect(await ended()).toBeUndefined();
    await go(2 * MINUTE);
    expect(await ended()).toMatchObject({ event: null });
  });

  test('events are counted', async () => {
    const { ended, go } = await afterLeap({ kind: 'count', atLeast: 3, withinMs: 5 * MINUTE }, ahead, isFollowed);
    for (let times = 0; times < 3; times += 1) await go(MINUTE, 20);
    expect(await ended()).toMatchObject({ event: { data: { celsius: 20 } } });
  });

  test('a change is seen', async () => {
    const { ended, go } = await afterLeap({ kind: 'change', field: 'celsius', by: 5 }, ahead, isFollowed);
    await go(MINUTE, 20);
    await go(MINUTE, 30);
    expect(await ended()).toMatchObject({ event: { data: { celsius: 30 } } });
  });

  test('a rate is measured', async () => {
    const condition: Condition = { kind: 'rate', field: 'celsius', per: 'minute', overMs: 2 * MINUTE, above: 5 };
    const { ended, go } = await afterLeap(condition, ahead, isFollowed);
    for (let minute = 1; minute < 5; minute += 1) await go(MINUTE, 20 + 10 * minute);
    expect(await ended()).toMatchObject({ value: expect.closeTo(10) });
  });
});

test.each([HOUR, DAY])(
  'a wait that began while the clock was %d ms ahead ends when its time is over',
  async (ahead) => {
    const stage = waitStage();
    const before = stage.clock.now;
    stage.clock.now += ahead;
    const id = await stage.wait({ kind: 'match', where: { celsius: { above: 30 } } }, 10 * MINUTE);
    stage.clock.now += 7 * SECOND - ahead;
    await makeDueAgain(stage.tasks, stage.clock.now + 10 * SECOND);
    await stage.settle(0);
    await stage.settle(HOUR - MINUTE);
    expect(await stage.ended(id)).toBeNull();
    expect(stage.clock.now - before).toBeLessThan(11 * MINUTE);
  },
);
