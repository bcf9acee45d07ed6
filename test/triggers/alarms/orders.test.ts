/** Alarms by every order in which a log may tell what holds and what ceased: `cooldownMs` and `dedupe` leave some of it out. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type App, defineApp, stream, trigger } from '../../../src/index.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { createTestApp } from '../../../src/testing.ts';
import { followAlarms } from '../../../src/triggers/alarms/follow.ts';
import { type AlarmChange, ALARMS_LOG, alarmKey, alarmRecord } from '../../../src/triggers/alarms/records.ts';
import { alarmStateOf } from '../../../src/triggers/alarms/state.ts';
import { createListeningHost } from '../../mcp/listen/listening-host.ts';

const schema = z.object({ room: z.string(), celsius: z.number() });
const declared = (more: Partial<Parameters<typeof trigger>[0]>): App =>
  defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: { temps: stream({ description: 'Temperatures', schema, key: 'room' }) },
    triggers: {
      hot: trigger({
        description: 'Hot',
        on: 'temps',
        when: { kind: 'threshold', field: 'celsius', above: 30 },
        alarm: {},
        ...more,
      }),
    },
  });

/** Every text of `h` (it holds) and `c` (it ceased) of up to six letters. */
const ORDERS = ['h', 'c'];
for (let at = 0; ORDERS[at]!.length < 6; at += 1) ORDERS.push(`${ORDERS[at]}h`, `${ORDERS[at]}c`);

test.each([true, false])('every order of six, of alarms that clear by themselves: %s', async (clears) => {
  const app = declared({ alarm: { clears } });
  const { store, runtime } = createListeningHost(app, { store: createMemoryStore() });
  expect(ORDERS).toHaveLength(126);
  const occurrences = ORDERS.flatMap((order) =>
    order.split('').map((letter, index) => ({
      id: `${order}.${index}`,
      key: order,
      time: runtime.now() + index,
      data: {
        became: letter === 'h' ? 'holding' : 'ceased',
        title: `${letter}${index}`,
        value: index,
        events: [],
        payload: {},
        severity: 'major',
      },
    })),
  );
  for (let from = 0; from < occurrences.length; from += 100) {
    const part = occurrences.slice(from, from + 100);
    const append = loggedEvent.append(streamLog('public', 'trigger.hot'), part);
    await commitSurely(runtime, store, [append], runtime.now() + 60_000);
  }
  const scope = scopeOfLogs({ app, runtime, store }, { tenant: 'public' });
  await followAlarms(scope, app.triggers.get('hot')!, runtime.now() + 60_000);
  const { entries } = await store.read(streamLog('public', ALARMS_LOG), null, 1_000);
  const history = new Map<string, string>();
  for (const entry of entries) {
    const { key = '', data } = loggedEvent.read(entry);
    const { action } = data as unknown as AlarmChange;
    history.set(key, `${history.get(key) ?? ''}${action === 'raise' ? 'h' : 'c'}`);
  }
  for (const order of ORDERS) {
    const alarm = alarmRecord.read(await store.get(alarmKey(scope.tenant, 'hot', order), runtime.now()));
    const raised = order.split('').filter((letter) => letter === 'h').length;
    // What ceases without holding changes nothing, and is no part of the history.
    const told = order.replace(/^c+/, '').replaceAll(/c+/g, 'c');
    expect([order, history.get(order) ?? '']).toEqual([order, told]);
    if (raised === 0) expect(alarm).toBeNull();
    else {
      const state = clears && order.endsWith('c') ? 'returned' : 'raised';
      expect([order, alarm && alarmStateOf(alarm, runtime.now()), alarm?.count, alarm?.holds]).toEqual([
        order,
        state,
        raised,
        order.endsWith('h'),
      ]);
    }
  }
});

async function stageOf(more: Partial<Parameters<typeof trigger>[0]>) {
  const store = createMemoryStore();
  const app = createTestApp(declared(more), { store });
  const measure = async (celsius: number) => {
    await app.streams.append('temps', { room: 'attic', celsius });
    await app.scheduled();
    await app.advance(1_000);
  };
  const became = async () => {
    const { entries } = await store.read(streamLog('public', 'trigger.hot'), null, 100);
    return entries.map(({ value }) => (value as { data: { became: string } }).data.became);
  };
  const alarm = async () => {
    const states = ['raised', 'acknowledged', 'returned', 'cleared'];
    const { structured } = await app.call('list_alarms', { states });
    const [found] = (structured as { alarms: { state: string; count: number; value: number }[] }).alarms;
    return found && [found.state, found.count, found.value];
  };
  return { app, measure, became, alarm };
}

test('with dedupe neither a beginning that is left out nor its end is told: the alarm returns once, and is not raised anew', async () => {
  const { measure, became, alarm } = await stageOf({ dedupe: () => 'the same' });
  await measure(35);
  expect(await alarm()).toEqual(['raised', 1, 35]);
  await measure(20);
  for (const celsius of [36, 21]) await measure(celsius);
  expect(await became()).toEqual(['holding', 'ceased']);
  expect(await alarm()).toEqual(['returned', 1, 20]);
});

test('with a cooldown what begins and ceases within it is told by neither, and what still holds is raised behind it', async () => {
  const { app, measure, became, alarm } = await stageOf({ cooldownMs: 60_000 });
  for (const celsius of [35, 20, 36, 21]) await measure(celsius);
  expect(await became()).toEqual(['holding', 'ceased']);
  expect(await alarm()).toEqual(['returned', 1, 20]);
  await measure(37);
  expect(await alarm()).toEqual(['returned', 1, 20]);
  await app.advance(120_000);
  await app.scheduled();
  await app.scheduled();
  expect(await became()).toEqual(['holding', 'ceased', 'holding']);
  // It is found by the clock, so it has no value of its own.
  expect(await alarm()).toEqual(['raised', 2, null]);
  await measure(19);
  expect(await alarm()).toEqual(['returned', 2, 19]);
});
