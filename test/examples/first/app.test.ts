/** The app of the README at the top: what a sensor pushes and what USGS answers is there to be asked for. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { ingest } from '../../../src/schedule.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { clientOf } from '../client.ts';
import { serveApp } from '../../mcp/served.ts';
import app from './app.ts';

const PUSH_TOKEN = 'a-token-of-the-first-app';
const TIME = Date.UTC(2026, 10, 20);
const feature = (id: string, mag: number | null, updated = TIME) => ({
  id,
  properties: { net: 'us', mag, place: 'at sea', time: TIME, updated, url: 'https://example.org' },
});

test('answers which room is warmest', async () => {
  const store = createMemoryStore();
  const served = await serveApp(app, { store, http: { pushTokens: new Map([['rooms', PUSH_TOKEN]]) } });
  const client = await clientOf(app, { store });
  expect((await client.call('warmest')).text).toBe('No room has reported yet.');
  const body = JSON.stringify([
    { room: 'kitchen', celsius: 23.5 },
    { room: 'cellar', celsius: 12 },
  ]);
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${PUSH_TOKEN}` };
  const pushed = await fetch(`${served.url}/ingest/rooms`, { method: 'POST', headers, body });
  expect(await pushed.json()).toMatchObject({ appended: 2 });
  expect((await client.call('warmest')).text).toBe('kitchen, 23.5 °C');
  await client.close();
  await served.close();
});

test('takes what USGS answers, by its ids', async () => {
  const store = createMemoryStore();
  const asked: string[] = [];
  const features = [feature('us1', 4.5), feature('us2', null)];
  const fetch = (input: unknown) => {
    asked.push(String(input));
    return Promise.resolve(Response.json({ type: 'FeatureCollection', features }));
  };
  const runtime = { ...systemRuntime(() => {}), fetch };
  const report = await ingest({ app, store, runtime }, runtime.now() + 10_000);
  expect(report.feeds).toMatchObject([{ feed: 'quakes', outcome: 'pulled' }]);
  expect(asked).toEqual(['https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson']);
  const client = await clientOf(app, { store, builtIns: true });
  const { structured } = await client.call('read_history', { stream: 'quakes' });
  expect(structured).toMatchObject({ events: [{ data: { id: 'us2', mag: null } }, { data: { id: 'us1', mag: 4.5 } }] });
  await client.close();
});

test('takes what USGS corrects under an id that is known', async () => {
  const store = createMemoryStore();
  let answer = [feature('us1', 4.1)];
  let time = Date.UTC(2026, 10, 20, 1);
  const fetch = () => Promise.resolve(Response.json({ features: answer }));
  const runtime = { ...systemRuntime(() => {}), fetch, now: () => time };
  await ingest({ app, store, runtime }, time + 10_000);
  answer = [feature('us1', 6.3, TIME + 60_000)];
  time += 120_000;
  await ingest({ app, store, runtime }, time + 10_000);
  const client = await clientOf(app, { store, builtIns: true, now: () => time });
  const { structured } = await client.call('read_history', { stream: 'quakes', limit: 1 });
  expect(structured).toMatchObject({ events: [{ data: { id: 'us1', mag: 6.3 } }] });
  await client.close();
});
