/** What `read_history` answers of windows, as a model reads it. Plain pages are in stream-tools.test.ts. */
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';
import { START } from '../streams/history/fixture.ts';
import { type Plant, plant } from './plant.ts';

const MINUTE = 60_000;
const NOON = '2026-11-20T12:00:00Z';
let at: Plant;

beforeEach(async () => {
  at = plant();
  for (let index = 0; index < 12; index += 1) {
    at.clock.now = START + index * 5 * MINUTE;
    const data = {
      temp: 20 + index,
      pump: { state: index % 2 === 0 ? 'on' : 'off', rpm: index < 6 ? index * 100 : null },
    };
    await at.append('plant', { key: index % 3 === 0 ? 'a' : 'b', data });
    if (index % 4 === 0) await at.append('notes', { data: { text: `n${index}` } });
  }
  at.clock.now = START + 60 * MINUTE;
});

const call = (args: object) => at.call('read_history', { stream: 'plant', from: START, ...args });

test('months and weeks stand under their first day, with their end, and are named in the text', async () => {
  for (const month of [2, 3, 4]) {
    at.clock.now = Date.UTC(2027, month, 15);
    await at.append('plant', { key: 'a', data: { temp: month, pump: { state: 'on', rpm: null } } });
  }
  const months = { window: '1mo', field: 'temp', keys: ['a'], aggregates: ['max'], from: '2026-11-01', empty: true };
  const { structured, text } = await call({ ...months, zone: 'Europe/Berlin' });
  const windows = structured['windows'] as { start: number; end: number }[];
  expect([structured['window'], structured['windowMs'], windows.length]).toEqual(['1mo', null, 7]);
  expect(windows.at(-3)).toMatchObject({ start: Date.UTC(2027, 1, 28, 23), end: Date.UTC(2027, 2, 31, 22), max: 2 });
  expect(text).toContain('window 1mo');
  expect(text).toContain('2027-03-01T00:00:00+01:00 a count=1 max=2');
  const drawn = await call({ ...months, empty: false, format: 'sparkline' });
  expect(drawn.text).toContain('A character is a window of 1mo, from 2026-11-01T00:00:00Z to 2027-05-01T00:00:00Z');
  expect(drawn.text).toMatch(/[^·]···[^·]{3}$/m);
  const weeks = await call({ window: '1w', keys: ['a'], from: '2026-11-20', to: '2026-11-21', estimate: false });
  expect(weeks.structured).toMatchObject({
    windowMs: 7 * 86_400_000,
    windows: [{ start: Date.UTC(2026, 10, 16), count: 4 }],
  });
  const { structured: estimated } = await call({ ...months, estimate: true });
  expect(estimated).toMatchObject({ estimate: { fits: true }, from: '2026-11-01T00:00:00Z' });
});

test('events are read by dates and local times of a zone, page by page, also without windows', async () => {
  const zone = 'Asia/Kathmandu';
  const asked = { from: '2026-11-20T17:45', to: '2026-11-20T18:00', zone, limit: 2 };
  const { structured, text } = await call(asked);
  expect(structured).toMatchObject({ from: NOON, to: '2026-11-20T12:15:00Z', events: [{}, {}] });
  expect(text).toContain('2026-11-20T17:45:00+05:45 to 2026-11-20T18:00:00+05:45');
  const [next] = structured['nextCalls'] as { arguments: object }[];
  expect((await call(next?.arguments ?? {})).structured).toMatchObject({ events: [{}], complete: true });
  const day = await call({ from: '2026-11-21', to: '2026-11-22', zone });
  expect(day.structured).toMatchObject({ from: '2026-11-20T18:15:00Z', events: [] });
  expect(await at.refused('read_history', { stream: 'plant', from: '2026-11-20T17:45' })).toContain('Argument: from');
  expect(await at.refused('read_history', { stream: 'plant', zone: 'Asia/Nowhere' })).toContain('Argument: zone');
});

describe('aggregates', () => {
  test('are taken as one text with commas, and an unknown one is told with those that are known', async () => {
    const readings = stream({ description: 'Readings', schema: z.object({ celsius: z.number() }) });
    const app = createTestApp(defineApp({ name: 'texts', version: '1', description: 'd', streams: { readings } }));
    await app.streams.append('readings', { celsius: 7 });
    const ask = (aggregates: unknown) =>
      app.call('read_history', { stream: 'readings', window: 'all', from: '-1h', field: 'celsius', aggregates });
    for (const given of ['min,p95', '["min","p95"]', ['min', 'p95'], 'min, p95'])
      expect((await ask(given)).structured).toMatchObject({ windows: [{ min: 7, p95: 7 }] });
    expect((await ask('max')).structured).toMatchObject({ windows: [{ max: 7 }] });
    for (const given of ['min,avg', ['avg']]) {
      const { isError, text } = await ask(given);
      expect([isError, text]).toEqual([true, expect.stringMatching(/^aggregates.*one of the known names.*p95/m)]);
    }
  });

  test('count the newest revision of each event alone, and say so; of parts each, and say that', async () => {
    const schema = z.object({ id: z.string(), rev: z.number(), v: z.number(), state: z.string() });
    const bills = stream({ description: 'Bills', schema, id: 'id', revision: 'rev' });
    const plain = stream({ description: 'Others', schema, id: 'id' });
    const app = createTestApp(
      defineApp({ name: 'revised', version: '1', description: 'd', streams: { bills, plain } }),
    );
    for (const [rev, v, state] of [
      [2, 12, 'void'],
      [1, 10, 'paid'],
    ] as const) {
      await app.streams.append('bills', { id: 'a', rev, v, state });
      await app.streams.append('plain', { id: `a${rev}`, rev, v, state });
    }
    await app.streams.append('bills', { id: 'b', rev: 1, v: 5, state: 'paid' });
    const asked = { window: 'all', from: '-1h', field: 'v', aggregates: ['sum'] };
    const revised = await app.call('read_history', { stream: 'bills', ...asked });
    expect(revised.structured).toMatchObject({ windows: [{ count: 2, sum: 17 }] });
    const note = 'Of each event of bills the newest of its revisions with a time in this range counts alone.';
    const notes = expect.arrayContaining([note]) as string[];
    expect(revised).toMatchObject({ structured: { notes }, text: expect.stringContaining(note) as string });
    // A filter asks of what stands, not of what was corrected.
    const where = [{ field: 'state', equals: 'paid' }];
    const paid = await app.call('read_history', { stream: 'bills', ...asked, where });
    expect(paid.structured).toMatchObject({ windows: [{ count: 1, sum: 5 }] });
    const parts = await app.call('read_history', { stream: 'bills', ...asked, maxEvents: 1_000 });
    expect(parts.structured).toMatchObject({ windows: [{ count: 3, sum: 27 }] });
    expect(parts.text).toContain('Each revision of an event of bills counts as an event');
    expect((await app.call('read_history', { stream: 'plain', ...asked })).text).not.toContain('revision');
  });

  test.each([0, 40, 300])(
    'count the newest revision of a range where revisions have times of their own, with %d other events between',
    async (others) => {
      const schema = z.object({ id: z.string(), rev: z.number(), state: z.string(), changed: z.number() });
      const orders = stream({ description: 'Orders', schema, id: 'id', revision: 'rev', time: 'changed' });
      const app = createTestApp(defineApp({ name: 'orders', version: '1', description: 'd', streams: { orders } }));
      const begin = app.now() - 3_600_000;
      const append = (id: string, rev: number, state: string, atMs: number) =>
        app.streams.append('orders', { id, rev, state, changed: begin + atMs });
      for (let at = 0; at < 10; at += 1) await append(`k${at}`, 1, 'open', at);
      for (let at = 0; at < others; at += 1) await append(`other${at}`, 1, 'open', 1_000 + at);
      for (let at = 0; at < 10; at += 1) await append(`k${at}`, 2, 'paid', 2_000 + at);
      const asked = { stream: 'orders', window: 'all', by: ['state'], from: begin, to: begin + 1_000 };
      const { structured } = await app.call('read_history', asked);
      expect(structured).toMatchObject({ windows: [{ count: 10, group: { state: 'open' } }] });
    },
  );

  test('of events are rows for each revision, of which those that a newer one takes the place of are marked', async () => {
    const schema = z.object({ id: z.string(), rev: z.number(), v: z.number() });
    const bills = stream({ description: 'Bills', schema, id: 'id', revision: 'rev' });
    const plain = stream({ description: 'Others', schema, id: 'id' });
    const app = createTestApp(
      defineApp({ name: 'revised', version: '1', description: 'd', streams: { bills, plain } }),
    );
    for (const [id, rev] of [
      ['a', 2],
      ['a', 1],
      ['b', 1],
      ['a', 3],
    ] as const) {
      await app.streams.append('bills', { id, rev, v: rev });
    }
    await app.streams.append('plain', { id: 'a', rev: 1, v: 1 });
    for (const order of ['oldest', 'newest']) {
      const { structured, text } = await app.call('read_history', { stream: 'bills', order });
      const { events } = structured as unknown as { events: { id: string; revision: string; superseded?: true }[] };
      const marks = events.map(
        ({ id, revision, superseded }) => `${id}${revision}${superseded === true ? ' old' : ''}`,
      );
      expect(marks.sort()).toEqual(['a1 old', 'a2 old', 'a3', 'b1']);
      expect(text.match(/ SUPERSEDED$/gm)?.length).toBe(2);
      expect(text).toContain('Each revision of an event is a row.');
    }
    expect((await app.call('read_history', { stream: 'plain' })).text).not.toContain('revision of an event');
  });

  test('stand under their names; one that is not known is left out', async () => {
    const aggregates = ['p50', 'stddev', 'rate/hour', 'increase', 'timeWeightedMean', 'gaps>14m', 'longestGap'];
    const { structured, text } = await call({ window: '30m', field: 'temp', aggregates, keys: ['a'] });
    expect(structured['windows']).toEqual([
      {
        start: START,
        at: NOON,
        key: 'a',
        count: 2,
        p50: 21.5,
        stddev: 1.5,
        'rate/hour': 12,
        increase: 3,
        timeWeightedMean: 21.5,
        'gaps>14m': 2,
        longestGap: 15 * MINUTE,
      },
      {
        start: START + 30 * MINUTE,
        at: '2026-11-20T12:30:00Z',
        key: 'a',
        count: 2,
        p50: 27.5,
        stddev: 1.5,
        'rate/hour': 12,
        increase: 6,
        timeWeightedMean: 27.5,
        'gaps>14m': 2,
        longestGap: 15 * MINUTE,
      },
    ]);
    expect(text).toContain('a count=2 p50=21.5 stddev=1.5 rate/hour=12 increase=3 timeWeightedMean=21.5 gaps>14m=2');
    const single = await call({ window: '5m', field: 'temp', aggregates: ['rate/hour'], keys: ['a'] });
    expect(single.structured['windows']).toContainEqual({ start: START, at: NOON, key: 'a', count: 1 });
  });

  test('of values of fields, with filters, in calls as many as without', async () => {
    const { structured, text } = await call({
      window: 'all',
      field: 'temp',
      by: ['pump.state'],
      aggregates: ['max'],
      where: { temp: { below: 30 } },
    });
    expect(structured['windows']).toEqual([
      { start: START, at: NOON, key: null, group: { 'pump.state': 'off' }, count: 5, max: 29 },
      { start: START, at: NOON, key: null, group: { 'pump.state': 'on' }, count: 5, max: 28 },
    ]);
    expect(text).toContain('2026-11-20T12:00:00Z pump.state="on" count=5 max=28');
    expect(at.calls).toEqual(['getMany', 'read']);
  });

  test('of several streams stand on one line', async () => {
    const also = [{ field: 'pump.rpm' }, { stream: 'notes' }];
    const { structured, text } = await call({ window: '30m', field: 'temp', by: [], aggregates: ['mean'], also });
    expect(text).toContain(
      '12:00:00Z plant.temp: count=6 mean=22.5 | plant.pump.rpm: count=6 mean=250 | notes: count=2',
    );
    expect(text).toContain('12:30:00Z plant.temp: count=6 mean=28.5 | notes: count=1');
    expect((structured['windows'] as object[]).slice(0, 3)).toMatchObject([
      { stream: 'plant', field: 'temp' },
      { stream: 'plant', field: 'pump.rpm' },
      { stream: 'notes', field: null, count: 2 },
    ]);
    expect(structured['skipped']).toEqual({ gaps: 0, missing: 6 });
    expect(at.calls.toSorted()).toEqual(['getMany', 'getMany', 'read', 'read']);
  });

  test('the highest of each window, with what else was asked of the same groups', async () => {
    const args = { window: '30m', field: 'temp', aggregates: ['max'], also: [{ field: 'pump.rpm' }] };
    const { structured } = await call({ ...args, top: { n: 1, by: 'mean' } });
    expect(structured['windows']).toMatchObject([
      { start: START, key: 'b', field: 'temp', mean: 23 },
      { start: START, key: 'b', field: 'pump.rpm' },
      { start: START + 30 * MINUTE, key: 'b', field: 'temp', mean: 29 },
    ]);
    const lowest = await call({ ...args, top: { n: 1, by: 'mean', lowest: true }, order: 'newest' });
    expect((lowest.structured['windows'] as object[])[0]).toMatchObject({ start: START + 30 * MINUTE, key: 'a' });
  });
});

describe('windows', () => {
  test('without an event are left out, or shown', async () => {
    const args = { window: '5m', field: 'temp', aggregates: ['timeWeightedMean'], keys: ['a'] };
    const count = async (more: object) => ((await call({ ...args, ...more })).structured['windows'] as object[]).length;
    expect([await count({}), await count({ empty: true })]).toEqual([4, 12]);
    const { structured } = await call({ ...args, empty: true, keys: ['a', 'never'], window: '30m' });
    expect(structured['windows']).toMatchObject([
      { key: 'a', count: 2 },
      { key: 'never', count: 0 },
      { key: 'a', count: 2 },
      { key: 'never', count: 0 },
    ]);
    const later = await call({ ...args, from: START + 50 * MINUTE, to: START + 55 * MINUTE, empty: true });
    expect(later.structured['windows']).toEqual([
      { start: START + 50 * MINUTE, at: '2026-11-20T12:50:00Z', key: 'a', count: 0, timeWeightedMean: 29 },
    ]);
  });

  test('of a zone are told by its clocks, and dates are read by them', async () => {
    const { structured, text } = await call({
      from: '2026-11-20',
      to: '2026-11-21',
      window: '1d',
      zone: 'Asia/Kathmandu',
      field: 'temp',
      by: [],
    });
    const start = Date.UTC(2026, 10, 19, 18, 15);
    expect(structured).toMatchObject({
      from: '2026-11-19T18:15:00Z',
      zone: 'Asia/Kathmandu',
      windows: [{ start, at: '2026-11-20T00:00:00+05:45', end: start + 86_400_000 }],
    });
    expect(text).toContain('2026-11-20T00:00:00+05:45 to 2026-11-21T00:00:00+05:45');
    expect(text).toContain('\n2026-11-20T00:00:00+05:45 count=12');
  });

  test('are drawn, a line for each key and field, with unit and range', async () => {
    const { text, structured } = await call({ window: '10m', field: 'temp', format: 'sparkline', keys: ['b'] });
    expect(text).toContain('A character is a window of 10m, from 2026-11-20T12:00:00Z to 2026-11-20T12:50:00Z');
    expect(text).toContain('\nb temp mean 21..30.5 °C ▁▁▃▆▆█');
    expect(structured['sparklines']).toEqual([{ key: 'b', aggregate: 'mean', range: '21..30.5 °C', line: '▁▁▃▆▆█' }]);
    expect([structured['windows'], text]).toEqual([undefined, expect.stringContaining(String(structured['drawn']))]);
    const counts = await call({ window: '10m', format: 'sparkline', by: [] });
    expect(counts.text).toContain('\ncount 2..2 ▅▅▅▅▅▅');
    const several = await call({
      window: '30m',
      field: 'temp',
      by: ['key', 'pump.state'],
      also: [{ field: 'pump.rpm' }],
      format: 'sparkline',
    });
    expect(several.text).toContain('\na pump.state="on" pump.rpm mean 0..0 ▅·');
  });
});

const drawn = async (name: string) =>
  (await call({ window: '30m', field: 'temp', keys: ['a'], aggregates: [name], format: 'sparkline' })).text;

describe('as a model reads them', () => {
  test('numbers keep what is behind the point, fields have their units, spans of time read as such', async () => {
    await at.append('plant', { key: 'big', data: { temp: 104_234.5678, pump: { state: 'on', rpm: null } } });
    at.clock.now += 2 * MINUTE;
    const { text } = await call({
      window: '1h',
      field: 'temp',
      aggregates: ['max', 'longestGap'],
      by: [],
      from: START,
    });
    expect(text).toContain('plant, temp [°C], window 1h');
    expect(text).toContain('count=1 max=104234.5678 longestGap=2m');
    const { text: latest } = await at.call('read_history', { stream: 'plant', keys: ['big'] });
    expect(latest).toContain('temp=104234.5678');
  });

  test('what is drawn has the unit of what is drawn', async () => {
    expect(await drawn('longestGap')).toContain('\na temp longestGap 15m..15m ▅▅');
    expect(await drawn('gaps>14m')).toContain('\na temp gaps>14m 2..2 ▅▅');
    expect(await drawn('rate/hour')).toContain('\na temp rate/hour 12..12 °C/hour ▅▅');
  });

  test('windows that are told of in part are said to be', async () => {
    const args = { window: '1h', field: 'temp', by: [] };
    const whole = await call({ ...args, to: START + 60 * MINUTE });
    expect(whole.text).not.toMatch(/window is|Windows may/);
    const cut = await call({ ...args, from: START + MINUTE, to: START + 59 * MINUTE });
    expect(cut.text).toContain('The first window is counted from the beginning of the range on.');
    expect(cut.text).toContain('The last window is counted up to the end of the range.');
    at.clock.now -= MINUTE;
    expect((await call(args)).text).toContain('The newest window is not over yet.');
    expect((await call({ ...args, maxEvents: 3 })).text).toContain('A part, not the whole');
  });
});

describe('in parts', () => {
  test('a page goes on by the call that it tells, and says what does not add up', async () => {
    const first = await call({
      window: '1h',
      field: 'temp',
      aggregates: ['mean', 'p95'],
      maxEvents: 5,
      top: { n: 1, by: 'mean' },
    });
    expect(first.structured).toMatchObject({ complete: false, ofPart: ['p95'], windowMs: 60 * MINUTE });
    expect((first.structured['windows'] as object[]).length).toBe(2);
    expect(first.text).toContain("Of this page's events alone, not to be combined: p95.");
    expect(first.text).toContain('In parts: all rows with events are given, without top and empty.');
    const [next] = first.structured['nextCalls'] as { arguments: object }[];
    const rest = await at.call('read_history', { ...next?.arguments, maxEvents: 100 });
    expect(rest.structured).toMatchObject({
      complete: true,
      windows: [
        { key: 'a', count: 2 },
        { key: 'b', count: 5 },
      ],
    });
    expect(Object.keys((rest.structured['windows'] as object[])[0] ?? {})).toContain('p95');
  });

  test('what is too much is refused with what it would read, and an estimate tells it before', async () => {
    const data = { temp: 1, pump: { state: 'on', rpm: null } };
    for (let part = 0; part < 11; part += 1) {
      await at.append('plant', ...Array.from({ length: 1_000 }, () => ({ key: 'a', data })));
    }
    const asked = { window: '1h', field: 'temp', aggregates: ['p95'] };
    const told = await call({ ...asked, estimate: true });
    expect(told.structured).toMatchObject({
      estimate: { events: 11_012, mostEvents: 10_000, fits: false },
      complete: false,
    });
    expect(told.structured['windows']).toBeUndefined();
    expect(told.text).toMatch(/^It would read at most 11012 events, about \d+ bytes[^]*maxEvents/);
    expect(at.calls.toSorted()).toEqual(['getMany', 'last']);
    const why = await at.refused('read_history', { stream: 'plant', from: START, ...asked });
    expect(why).toMatch(/about 11012 events[^]*at most 10000 events[^]*Hint: [^]*maxEvents/);
    expect(at.calls).toEqual(['getMany', 'read']);
  });
});

describe('refused, in words that a model can act on', () => {
  test.each<[object, RegExp]>([
    [{ window: '1h', field: 'temp', aggregates: ['avg'] }, /^aggregates\.0: [^]*mean[^]*pN/m],
    [{ window: '1h', aggregates: ['mean'] }, /Argument: field[^]*because aggregates has mean: one of .*temp/],
    [{ window: '1h', field: 'temp', top: { n: 1, by: 'best' } }, /Argument: top\.by/],
    [
      { window: '1h', field: 'temp', by: ['state'] },
      /Argument: by[^]*one of key, hourOfDay, dayOfWeek, temp, pump\.state/,
    ],
    [{ window: '1h', field: 'temp', by: ['pump'] }, /Argument: by/],
    [{ window: '1h', field: 'temp', by: [], aggregates: ['increase'] }, /Argument: by[^]*key among them/],
    [{ window: '1h', field: 'temp', also: [{ stream: 'none' }] }, /no stream none/],
    [{ window: '1h', field: 'temp', also: [{ stream: 'notes', field: 'temp' }] }, /notes have no number at temp/],
    [{ window: '1h', field: 'temp', also: [{ field: 'temp' }] }, /Argument: also/],
    [{ window: '1h', field: 'temp', also: [{ stream: 'notes' }], keys: ['a'] }, /events of notes have no keys/],
    [
      { window: '1h', field: 'temp', also: [{ stream: 'notes' }], where: { temp: 1 } },
      /where\.temp[^]*a field of notes/,
    ],
    [{ window: '90m', zone: 'Europe/Berlin' }, /Argument: window[^]*15m or 6h/],
    [{ window: '1h', zone: 'Europe/Bonn' }, /Argument: zone[^]*IANA/],
    [{ window: '1h', zone: 'Europe/Berlin', align: 'from' }, /Argument: align/],
    [{ window: '1s', empty: true }, /Argument: empty/],
    [{ window: '1h', maxEvents: 19_001 }, /maxEvents/],
    [
      { window: '1h', by: ['key', 'temp', 'pump.state', 'hourOfDay'] },
      /at most 3: leave some out, or ask by others in a further call/,
    ],
    [{ window: '1h', top: { n: 101, by: 'count' } }, /top/],
    [{ window: '1h', aggregate: 'max' }, /aggregate: unknown here, did you mean aggregates\?/],
    [{ where: { temp: { over: 1 } } }, /where\.temp[^]*did you mean above/],
    [{ where: { temp: { like: '1*' } } }, /Argument: where\.temp\.like/],
    ...['by', 'also', 'top', 'empty', 'format'].map((name): [object, RegExp] => [
      { [name]: { by: [], also: [{}], top: { n: 1, by: 'count' }, empty: true, format: 'table' }[name] },
      new RegExp(`${name} is given without window[^]*Argument: window`),
    ]),
  ])('%j', async (args, words) => {
    expect(await at.refused('read_history', { stream: 'plant', from: START, ...args })).toMatch(words);
    if (!('empty' in args)) expect(at.calls).toEqual([]);
  });
});
