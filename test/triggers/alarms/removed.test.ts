/** What is removed from a stream leaves the alarms of its triggers: their records, their log, and what they show. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type App, defineApp, stream, trigger } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { createTestApp } from '../../../src/testing.ts';
import { ALARMS_LOG } from '../../../src/triggers/alarms/records.ts';

const schema = z.object({ room: z.string(), celsius: z.number() });
const when = { kind: 'threshold', field: 'celsius', above: 30 } as const;
const declared = (): App =>
  defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: {
      temps: stream({ description: 'Inside', schema, key: 'room' }),
      outside: stream({ description: 'Outside', schema, key: 'room' }),
    },
    triggers: {
      hot: trigger({ description: 'Hot', on: 'temps', when, alarm: {} }),
      summer: trigger({ description: 'Hot outside', on: 'outside', when, alarm: {} }),
    },
  });

async function stage() {
  const store = createMemoryStore();
  const app = createTestApp(declared(), { store });
  const work = async () => {
    for (let minutes = 0; minutes < 4; minutes += 1) {
      await app.scheduled();
      await app.advance(60_000);
    }
  };
  const { id } = await app.streams.append('temps', { room: 'attic', celsius: 31 });
  await app.streams.append('temps', { room: 'cellar', celsius: 31 });
  await app.streams.append('outside', { room: 'attic', celsius: 33 });
  await work();
  await app.call('acknowledge_alarm', { trigger: 'hot', key: 'attic', note: 'the attic of Ada' });
  await work();
  const alarms = async () => {
    const { structured } = await app.call('list_alarms', { states: ['raised', 'acknowledged', 'returned', 'cleared'] });
    const { alarms: found } = structured as {
      alarms: { trigger: string; key: string; state: string; title: string; value: number | null }[];
    };
    return found
      .map(({ trigger: of, key, state, title, value }) => [of, key, state, title, value])
      .toSorted((one, other) => (String(one) < String(other) ? -1 : 1));
  };
  const logged = async () => {
    const { entries } = await store.read(streamLog('public', ALARMS_LOG), null, 1_000);
    return entries.map(({ value }) => JSON.stringify(value));
  };
  return { app, work, alarms, logged, id };
}

const CELLAR = ['hot', 'cellar', 'raised', 'hot: cellar, 31', 31];
const SUMMER = ['summer', 'attic', 'raised', 'summer: attic, 33', 33];

test('a key: its alarm goes with all that was said of it, and that of the same key of another stream stays', async () => {
  const { app, work, alarms, logged } = await stage();
  expect(await alarms()).toEqual([['hot', 'attic', 'acknowledged', 'hot: attic, 31', 31], CELLAR, SUMMER]);
  await app.streams.remove('temps', { key: 'attic' });
  await work();
  expect(await alarms()).toEqual([CELLAR, SUMMER]);
  const left = await logged();
  expect(left.filter((one) => one.includes('Ada') || one.includes('hot: attic'))).toEqual([]);
  expect(left.filter((one) => one.includes('summer: attic'))).toHaveLength(1);
  expect(left.filter((one) => one.includes('hot: cellar'))).toHaveLength(1);
  // It begins anew.
  await app.streams.append('temps', { room: 'attic', celsius: 40 });
  await work();
  expect(await alarms()).toEqual([['hot', 'attic', 'raised', 'hot: attic, 40', 40], CELLAR, SUMMER]);
});

test('an event: its alarm stays in its state, and says nothing of it any more', async () => {
  const { app, work, alarms, logged, id } = await stage();
  await app.streams.remove('temps', { id });
  await work();
  expect(await alarms()).toEqual([['hot', 'attic', 'acknowledged', 'hot', null], CELLAR, SUMMER]);
  expect((await logged()).filter((one) => one.includes('hot: attic'))).toEqual([]);
});

test('a range of time: of its keys alone', async () => {
  const { app, work, alarms, logged } = await stage();
  await app.streams.remove('temps', { key: 'attic', to: app.now() });
  await work();
  expect(await alarms()).toEqual([['hot', 'attic', 'acknowledged', 'hot', null], CELLAR, SUMMER]);
  expect((await logged()).filter((one) => one.includes('hot: attic'))).toEqual([]);
});
