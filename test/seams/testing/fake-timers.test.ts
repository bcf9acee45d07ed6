/** A test of somebody's own app, whose timers were replaced before `tidegate/testing` was loaded, and between its calls. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const REPLACED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'performance',
  'hrtime',
  'Date',
] as const;

vi.useFakeTimers({ now: 0, toFake: [...REPLACED] });
const { createTestApp, fakeFeed } = await import('tidegate/testing');
const { app } = await import('./app.ts');

beforeEach(() => void vi.useFakeTimers({ now: 0, toFake: [...REPLACED] }));
afterEach(() => void vi.useRealTimers());

/** All that a test of an app does, from a feed's item to the end of a task. */
async function expectWhole(): Promise<void> {
  const plant = fakeFeed();
  const boilers = createTestApp(app, { feeds: { plant } });
  plant.bring({ stream: 'temperatures', key: 'boiler-1', data: { celsius: 78 } });
  expect((await boilers.ingest()).feeds).toMatchObject([{ outcome: 'pulled', events: 1 }]);
  expect((await boilers.call('hottest')).text).toBe('boiler-1 at 78 °C');
  const { taskId } = await boilers.begin('report');
  await boilers.scheduled();
  await boilers.streams.append('temperatures', { celsius: 3 });
  await boilers.advance(3_600_000);
  await boilers.scheduled();
  expect((await boilers.task(taskId)).status).toBe('completed');
  await boilers.sweep();
  await boilers.close();
}

test('timers that were replaced before the kit was loaded do not hold it up', async () => {
  expect(vi.isFakeTimers()).toBe(true);
  await expectWhole();
  // It leaves no timer with them either, and their time stands.
  expect([vi.getTimerCount(), Date.now()]).toEqual([0, 0]);
});

test('nor do timers that are replaced and restored while it works', async () => {
  vi.useRealTimers();
  const boilers = createTestApp(app);
  const called = boilers.call('hottest');
  vi.useFakeTimers({ toFake: [...REPLACED] });
  expect((await called).text).toBe('no boiler yet');
  await boilers.advance(1_000);
  vi.useRealTimers();
  await boilers.advance(1_000);
  await boilers.close();
});

test('the clock of the app and that of the test go on by themselves', async () => {
  const boilers = createTestApp(app, { at: 5_000 });
  await boilers.advance(60_000);
  expect([boilers.now(), Date.now()]).toEqual([65_000, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([boilers.now(), Date.now()]).toEqual([65_000, 1_000]);
  await boilers.close();
});
