import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { stream } from '../../src/declare/stream.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { findStream } from '../../src/streams/find-stream.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { identified, reading, stageOf, START, TENANT } from '../feeds/run/stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

const notes = stream({ description: 'notes', schema: z.object({ text: z.string().max(20) }) });

function setUp(principal = PUBLIC) {
  const stage = stageOf({ streams: { readings: identified(), notes } });
  return { stage, streams: createAppStreams(stage.deps, principal, START + 60_000) };
}

const values = (page: { events: { data: unknown }[] }) =>
  page.events.map(({ data }) => (data as { value: number }).value);
const texts = (page: { events: { data: unknown }[] }) => page.events.map(({ data }) => (data as { text: string }).text);

describe('the streams of an app', () => {
  test('take what a tool publishes, and show it at once as the latest', async () => {
    const { streams } = setUp();
    const event = await streams.append('notes', { text: 'hello', more: 1 });
    expect(event).toMatchObject({ stream: 'notes', time: START, data: { text: 'hello' } });
    expect(await streams.latest(notes)).toEqual(event);
    expect(await streams.latest('notes')).toEqual(event);
    expect(streams.names()).toEqual(['readings', 'notes']);
  });

  test('refuse what the schema refuses, and change nothing', async () => {
    const { streams } = setUp();
    const wrong = expect.objectContaining({ code: 'invalid_input', field: 'data.text' });
    await expect(streams.append(notes, { text: 'x'.repeat(21) })).rejects.toEqual(wrong);
    expect(await streams.last(notes, 10)).toEqual({ events: [], cursor: null, truncated: false });
  });

  test('that do not exist are not found, by name or by declaration; the error names those that do', async () => {
    const { streams } = setUp();
    const missing = expect.objectContaining({ code: 'not_found', expected: 'one of the streams readings, notes' });
    await expect(streams.latest('quakes')).rejects.toEqual(missing);
    await expect(streams.read(identified(), null)).rejects.toMatchObject({
      code: 'not_found',
      expected: expect.stringMatching(/streams of defineApp, or one of their names: readings, notes$/),
    });
    await expect(streams.append('', {})).rejects.toEqual(missing);
  });

  test('are read forwards and backwards by cursors that are of one stream only', async () => {
    const { stage, streams } = setUp();
    for (let n = 0; n < 5; n += 1) await streams.append(notes, { text: `${n}` });
    const first = await streams.read(notes, null, 2);
    expect(texts(first)).toEqual(['0', '1']);
    expect(texts(await streams.read(notes, first.cursor))).toEqual(['2', '3', '4']);
    expect(texts(await streams.last(notes, 1, first.cursor ?? ''))).toEqual(['1']);
    const bad = expect.objectContaining({ code: 'bad_cursor' });
    await expect(streams.read('readings', first.cursor)).rejects.toEqual(bad);
    await expect(streams.last('notes', 1, 'nonsense')).rejects.toEqual(bad);
    await stage.store.trim('public/stream/notes', { now: START, keep: 1, limit: 10 });
    expect(await streams.read(notes, first.cursor)).toMatchObject({
      truncated: true,
      events: [{ data: { text: '4' } }],
    });
  });

  test('tell of their past by range and key, in pages', async () => {
    const { stage, streams } = setUp();
    for (const [n, sensor] of ['a', 'b', 'a', 'a'].entries()) {
      await publish(
        scopeOfLogs(stage.deps, { tenant: TENANT }),
        findStream(stage.deps.app, 'readings'),
        { data: reading(n, sensor) },
        START + 60_000,
      );
    }
    const range = { from: START, to: START + 3, keys: ['a'] };
    const first = await streams.history('readings', { ...range, limit: 1 });
    expect(values(first)).toEqual([0]);
    const rest = await streams.history('readings', { ...range, limit: 5, cursor: first.cursor ?? '' });
    expect(values(rest)).toEqual([2]);
    expect(rest).toMatchObject({ cursor: null, truncated: false });
    expect(values(await streams.history('readings'))).toEqual([3, 2, 1, 0]);
    await expect(streams.history('quakes')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('have limits that are named', async () => {
    const { streams } = setUp();
    for (const limit of [0, 1_001, 1.5, Number.NaN]) {
      const wrong = expect.objectContaining({ code: 'invalid_input', field: 'limit' });
      await expect(streams.read(notes, null, limit)).rejects.toEqual(wrong);
      await expect(streams.latestByKey(notes, { limit })).rejects.toEqual(wrong);
      await expect(streams.last(notes, limit)).rejects.toMatchObject({ code: 'invalid_input', field: 'n' });
    }
  });

  test('of one tenant are not those of another where each has its own, and else are', async () => {
    const each = stream({ description: 'notes', schema: z.object({ text: z.string() }), tenants: 'each' });
    const stage = stageOf({ streams: { notes, each } });
    const [streams, others] = ['acme', 'other'].map((tenant) =>
      createAppStreams(stage.deps, { ...PUBLIC, tenant }, START + 60_000),
    );
    for (const name of [notes, each]) await streams?.append(name, { text: 'mine' });
    expect(await others?.latest(notes)).toMatchObject({ data: { text: 'mine' } });
    expect(await others?.latest(each)).toBeNull();
    expect(await others?.last(each, 10)).toMatchObject({ events: [] });
  });

  test('answer the latest of a key, of each key, and the last arrival of all keys, with one store call', async () => {
    const { stage } = setUp();
    const { deps, calls } = stage.worker();
    const streams = createAppStreams(deps, PUBLIC, START + 60_000);
    for (const n of [1, 2]) await streams.append('readings', reading(n, `s${n}`));
    const before = { ...calls };
    expect(await streams.latest('readings', 's1')).toMatchObject({ id: 'r1' });
    expect(await streams.latestByKey('readings')).toMatchObject({ events: [{ id: 'r1' }, { id: 'r2' }], next: null });
    expect(await streams.latest('readings')).toMatchObject({ id: 'r2' });
    expect({ ...calls }).toEqual({
      ...before,
      getMany: (before['getMany'] ?? 0) + 1,
      list: 1,
      last: (before['last'] ?? 0) + 1,
    });
  });
});

async function filled() {
  const { stage, streams } = setUp();
  for (const n of [1, 2, 3, 4]) await streams.append('readings', { ...reading(n, n % 2 === 0 ? 'b' : 'a'), value: n });
  return { stage, streams };
}

const wrong = (field: string) => expect.objectContaining({ code: 'invalid_input', field });

describe('windows', () => {
  test('are made of what a range holds, by the names that were asked for', async () => {
    const { streams } = await filled();
    const asked = { window: 'all', from: 0, field: 'value', aggregates: ['p50', 'sum', 'gaps>60s'] } as const;
    const { rows, ...rest } = await streams.windows('readings', asked);
    expect(rows.map(({ key, count, values }) => ({ key, count, p50: values.p50, sum: values.sum }))).toEqual([
      { key: 'a', count: 2, p50: 2, sum: 4 },
      { key: 'b', count: 2, p50: 3, sum: 6 },
    ]);
    expect(rows[0]).toMatchObject({ start: 0, end: null, stream: 'readings', field: 'value', group: null });
    expect(Object.keys(rows[0]?.values ?? {})).toEqual(['p50', 'sum', 'gaps>60s']);
    expect(rest).toEqual({
      complete: true,
      cursor: null,
      ofPart: [],
      truncated: false,
      anew: false,
      skipped: { gaps: 0, missing: 0 },
      overflowed: [],
    });
  });

  test('take in other streams by their declarations, filters, and what ranks first', async () => {
    const { streams } = await filled();
    await streams.append(notes, { text: 'x' });
    const both = await streams.windows('readings', { window: '1d', by: [], also: [{ stream: notes }] });
    expect(both.rows.map(({ stream: name, count }) => [name, count])).toEqual([
      ['readings', 4],
      ['notes', 1],
    ]);
    const top = { n: 1, by: 'max' } as const;
    const first = await streams.windows('readings', {
      window: '1d',
      field: 'value',
      where: { value: { below: 4 } },
      top,
    });
    expect(first.rows).toMatchObject([{ key: 'a', values: { min: 1, max: 3, mean: 2 } }]);
  });

  test('come in parts where so many events are to be read at most, by cursors', async () => {
    const { streams } = await filled();
    const asked = { window: 'all', from: 0, by: [], maxEvents: 3 };
    const part = await streams.windows('readings', asked);
    expect(part).toMatchObject({ complete: false, rows: [{ count: 3 }] });
    const last = await streams.windows('readings', { ...asked, cursor: part.cursor ?? '' });
    expect(last).toMatchObject({ complete: true, cursor: null, rows: [{ count: 1 }] });
  });

  test('are refused as the tool refuses them, with the field that is wrong', async () => {
    const { streams } = await filled();
    await expect(streams.windows('readings', { window: 'soon' })).rejects.toEqual(wrong('window'));
    await expect(streams.windows('readings', { window: 'all' })).rejects.toEqual(wrong('from'));
    await expect(streams.windows('readings', { window: '1d', field: 'nope' })).rejects.toEqual(wrong('field'));
    const unknown = expect.objectContaining({ code: 'not_found' });
    await expect(streams.windows('readings', { window: '1d', also: [{ stream: 'nope' }] })).rejects.toEqual(unknown);
  });
});

describe('publishing events that have ids', () => {
  test('answers the event that stands there for an id that comes again', async () => {
    const { stage, streams } = setUp();
    const first = await streams.append('readings', reading(1));
    expect(await streams.append('readings', { ...reading(1), value: 99 })).toEqual(first);
    expect(await stage.events()).toHaveLength(1);
  });

  test('appends once when many bring the same id at the same time', async () => {
    const { stage } = setUp();
    const readings = stage.app.streams.get('readings');
    if (!readings) throw new Error('not declared');
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        publish(
          scopeOfLogs(stage.deps, { tenant: TENANT }),
          readings,
          { data: { ...reading(1), value: n } },
          START + 60_000,
        ),
      ),
    );
    expect(await stage.events()).toHaveLength(1);
    expect(all.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(all.map(({ event }) => JSON.stringify(event))).size).toBe(1);
  });

  test('answers although the latest events could not be brought up to date, and says so in the log', async () => {
    const { stage } = setUp();
    const { deps } = stage.worker((operations, _, next) =>
      operations.some((o) => o.kind === 'append') ? next() : Promise.reject(new Error('gone')),
    );
    const streams = createAppStreams(deps, PUBLIC, START + 60_000);
    expect(await streams.append('readings', reading(1))).toMatchObject({ id: 'r1' });
    expect(stage.logged).toMatchObject([{ level: 'warn' }]);
    expect(await stage.events()).toHaveLength(1);
  });
});
