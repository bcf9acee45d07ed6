/** Where a wait begins: from what the stream knows of its keys, and not from nothing. */
import { expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import { waitStage } from '../wait-stage.ts';

const SILENT: Condition = { kind: 'absence', forMs: 60_000, perKey: true };

async function silentSensors() {
  const stage = waitStage();
  for (const sensor of ['attic', 'bath', 'cellar']) await stage.publish(sensor === 'cellar' ? 40 : 20, sensor);
  stage.clock.now += 3_600_000;
  return stage;
}

test.each<[string, Condition, string]>([
  ['of each key', SILENT, 'attic'],
  ['of keys that look like a pattern', { ...SILENT, key: { like: 'b*' } }, 'bath'],
  ['of keys whose latest event passes', { ...SILENT, where: { celsius: { above: 30 } } }, 'cellar'],
])('the silence %s holds for those that fell silent before', async (_, condition, key) => {
  const stage = await silentSensors();
  const from = stage.clock.now;
  const id = await stage.wait(condition, 600_000);
  await stage.settle();
  expect(await stage.ended(id)).toMatchObject({ key, event: null });
  expect(stage.clock.now - from).toBeLessThan(120_000);
});

test('a key that goes on to report is not silent', async () => {
  const stage = await silentSensors();
  const id = await stage.wait({ ...SILENT, key: { like: 'b*' } }, 70_000);
  stage.clock.now += 50_000;
  await stage.publish(20, 'bath');
  await stage.follow();
  await stage.settle();
  expect(await stage.ended(id)).toBeNull();
});

test('a rate begins from the latest value of each key', async () => {
  const stage = await silentSensors();
  const id = await stage.wait({ kind: 'rate', field: 'celsius', per: 'hour', overMs: 2_000, below: -5 });
  await stage.publish(10, 'attic');
  await stage.follow();
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ key: 'attic' });
});
