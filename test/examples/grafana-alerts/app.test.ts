/** Alert rules are read by the names and parameters of mcp-grafana; a rule fires while its alarm stands. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import app from './app.ts';

test('a rule that fires, by list and by uid', async () => {
  const at = createTestApp(app);
  const load = async (disk: number) => {
    await at.advance(60_000);
    await at.streams.append('hosts', { host: 'web-1', cpu: 20, disk });
    await at.scheduled();
  };
  const states = async (given: object = {}) => {
    const { structured } = await at.call('list_alert_rules', { ...given });
    return (structured as { rules: { uid: string; state: string }[] }).rules.map(({ uid, state }) => `${uid} ${state}`);
  };
  await load(50);
  expect(await states()).toEqual(['cpu_high inactive', 'disk_full inactive']);
  await load(97);
  expect(await states()).toEqual(['cpu_high inactive', 'disk_full firing']);
  expect(await states({ label_selectors: [{ name: 'severity', value: 'major' }] })).toEqual(['cpu_high inactive']);
  expect(await states({ limit: 1, page: 2 })).toEqual(['disk_full firing']);
  expect((await at.call('get_alert_rule_by_uid', { uid: 'disk_full' })).structured).toMatchObject({
    title: 'Disk is full',
    state: 'firing',
    alerts: [{ labels: { host: 'web-1' }, state: 'raised', value: 97 }],
  });
  expect((await at.call('get_alert_rule_by_uid', { uid: 'none' })).isError).toBe(true);
  await load(50);
  expect(await states()).toEqual(['cpu_high inactive', 'disk_full inactive']);
  await at.close();
});
