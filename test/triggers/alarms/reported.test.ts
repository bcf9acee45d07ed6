/** What others reported of alarms and of streams of events in other software, tried here. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { createTestApp } from '../../../src/testing.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { occurrencesOf } from '../../examples/occurrences.ts';

const MINUTE = 60_000;
const rooms = stream({
  description: 'Rooms',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
});

function stageOf({
  above = 30,
  clears = true,
  description = 'Hot',
  store = createMemoryStore(),
  at = Date.UTC(2026, 0, 1),
} = {}) {
  const app = defineApp({
    name: 'rooms',
    version: '1',
    description: 'Rooms',
    streams: { rooms },
    triggers: {
      hot: trigger({
        description,
        on: rooms,
        when: { kind: 'threshold', field: 'celsius', above },
        alarm: { clears },
      }),
    },
  });
  const stage = createTestApp(app, { store, at });
  return {
    store,
    stage,
    measure: async (celsius: number) => {
      await stage.advance(MINUTE);
      await stage.streams.append('rooms', { room: 'a', celsius });
      await stage.scheduled();
    },
    act: (action: string, more: object = {}) =>
      stage.call('acknowledge_alarm', { trigger: 'hot', key: 'a', action, ...more }),
    states: async (states?: string[]) => {
      const { structured } = await stage.call('list_alarms', states ? { states } : {});
      return (structured as { alarms: { state: string }[] }).alarms.map(({ state }) => state);
    },
  };
}

describe('alarms', () => {
  test('ControlSystemStudio/phoebus#3078: an acknowledgement stands after a restart', async () => {
    const before = stageOf();
    await before.measure(35);
    await before.act('acknowledge');
    const after = stageOf({ store: before.store, at: before.stage.now() });
    await after.stage.scheduled();
    expect(await after.states()).toEqual(['acknowledged']);
  });

  test('SignalK/signalk-server#2665: what is raised again is not acknowledged', async () => {
    const { measure, act, states } = stageOf();
    await measure(35);
    await act('acknowledge');
    await measure(20);
    await measure(35);
    expect(await states()).toEqual(['raised']);
  });

  test('grafana/grafana#80996, prometheus/alertmanager#226: what ceased and came again while it was shelved is told, and stands', async () => {
    const { stage, measure, act, states } = stageOf();
    await measure(35);
    await act('shelve', { minutes: 10 });
    await measure(20);
    await measure(36);
    await stage.advance(10 * MINUTE);
    expect(await states()).toEqual(['raised']);
    const { contents } = (await stage.request('resources/read', { uri: 'alarm://hot/a' })) as {
      contents: { text: string }[];
    };
    const { history } = JSON.parse(contents[0]?.text ?? '{}') as { history: { action: string }[] };
    expect(history.map(({ action }) => action)).toEqual(['raise', 'cease', 'shelve', 'raise']);
  });

  test('prometheus/alertmanager#578: a shelf that is over shows at once', async () => {
    const { stage, measure, act, states } = stageOf();
    await measure(35);
    await act('shelve', { minutes: 10 });
    await stage.advance(10 * MINUTE - 1);
    expect(await states(['raised', 'shelved'])).toEqual(['shelved']);
    await stage.advance(1);
    expect(await states(['raised', 'shelved'])).toEqual(['raised']);
  });

  test('thingsboard/thingsboard#2579: what ceased is not shown as one that stands, and leaves when it is acknowledged', async () => {
    const { measure, act, states } = stageOf();
    await measure(35);
    await measure(20);
    expect(await states(['raised', 'acknowledged'])).toEqual([]);
    expect(await states()).toEqual(['returned']);
    await act('acknowledge');
    expect(await states()).toEqual([]);
  });

  test('ControlSystemStudio/phoebus#2520: another text keeps what is latched; after another condition a person can clear it', async () => {
    const before = stageOf({ clears: false });
    await before.measure(35);
    await before.measure(20);
    const other = { store: before.store, clears: false, at: before.stage.now() };
    const renamed = stageOf({ ...other, description: 'Too hot' });
    await renamed.stage.scheduled();
    expect(await renamed.states()).toEqual(['raised']);
    await renamed.measure(35);
    const changed = stageOf({ ...other, at: renamed.stage.now(), above: 50 });
    await changed.measure(20);
    // The condition before is told to be over, so nothing holds any more.
    expect(await changed.states()).toEqual(['raised']);
    expect((await changed.act('clear')).text).toMatch(/^cleared/);
    expect(await changed.states()).toEqual([]);
    await changed.measure(55);
    expect(await changed.states()).toEqual(['raised']);
  });
});

test('r3labs/sse#61, athrvk/vayu#21: who says where to go on gets what came since, who says nothing gets nothing old', async () => {
  const { stage, measure } = stageOf();
  await measure(35);
  await measure(20);
  await measure(36);
  const all = await occurrencesOf(stage, 'hot');
  expect(all.map(({ data }) => data['value'])).toEqual([35, 36]);
  const leaving = new AbortController();
  const fresh = await stage.fetch(new Request('http://127.0.0.1/triggers/hot/events', { signal: leaving.signal }));
  const reader = fresh.body!.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  expect(first.value).toMatch(/^id: p\S+\nretry: \d+\n\n$/);
  leaving.abort();
  await stage.close();
});
