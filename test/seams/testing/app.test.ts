/** A test of somebody's own app, written with `tidegate/testing`: no network, no waiting, no engine. */
// #region test
import { createTestApp, fakeFeed, type TestApp } from 'tidegate/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { app } from './app.ts';

const plant = fakeFeed();
let boilers: TestApp;
beforeEach(() => {
  boilers = createTestApp(app, { feeds: { plant } });
});
afterEach(() => boilers.close());

const reading = (key: string, celsius: number) => ({ stream: 'temperatures', key, data: { celsius } });

test('what the plant publishes is what the tool reads', async () => {
  expect((await boilers.call('hottest')).text).toBe('no boiler yet');
  plant.bring(reading('boiler-1', 78), reading('boiler-2', 83));
  const { feeds } = await boilers.ingest();
  expect(feeds).toMatchObject([{ feed: 'plant', outcome: 'pulled', events: 2 }]);
  expect((await boilers.call('hottest')).text).toBe('boiler-2 at 83 °C');
  expect(plant.waiting()).toBe(0);
});
// #endregion

test('the feed is pulled again when it is due, by the clock of the test', async () => {
  plant.bring(reading('boiler-1', 78));
  await boilers.ingest();
  plant.bring(reading('boiler-1', 91));
  await boilers.ingest();
  expect(plant.waiting()).toBe(1);
  await boilers.advance(30_000);
  await boilers.ingest();
  expect(await boilers.streams.latest('temperatures', 'boiler-1')).toMatchObject({ data: { celsius: 91 } });
});

test('a reading that is none is kept apart, and a broken feed brings what waits the next time', async () => {
  plant.bring({ stream: 'temperatures', key: 'boiler-1', data: { celsius: 'hot' } });
  plant.fail(new Error('the broker is gone'));
  expect((await boilers.ingest()).feeds).toMatchObject([{ outcome: 'failed', events: 0 }]);
  await boilers.advance(600_000);
  expect((await boilers.ingest()).feeds).toMatchObject([{ outcome: 'pulled', events: 0, rejected: 1 }]);
});

test('a published event stands in the stream, and is read page by page', async () => {
  await boilers.streams.append('temperatures', { celsius: 1 });
  await boilers.streams.append('temperatures', { celsius: 2 });
  const page = await boilers.streams.read('temperatures', null, 1);
  expect(page.events.map(({ data }) => data)).toEqual([{ celsius: 1 }]);
  const next = await boilers.streams.read('temperatures', page.cursor, 1);
  expect(next.events.map(({ data }) => data)).toEqual([{ celsius: 2 }]);
});

test('a task sleeps an hour of the test, and ends', async () => {
  const { taskId, status } = await boilers.begin('report');
  expect(status).toBe('working');
  await boilers.scheduled();
  await boilers.streams.append('temperatures', { celsius: 3 });
  await boilers.advance(1_800_000);
  await boilers.scheduled();
  expect((await boilers.task(taskId)).status).toBe('working');
  await boilers.advance(1_800_000);
  const { tasks } = await boilers.scheduled();
  expect(tasks).toMatchObject({ ended: 1 });
  const ended = await boilers.task(taskId);
  expect(ended.status).toBe('completed');
  expect(JSON.stringify(ended)).toContain('1 readings');
});

test('a feed that the app does not declare, and a network that a test has not, are refused by name', async () => {
  expect(() => createTestApp(app, { feeds: { factory: fakeFeed() } })).toThrow(
    expect.objectContaining({ field: 'feeds.factory', expected: 'one of the feeds plant' }),
  );
  await expect(boilers.call('coldest')).rejects.toMatchObject({ code: -32_602 });
});
