/** A trigger from an event to its occurrence, on an app in memory. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type AppOptions, defineApp, stream, trigger } from '../../src/index.ts';
import { createTestApp, type TestAppOptions } from '../../src/testing.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import type { OccurrenceData } from '../../src/declare/trigger.ts';

const temps = stream({
  description: 'Temperatures',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
});

function house(triggers: AppOptions['triggers'] = {}, options: TestAppOptions = {}) {
  const store = createMemoryStore();
  const declared = defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: { temps },
    ...(triggers ? { triggers } : {}),
  });
  const app = createTestApp(declared, { store, ...options });
  const told = async (name: string, tenant = 'public') => {
    const { entries } = await store.read(streamLog(tenant, `trigger.${name}`), null, 1_000);
    return entries.map((entry) => {
      const { data, ...event } = loggedEvent.read(entry);
      return { ...event, ...(data as unknown as OccurrenceData) };
    });
  };
  return { app, store, told };
}

const hot = trigger({
  title: 'Hot room',
  description: 'A room is hot',
  on: temps,
  when: { kind: 'threshold', field: 'celsius', above: 30 },
});

test('an occurrence is stored once, with the event that made it', async () => {
  const { app, told } = house({ hot });
  await app.streams.append('temps', { room: 'attic', celsius: 31 });
  await app.streams.append('temps', { room: 'attic', celsius: 32 });
  await app.streams.append('temps', { room: 'cellar', celsius: 12 });
  await app.scheduled();
  await app.scheduled();
  const [first, ...more] = await told('hot');
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    key: 'attic',
    became: 'holding',
    title: 'Hot room: attic, 31',
    value: 31,
    payload: { key: 'attic', value: 31, event: { room: 'attic', celsius: 31 } },
    events: [{ stream: 'temps', key: 'attic', data: { celsius: 31 } }],
  });
  expect(first?.id).toMatch(/^occ_[\w-]{22}$/);
});

test('it tells when the condition ceases where it has an alarm', async () => {
  const { app, told } = house({ hot: trigger({ ...hot, alarm: { severity: 'major' } }) });
  for (const celsius of [31, 29, 33]) await app.streams.append('temps', { room: 'attic', celsius });
  await app.scheduled();
  expect((await told('hot')).map(({ became, severity, value }) => [became, severity, value])).toEqual([
    ['holding', 'major', 31],
    ['ceased', 'major', 29],
    ['holding', 'major', 33],
  ]);
});

test('what came more than a minute before a trigger began is not judged', async () => {
  const { app, told } = house({ hot });
  await app.streams.append('temps', { room: 'attic', celsius: 31 });
  await app.advance(90_000);
  await app.streams.append('temps', { room: 'attic', celsius: 32 });
  await app.scheduled();
  expect((await told('hot')).map(({ value }) => value)).toEqual([32]);
});

function breaks(): never {
  throw new Error('broken');
}

test('functions of the app that break lose no occurrence', async () => {
  const lines: string[] = [];
  const broken = trigger({ ...hot, payload: { schema: z.object({}), of: breaks }, says: breaks, dedupe: breaks });
  const { app, told } = house({ broken, hot }, { log: (level, message) => void lines.push(`${level} ${message}`) });
  await app.streams.append('temps', { room: 'attic', celsius: 31 });
  await app.scheduled();
  const [first] = await told('broken');
  expect(first).toMatchObject({ title: 'Hot room: attic, 31', payload: { key: 'attic', value: 31 } });
  expect(first?.meta).toEqual({ broken: ['payload', 'says', 'dedupe'] });
  expect(await told('hot')).toHaveLength(1);
  expect(lines.filter((line) => line === 'error a function of a trigger broke')).toHaveLength(3);
});

test('within the cooldown nothing is told, and equal texts are one', async () => {
  const cool = trigger({ ...hot, cooldownMs: 60_000 });
  const once = trigger({ ...hot, dedupe: ({ key }) => key });
  const { app, told } = house({ cool, once });
  for (const celsius of [31, 29, 33, 29]) await app.streams.append('temps', { room: 'attic', celsius });
  await app.scheduled();
  await app.advance(61_000);
  await app.streams.append('temps', { room: 'attic', celsius: 34 });
  await app.scheduled();
  expect((await told('cool')).map(({ value }) => value)).toEqual([31, 34]);
  expect((await told('once')).map(({ value }) => value)).toEqual([31]);
});

test('silence is found without an event', async () => {
  const silent = trigger({ ...hot, when: { kind: 'absence', perKey: true, forMs: 300_000 } });
  const { app, told } = house({ silent });
  const from = app.now();
  await app.streams.append('temps', { room: 'attic', celsius: 20 });
  await app.scheduled();
  await app.advance(200_000);
  await app.streams.append('temps', { room: 'cellar', celsius: 20 });
  await app.scheduled();
  expect(await told('silent')).toEqual([]);
  await app.advance(106_000);
  await app.scheduled();
  expect(await told('silent')).toMatchObject([{ key: 'attic', time: from + 300_000, value: null, events: [] }]);
});

test('silence is found of keys that fell silent before the trigger was new', async () => {
  const before = house();
  for (const room of ['attic', 'cellar']) await before.app.streams.append('temps', { room, celsius: 20 });
  await before.app.scheduled();
  await before.app.advance(3_600_000);
  const silent = trigger({ ...hot, when: { kind: 'absence', perKey: true, forMs: 300_000 } });
  const { app } = house({ silent }, { store: before.store, at: before.app.now() });
  const told = () => before.told('silent');
  await app.scheduled();
  expect(await told()).toEqual([]);
  await app.advance(310_000);
  await app.scheduled();
  expect((await told()).map(({ key }) => key)).toEqual(['attic', 'cellar']);
});
