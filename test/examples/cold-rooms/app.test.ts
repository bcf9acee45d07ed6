/** An alarm from the event to the shelf and back, by the tools that every app with alarms has. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import app from './app.ts';

test('it is raised, shelved while the door is open, comes back and is acknowledged', async () => {
  const at = createTestApp(app);
  const measure = async (celsius: number) => {
    await at.advance(60_000);
    await at.streams.append('rooms', { room: 'fish', celsius });
    await at.scheduled();
  };
  await measure(4);
  await measure(9);
  const { structured } = await at.call('list_alarms');
  expect(structured).toMatchObject({ alarms: [{ trigger: 'warm', key: 'fish', state: 'raised', severity: 'major' }] });
  const act = (given: object) => at.call('acknowledge_alarm', { trigger: 'warm', key: 'fish', ...given });
  await act({ action: 'shelve', minutes: 30, note: 'a delivery' });
  expect((await at.call('list_alarms')).text).toContain('There are no such alarms');
  await at.advance(31 * 60_000);
  expect((await at.call('list_alarms')).text).toContain('raised, major');
  await measure(5);
  await measure(20);
  expect((await at.call('list_alarms')).structured).toMatchObject({ alarms: [{ severity: 'critical', count: 2 }] });
  expect((await act({ note: 'on my way' })).text).toContain('acknowledged, critical');
  await measure(4);
  expect((await at.call('list_alarms', { states: ['cleared'] })).structured).toMatchObject({
    alarms: [{ note: 'on my way' }],
  });
  await at.close();
});
