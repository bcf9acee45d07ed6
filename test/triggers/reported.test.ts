/** What was reported of alerts and automations in other software, tried here: each names its report. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';
import type { OccurrenceData } from '../../src/declare/trigger.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';

const schema = z.object({ key: z.string(), what: z.string(), n: z.number(), at: z.string() });
const readings = stream({ description: 'Readings', schema, key: 'key', time: 'at' });
const high = { kind: 'threshold', field: 'n', above: 10 } as const;
const is = (what: string) => ({ kind: 'match', where: { what } }) as const;

type Declared = Omit<Parameters<typeof trigger>[0], 'description' | 'on'>;

function stage() {
  const store = createMemoryStore();
  /** Another process, or the same after a restart. */
  const start = (declared: Declared, at?: number) => {
    const it = trigger({ description: 'Something', on: readings, ...declared });
    const options = { name: 'plant', version: '1', description: 'A plant', streams: { readings }, triggers: { it } };
    const app = createTestApp(defineApp(options), { store, ...(at === undefined ? {} : { at }) });
    const event = (n: number, what = 'reading', time = app.now()) =>
      app.streams.append('readings', { key: 'a', what, n, at: new Date(time).toISOString() });
    return { app, event };
  };
  const told = async () => {
    const { entries } = await store.read(streamLog('public', 'trigger.it'), null, 100);
    return entries.map((entry) => loggedEvent.read(entry).data as unknown as OccurrenceData);
  };
  return { start, told, became: async () => (await told()).map(({ became, value }) => `${became} ${value}`) };
}

test('home-assistant/core#42855, #19855: after a restart what held before does not fire again', async () => {
  const { start, became } = stage();
  const { app, event } = start({ when: high });
  await event(15);
  await app.scheduled();
  const again = start({ when: high });
  await again.event(14);
  await again.app.scheduled();
  expect(await became()).toEqual(['holding 15']);
});

test('home-assistant/core#56642: a time that was waited for goes on over a restart', async () => {
  const { start, became } = stage();
  const when = { kind: 'missing', first: is('open'), next: is('closed'), withinMs: 1_800_000 } as const;
  const { app, event } = start({ when });
  await event(1, 'open');
  await app.scheduled();
  const again = start({ when }, app.now() + 1_900_000);
  await again.app.scheduled();
  expect(await became()).toEqual(['holding null']);
});

test('grafana/grafana#53990, #71203: two replicas on one store tell once', async () => {
  const { start, became } = stage();
  const [one, two] = [start({ when: high }), start({ when: high })];
  await one.event(15);
  await Promise.all([one.app.scheduled(), two.app.scheduled()]);
  expect(await became()).toEqual(['holding 15']);
});

test('prometheus/alertmanager#3371: a rule that is changed while it fires is over, and the new one decides', async () => {
  const { start, became } = stage();
  const { app, event } = start({ when: high, alarm: {} });
  await event(15);
  await app.scheduled();
  const changed = start({ when: { ...high, above: 20 }, alarm: {} });
  await changed.event(16);
  await changed.app.scheduled();
  expect(await became()).toEqual(['holding 15', 'ceased null']);
});

test('prometheus/prometheus#1372, #5434: it fires again once it was over, and not when its value changes', async () => {
  const { start, became } = stage();
  const { app, event } = start({ when: high, alarm: {} });
  for (const n of [11, 12, 40, 3, 11]) await event(n);
  await app.scheduled();
  expect(await became()).toEqual(['holding 11', 'ceased 3', 'holding 11']);
});

test('apache/flink#2771, #21920: what is missing is found without a further event, and once for each beginning', async () => {
  const { start, told } = stage();
  const { app, event } = start({ when: { kind: 'missing', first: is('order'), next: is('paid'), withinMs: 60_000 } });
  for (let times = 0; times < 2; times += 1) {
    await event(1, 'order');
    await app.scheduled();
    await app.advance(90_000);
    await app.scheduled();
  }
  expect(await told()).toHaveLength(2);
});

test('apache/flink#3644: late events are not dropped in silence', async () => {
  const { start } = stage();
  const { app, event } = start({ when: high, lateMs: 1_000 });
  const begun = app.now();
  await event(1, 'reading', begun);
  await app.scheduled();
  await app.advance(60_000);
  await app.scheduled();
  await event(15, 'reading', begun - 30_000);
  await app.advance(60_000);
  await app.scheduled();
  const { structured } = await app.call('list_triggers', {});
  expect(structured).toMatchObject({ triggers: [{ occurrences: 0, late: 1 }] });
});

test('apache/flink#4084: the events of a match stand in the order of their times', async () => {
  const { start, told } = stage();
  const { app, event } = start({
    when: { kind: 'sequence', first: is('order'), next: is('paid'), withinMs: 60_000 },
    lateMs: 30_000,
  });
  const begun = app.now();
  await event(2, 'paid', begun - 1_000);
  await event(1, 'order', begun - 5_000);
  await app.scheduled();
  await app.advance(60_000);
  await app.scheduled();
  const [first] = await told();
  expect(first?.events.map(({ data }) => (data as { n: number }).n)).toEqual([1, 2]);
});

test('netdata/netdata-cloud#252: an alarm of a window is over when its source is gone', async () => {
  const { start, became } = stage();
  const when = { kind: 'aggregate', of: 'max', field: 'n', overMs: 600_000, above: 10 } as const;
  const { app, event } = start({ when, alarm: {} });
  await event(15);
  await app.scheduled();
  await app.advance(1_200_000);
  await app.scheduled();
  expect(await became()).toEqual(['holding 15', 'ceased null']);
});
