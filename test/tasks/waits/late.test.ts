/** Readings that come late while somebody waits: those of before the wait say nothing, those of its time count. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { Condition } from '../../../src/declare/condition.ts';
import { stream } from '../../../src/declare/stream.ts';
import { publish } from '../../../src/streams/log/publish.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { TENANT } from '../../feeds/run/stage.ts';
import { ABOVE_30, waitStage } from '../wait-stage.ts';

const timed = stream({
  description: 'temperatures, with their times',
  schema: z.object({ sensor: z.string(), celsius: z.number(), at: z.number() }),
  key: 'sensor',
  time: 'at',
});

function lateStage() {
  const stage = waitStage(undefined, {}, timed);
  const declared = stage.app.streams.get('temps');
  if (!declared) throw new Error('no stream');
  return {
    ...stage,
    async reading(celsius: number, agoMs: number, sensor = 'a') {
      const { clock, deps } = stage;
      const data = { sensor, celsius, at: clock.now - agoMs };
      await publish(scopeOfLogs(deps, { tenant: TENANT }), declared, { data }, clock.now + 60_000);
    },
  };
}

const HOT: Condition = { kind: 'match', where: { celsius: { above: 30 } } };

test.each<[string, Condition]>([
  ['threshold', ABOVE_30],
  ['match', HOT],
  ['threshold of one key', { ...ABOVE_30, key: 'a' }],
  ['match of one key', { ...HOT, key: 'a' }],
  ['threshold of each key', { ...ABOVE_30, perKey: true }],
])('a %s does not end by a reading of before the latest one when the wait began', async (_what, condition) => {
  const stage = lateStage();
  await stage.reading(20, 1_000);
  const id = await stage.wait(condition);
  await stage.reading(40, 600_000);
  await stage.follow();
  await stage.work();
  expect(await stage.ended(id)).toBeUndefined();
  stage.clock.now += 10_000;
  await stage.reading(20, 0);
  await stage.reading(35, 5_000);
  await stage.follow();
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ event: { data: { celsius: 35 } } });
});

test('of another key nothing was known, and its first reading counts whenever it was', async () => {
  const stage = lateStage();
  await stage.reading(20, 1_000);
  const id = await stage.wait({ ...ABOVE_30, perKey: true });
  await stage.reading(40, 600_000, 'b');
  await stage.follow();
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ key: 'b' });
});

test('readings that the wait begins from are stored with it, and those that come write nothing more', async () => {
  const stage = lateStage();
  await stage.reading(20, 1_000);
  await stage.wait(ABOVE_30);
  const before = await stage.waiters();
  for (const celsius of [21, 22, 23]) await stage.reading(celsius, 0);
  await stage.follow();
  expect(await stage.waiters()).toEqual(before);
});

test('of many keys the first hundred readings are remembered, so that a wait stays small', async () => {
  const stage = lateStage();
  for (let at = 0; at < 130; at += 1) await stage.reading(20, 1_000, `k${String(at).padStart(3, '0')}`);
  // Those that the condition does not look at are none of them.
  for (let at = 0; at < 130; at += 1) await stage.reading(-1, 1_000, `a${at}`);
  const id = await stage.wait({ ...ABOVE_30, perKey: true, where: { celsius: { atLeast: 0 } } });
  expect(JSON.stringify(await stage.waiters()).length).toBeLessThan(10_000);
  await stage.reading(40, 600_000, 'k099');
  await stage.follow();
  await stage.work();
  expect(await stage.ended(id)).toBeUndefined();
  await stage.reading(40, 600_000, 'k100');
  await stage.follow();
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ key: 'k100' });
});
