/** A sequence in the order of event times, though the results came the other way round; and an alarm that only a person clears. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../../src/testing.ts';
import app from './app.ts';

const HOUR = 3_600_000;

test('what came late is judged in its place, and the alarm stays until it is cleared', async () => {
  const at = createTestApp(app);
  const result = (mmol: number, hoursAgo: number) =>
    at.streams.append('potassium', { patient: 'P1', mmol, takenAt: at.now() - hoursAgo * HOUR });
  await at.advance(HOUR);
  await result(5.8, 0);
  await result(5.2, 0.5);
  await at.scheduled();
  expect((await at.call('list_alarms')).structured).toMatchObject({ alarms: [] });
  await at.advance(1.5 * HOUR);
  await at.scheduled();
  expect((await at.call('list_alarms')).text).toContain('raised, critical');
  await result(4.1, 0);
  await at.advance(2 * HOUR);
  await at.scheduled();
  const clear = { trigger: 'rising', key: 'P1', action: 'clear', note: 'infusion changed' };
  expect((await at.call('list_alarms')).text).toContain('raised, critical');
  expect((await at.call('acknowledge_alarm', clear)).text).toContain('cleared, critical');
  await at.close();
});
