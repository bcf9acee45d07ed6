/** The alarm tools of IoT-Edge-MCP-Server, by name, parameters and effect. */
import { expect, test } from 'vitest';
import { createTestApp, fakeFeed } from '../../../src/testing.ts';
import { iotEdge } from './app.ts';

test('an alarm is raised by what a sensor measures, and acknowledged by its id', async () => {
  const feed = fakeFeed();
  const at = createTestApp(iotEdge('mqtt://127.0.0.1:1'), { feeds: { plant: feed } });
  const measure = async (key: string, value: number) => {
    feed.bring({ stream: 'readings', key, data: { value, unit: '°C', quality: 98 } });
    await at.advance(60_000);
    await at.scheduled();
  };
  const active = async (given: Record<string, unknown> = {}) => (await at.call('get_active_alarms', given)).structured;
  await measure('temp_sensor_01', 85);
  await measure('pressure_sensor_01', 9);
  expect(await active({ priority: 'high' })).toMatchObject({
    alarms: [{ alarm_id: 'temp_sensor_01_high/temp_sensor_01', device_id: 'temp_sensor_01', acknowledged: false }],
  });
  expect(await active({ priority: 'critical' })).toMatchObject({
    alarms: [{ device_id: 'pressure_sensor_01', value: 9 }],
  });
  expect(await active({ priority: 'low' })).toEqual({ alarms: [] });
  const acknowledge = (alarm_id: string) => at.call('acknowledge_alarm', { alarm_id });
  expect((await acknowledge('temp_sensor_01_high/temp_sensor_01')).structured).toMatchObject({
    success: true,
    acknowledged: true,
    acknowledged_by: 'public',
  });
  await measure('temp_sensor_01', 20);
  expect(await active({ priority: 'high' })).toEqual({ alarms: [] });
  expect((await acknowledge('none/none')).isError).toBe(true);
  await at.close();
});
