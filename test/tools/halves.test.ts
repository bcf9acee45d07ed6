/**
 * Each half of an answer by itself: some clients give a model the text alone, others the structured content alone. What a
 * page passes stands in both, and the calls that it prints lead through all of it.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { EventDraft } from '../streams/history/fixture.ts';
import { START } from '../streams/history/fixture.ts';
import { type Plant, plant } from './plant.ts';
import { byStructure, byText, type Reader, walk } from './walk.ts';

const PAGE = 25_000;
const KEYS = ['boiler-1', 'two words', 'a "quoted" key', 'k=v', 'zwölf', 'line\nbreak'];
let at: Plant;

beforeEach(() => {
  at = plant();
});

const isEvent = (line: string) => /^\d{4}-\d\d-\d\dT/.test(line);
const isLine = (line: string) => isEvent(line) || / [▁▂▃▄▅▆▇█·]+$/.test(line);
const textNumber = (row: string) => Number(/ temp=(\S+)/.exec(row)?.[1]);
const eventNumber = (row: string) => (JSON.parse(row) as { data: { temp: number } }).data.temp;
const HALVES: [string, Reader, (row: string) => number][] = [
  ['text', byText(isEvent), textNumber],
  ['structured content', byStructure('events'), eventNumber],
];

/** A thousand events, some of them long, some longer than a page. */
function oddSizes(): EventDraft[] {
  return Array.from({ length: 1_000 }, (_, index) => {
    const length = index % 331 === 7 ? 30_000 : index % 50 === 0 ? 3_000 : (index * 7) % 90;
    const state = `"\\\n${'x'.repeat(length)}`;
    return { key: KEYS[index % KEYS.length] ?? '', data: { temp: index + 0.123_456_789, pump: { state, rpm: null } } };
  });
}

/** Forty keys over two hours. */
function steady(): EventDraft[] {
  return Array.from({ length: 1_200 }, (_, index) => ({
    key: `k ${index % 40}`,
    time: START - 7_200_000 + index * 6_000,
    data: { temp: Math.sin(index) * 100, pump: { state: index % 3 === 0 ? 'on' : 'off', rpm: index } },
  }));
}

const numbers = Array.from({ length: 1_000 }, (_, index) => index + 0.123_456_789);

describe.each(HALVES)('by the %s alone', (half, read, numberOf) => {
  const by = (name: string) => (half === 'text' ? byText(isLine) : byStructure(name));

  test.each([{}, { order: 'oldest' }, { from: '-1h' }, { from: '-1h', to: '+1h', order: 'newest' }, { limit: 7 }])(
    'a history of a thousand events is read whole, none twice: %j',
    async (asked) => {
      await at.append('plant', ...oddSizes());
      const { rows } = await walk(
        at,
        { tool: 'read_history', arguments: { stream: 'plant', ...asked } },
        'Next page',
        read,
      );
      const isOldest = 'from' in asked ? !('order' in asked) : 'order' in asked;
      expect(rows.map(numberOf)).toEqual(isOldest ? numbers : numbers.toReversed());
    },
  );

  test('with keys and a filter, told by the key as it is', async () => {
    await at.append('plant', ...oddSizes());
    const asked = { stream: 'plant', keys: [KEYS[2], KEYS[5]], where: { temp: { above: 100, below: 900 } } };
    const { rows } = await walk(at, { tool: 'read_history', arguments: asked }, 'Next page', read);
    const wanted = numbers.filter((temp, index) => [2, 5].includes(index % 6) && temp > 100 && temp < 900);
    expect(rows.map(numberOf)).toEqual(wanted.toReversed());
    expect(rows.some((row) => row.includes(JSON.stringify(KEYS[2])))).toBe(true);
  });

  test.each([
    { window: '5m', field: 'temp', from: '-2h' },
    { window: '5m', field: 'temp', order: 'newest' },
    { window: '1h', field: 'temp', by: ['key', 'pump.state'], also: [{ field: 'pump.rpm' }, { stream: 'plant' }] },
    { window: '30m', field: 'temp', top: { n: 30, by: 'max' }, aggregates: ['p95', 'rate/hour', 'first', 'last'] },
    { window: 'all', from: '-1d', field: 'temp', by: ['key', 'pump.state'], aggregates: ['stddev'] },
    { window: '1h', zone: 'Asia/Kathmandu', field: 'temp', from: '-2h', empty: true, keys: ['k 1', 'k 2', 'never'] },
    { window: '5m', field: 'temp', from: '-2h', limit: 11 },
    { window: '15m', field: 'temp', format: 'sparkline', also: [{ field: 'pump.rpm' }], limit: 7 },
  ])('all windows are read, none twice: %j', async (asked) => {
    await at.append('plant', ...steady());
    const name = 'format' in asked ? 'sparklines' : 'windows';
    const rowsRead = by(name);
    const whole = rowsRead(await at.call('read_history', { stream: 'plant', ...asked, limit: 1_000 }));
    const { rows, sizes } = await walk(
      at,
      { tool: 'read_history', arguments: { stream: 'plant', ...asked } },
      'Next page',
      rowsRead,
    );
    expect(whole.calls.size).toBe(0);
    expect(rows).toEqual(whole.rows);
    expect(sizes.every(({ text, structured }) => text <= PAGE && structured <= PAGE)).toBe(true);
    if (asked.window === '5m' || 'limit' in asked) expect(sizes.length).toBeGreaterThan(2);
  });

  test('windows of parts are all read, and add up to the whole', async () => {
    await at.append('plant', ...steady());
    const asked = { stream: 'plant', window: '5m', field: 'temp', from: '-2h', aggregates: ['sum'], maxEvents: 350 };
    const { rows } = await walk(at, { tool: 'read_history', arguments: asked }, 'Next page', by('windows'));
    const counts = rows.map((row) => Number(/[ "]count"?[=:](\d+)/.exec(row)?.[1]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(steady().length);
  });

  test('windows that are there are all read, newest first, while others come and old ones go', async () => {
    await at.append('plant', ...steady());
    const asked = { stream: 'plant', window: '5m', field: 'temp', by: [], order: 'newest', limit: 5 };
    const [whole, first] = [
      by('windows')(await at.call('read_history', { ...asked, limit: 100 })),
      by('windows')(await at.call('read_history', asked)),
    ];
    at.clock.now += 1_800_000;
    await at.append(
      'plant',
      ...steady()
        .slice(0, 3)
        .map((event) => ({ ...event, time: at.clock.now })),
    );
    const next = first.calls.get('Next page');
    const { rows } = await walk(at, next ?? { tool: '', arguments: {} }, 'Next page', by('windows'));
    expect([...first.rows, ...rows]).toEqual(whole.rows);
  });

  test('the latest of each key is read whole', async () => {
    for (let index = 0; index < 300; index += 1) {
      const data = { temp: index, pump: { state: 'x'.repeat(index % 40 === 0 ? 9_000 : index), rpm: null } };
      await at.putLatest('plant', { key: `"k ${String(index).padStart(3, '0')}`, data });
    }
    const { rows } = await walk(at, { tool: 'read_latest', arguments: { stream: 'plant' } }, 'More keys', read);
    expect(rows.map(numberOf)).toEqual(Array.from({ length: 300 }, (_, index) => index));
  });

  test('a tail goes on from a page of history, and from itself', async () => {
    await at.append('plant', { key: 'a', data: { temp: -1, pump: { state: 'on', rpm: null } } });
    const page = read(await at.call('read_history', { stream: 'plant', keys: ['a', ...KEYS] }));
    const tail = page.calls.get('What comes after');
    await at.append('plant', ...oddSizes());
    const found: number[] = [];
    for (let call = tail; call !== undefined && found.length < 1_000;) {
      const half = read(await at.call(call.tool, { ...call.arguments, seconds: 0 }));
      if (half.rows.length === 0) break;
      found.push(...half.rows.map(numberOf));
      call = half.calls.get('What comes after');
    }
    expect(found).toEqual(numbers);
  });
});

test('a page that nobody asked to be larger fits 25 KB in each half, but an event that is larger by itself', async () => {
  await at.append('plant', ...oddSizes());
  const asked = { tool: 'read_history', arguments: { stream: 'plant' } };
  const { sizes } = await walk(at, asked, 'Next page', byStructure('events'));
  const large = sizes.filter(({ text, structured }) => text > PAGE || structured > PAGE);
  expect(large.length).toBe(3);
  for (const { text, structured } of large) expect([text, structured].every((size) => size < 35_000)).toBe(true);
  expect(sizes.length).toBeLessThan(30);
});

test('a cursor between rows goes on with its own question alone', async () => {
  await at.append('plant', ...steady());
  const asked = { stream: 'plant', window: '5m', field: 'temp', from: '-2h', limit: 7 };
  const { structured } = await at.call('read_history', asked);
  const { cursor } = structured as { cursor: string };
  const { windows } = (await at.call('read_history', { ...asked, cursor, limit: 3 })).structured;
  expect(windows).toHaveLength(3);
  for (const other of [
    { field: 'pump.rpm' },
    { from: '-1h' },
    { stream: 'notes', field: undefined },
    { window: '10m' },
  ]) {
    expect(await at.refused('read_history', { ...asked, ...other, cursor })).toContain('it goes with another question');
  }
  expect(await at.refused('read_history', { ...asked, cursor: 'r_' })).toContain('it is not a cursor');
});

test('as many events are on a page as were asked for, where an answer holds them', async () => {
  await at.append('plant', ...oddSizes().map((event) => ({ ...event, data: { temp: 1 } })));
  const { structured, text } = await at.call('read_history', { stream: 'plant', limit: 900 });
  expect((structured['events'] as object[]).length).toBe(900);
  expect(text.split('\n').filter(isEvent).length).toBe(900);
});

test('what stands beside an event stands in its line: id, revision, context, fields by any name', async () => {
  const data = { text: 'one', 'odd name': 1, 'a.b': { c: [] }, none: {}, long: 0.1 + 0.2 };
  await at.append('notes', { id: 'n-1', data, meta: { device: 'd 1' }, time: START });
  await at.append('notes', { id: 'two', data: { text: 'two' }, meta: { gap: { reason: 'lost', detail: 'a while' } } });
  const { text } = await at.call('read_history', { stream: 'notes' });
  expect(text).toContain(
    '2026-11-20T12:00:00Z text="one" "odd name"=1 "a.b".c=[] none={} long=0.30000000000000004 id:"n-1" meta:{"device":"d 1"}',
  );
  expect(text).toContain('GAP: events are missing before this one: lost a while');
});
