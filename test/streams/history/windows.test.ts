import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import type { SeriesRow, WindowsPage, WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import { type Bench, bench, seeded, START, TENANT } from './fixture.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const MINUTE = 60_000;
const sensors = () =>
  bench({
    sensors: stream({
      description: 'Sensors',
      schema: z.object({ v: z.number() }),
      key: () => 'k',
      latenessMs: 10 * MINUTE,
    }),
  });
const read = (at: Bench, query: WindowsQuery) =>
  readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'sensors'), query);

/** Out of order, over three keys, with gaps. */
async function fill(at: Bench, seed: number, count: number) {
  const random = seeded(seed);
  for (let index = 0; index < count; index += 1) {
    at.clock.now += Math.floor(random() * 10_000);
    const time = at.clock.now - (random() < 0.3 ? Math.floor(random() * 9 * MINUTE) : 0);
    if (random() < 0.02) await at.append('sensors', { time, meta: { gap: { reason: 'lost' } } });
    else
      await at.append('sensors', {
        time,
        key: `k${Math.floor(random() * 3)}`,
        data: { v: Math.round(random() * 100) },
      });
  }
}

/** As the documentation of `WindowRow` tells a caller to. */
function merge(pages: readonly WindowsPage[]): SeriesRow[] {
  const rows = new Map<string, SeriesRow>();
  for (const row of pages.flatMap((page) => page.rows)) {
    const id = JSON.stringify([row.start, row.key]);
    const standing = rows.get(id);
    if (!standing?.values || !row.values) {
      rows.set(id, standing ? { ...standing, count: standing.count + row.count } : row);
      continue;
    }
    const [a, b] = [standing.values, row.values];
    const count = standing.count + row.count;
    const sum = a.sum + b.sum;
    const first = b.firstTime < a.firstTime ? b : a;
    const last = b.lastTime >= a.lastTime ? b : a;
    rows.set(id, {
      ...row,
      count,
      values: {
        min: Math.min(a.min, b.min),
        max: Math.max(a.max, b.max),
        mean: sum / count,
        sum,
        first: first.first,
        firstTime: first.firstTime,
        last: last.last,
        lastTime: last.lastTime,
      },
    });
  }
  return [...rows.values()].sort((a, b) => a.start - b.start || ((a.key ?? '') < (b.key ?? '') ? -1 : 1));
}

test.each([1, 2, 3, 4])(
  'seed %i: pages of a small budget merge to what one read gives, whatever was late',
  async (seed) => {
    const at = sensors();
    await fill(at, seed, 600);
    const query = { from: START + 5 * MINUTE, to: START + 40 * MINUTE, window: '5m', field: 'v' };
    const whole = await read(at, query);
    expect(whole).toMatchObject({ complete: true, cursor: null, scanned: { storeCalls: 3 } });
    expect(whole.rows.length).toBe(21);

    const pages = [await read(at, { ...query, maxEvents: 37 })];
    for (let page = pages[0]; page && page.cursor !== null; page = pages.at(-1)) {
      expect(page.complete).toBe(false);
      // What comes meanwhile lies outside of the range.
      await at.append('sensors', { key: 'k0', data: { v: 1_000 } });
      pages.push(await read(at, { ...query, cursor: page.cursor, maxEvents: 37 }));
    }
    expect(pages.length).toBeGreaterThan(8);
    expect(merge(pages)).toEqual(whole.rows);
    expect(pages.reduce((sum, page) => sum + page.skipped.gaps, 0)).toBe(whole.skipped.gaps);
  },
);

test('more rows than a page holds: the next page goes on at the event that did not fit', async () => {
  const at = sensors();
  for (let index = 0; index < 1_300; index += 1) {
    at.clock.now = START + index * 1_000;
    await at.append('sensors', { key: 'k', data: { v: index } });
  }
  const first = await read(at, { from: START, window: '1s', field: 'v' });
  expect([first.rows.length, first.complete]).toEqual([1_000, false]);
  const second = await read(at, { from: START, window: '1s', field: 'v', cursor: first.cursor ?? '' });
  expect([second.rows.length, second.complete]).toEqual([300, true]);
  expect([...first.rows, ...second.rows].map(({ values }) => values?.first)).toEqual(
    Array.from({ length: 1_300 }, (_, index) => index),
  );
});

describe('windows begin', () => {
  test('at whole multiples, or at the range', async () => {
    const at = sensors();
    await at.append('sensors', { key: 'k', data: { v: 1 } });
    const from = START - 90_000;
    const start = async (align: 'epoch' | 'from') =>
      (await read(at, { from, window: '1m', field: 'v', align })).rows[0]?.start;
    expect([await start('epoch'), await start('from')]).toEqual([START, START - 30_000]);
  });

  test('60 back where no beginning is given, on the edge of one', async () => {
    const at = sensors();
    at.clock.now = START + 30_000;
    expect((await read(at, { window: '1m' })).from).toBe(START - 59 * MINUTE);
    expect((await read(at, { window: '1m', to: START })).from).toBe(START - 59 * MINUTE);
  });

  test('with the range where there is one window, over keys together or apart', async () => {
    const at = sensors();
    await at.append('sensors', { key: 'a', data: { v: 1 } }, { key: 'b', data: { v: 3 } });
    const together = await read(at, { from: START, window: 'all', field: 'v', by: [] });
    expect(together.rows).toMatchObject([{ start: START, key: null, count: 2, values: { mean: 2 } }]);
    const apart = await read(at, { from: START, window: 'all', field: 'v', keys: ['b'] });
    expect(apart.rows).toMatchObject([{ key: 'b', count: 1 }]);
  });
});

test.each<[string, WindowsQuery, object]>([
  ['a window that is none', { window: '5 minutes' }, { code: 'invalid_input', field: 'window' }],
  ['an empty window', { window: '0s' }, { code: 'invalid_input', field: 'window' }],
  ['one beyond a year', { window: '400d' }, { code: 'invalid_input', field: 'window' }],
  ['one over everything without a beginning', { window: 'all' }, { code: 'invalid_input', field: 'from' }],
  ['a field that is none', { window: '1m', field: '' }, { code: 'invalid_input', field: 'field' }],
  ['one that no event has', { window: '1m', field: 'value' }, { code: 'invalid_input', field: 'field' }],
  ['a range that ends before it starts', { window: '1m', from: 2, to: 1 }, { code: 'invalid_input', field: 'from' }],
])('refused: %s', async (_name, query, expected) => {
  const at = sensors();
  await expect(read(at, query)).rejects.toMatchObject(expected);
  expect(at.calls).toEqual([]);
});

test('refused: a cursor with another window, field, grouping, alignment or range', async () => {
  const at = sensors();
  await fill(at, 1, 50);
  const { cursor } = await read(at, { window: '5m', from: START, field: 'v', maxEvents: 10 });
  const given = { window: '5m', from: START, field: 'v', cursor: cursor ?? '' };
  const ranges = [{ from: '-1h' }, { from: START + 1 }, { to: 'now' }] as const;
  const others = [{ window: '1m' }, { aggregates: ['max'] }, { by: [] }, { keys: ['k1'] }, { align: 'from' }] as const;
  for (const changed of [...others, ...ranges]) {
    await expect(read(at, { ...given, ...changed })).rejects.toMatchObject({ code: 'bad_cursor' });
  }
  for (const same of [{}, { field: 'v', by: ['key'], align: 'epoch', from: START }] as const) {
    await expect(read(at, { ...given, ...same })).resolves.toMatchObject({ complete: true });
  }
});

async function crowd(keys: number) {
  const at = sensors();
  const events = Array.from({ length: keys }, (_, index) => ({ key: `k${index}`, data: { v: (index * 7) % keys } }));
  for (let first = 0; first < keys; first += 1_000) await at.append('sensors', ...events.slice(first, first + 1_000));
  return at;
}

describe('the first of many', () => {
  const query: WindowsQuery = { window: 'all', from: START, field: 'v', top: { n: 3, by: 'max' } };

  test('are found among more rows than a page holds', async () => {
    const at = await crowd(3_001);
    const page = await read(at, query);
    expect(page).toMatchObject({ complete: true, unranked: false });
    expect(page.rows.map(({ values }) => values?.max)).toEqual([3_000, 2_999, 2_998]);
    const parts = await read(at, { ...query, maxEvents: 19_000 });
    expect([parts.unranked, parts.rows.length, parts.complete]).toEqual([true, 1_000, false]);
  });

  test('are refused where not all can be ranked, or would be too many themselves', async () => {
    const budget = { entries: 20_000, reads: 30 };
    const all = await crowd(10_001);
    const ranked = readWindows(scopeOfLogs(all.deps, { tenant: TENANT }), findStream(all.app, 'sensors'), query, {
      budget,
    });
    await expect(ranked).rejects.toMatchObject({ code: 'too_costly', field: 'top' });
    const at = sensors();
    for (let second = 0; second < 1_001; second += 1) {
      at.clock.now = START + second * 1_000;
      await at.append('sensors', { key: 'k', data: { v: 1 } });
    }
    await expect(read(at, { ...query, window: '1s' })).rejects.toMatchObject({ field: 'top.n' });
  });
});

test('a text too long to group by, and what is no value, are grouped as nothing', async () => {
  const schema = z.looseObject({});
  const at = bench({ notes: stream({ description: 'Notes', schema }) });
  for (const by of ['a', 'x'.repeat(256), 'x'.repeat(257), ['a'], { a: 1 }, null, 1, '1', true]) {
    await at.append('notes', { data: { by } });
  }
  await at.append('notes', { data: {} });
  const { rows } = await readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'notes'), {
    window: 'all',
    from: START,
    by: ['by'],
  });
  const counts = new Map(rows.map(({ group, count }) => [group?.['by'], count]));
  expect(counts).toEqual(
    new Map<unknown, number>([
      ['a', 1],
      ['x'.repeat(256), 1],
      [null, 5],
      [1, 1],
      ['1', 1],
      [true, 1],
    ]),
  );
});

describe('weeks and months', () => {
  const ZONE = 'America/New_York';
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' });
  const HOUR = 3_600_000;
  const rows = (page: readonly SeriesRow[]) =>
    page.map(({ start, count, values }) => [day.format(start).slice(0, 7), count, values?.sum]);

  /** Two years of an event every 37 hours. */
  async function years(): Promise<{ at: Bench; times: number[] }> {
    const at = bench({ sensors: stream({ description: 'Sensors', schema: z.object({ v: z.number() }) }) });
    const times: number[] = [];
    for (let time = START - 2 * 366 * 24 * HOUR; time < START; time += 37 * HOUR) times.push(time);
    for (const [index, time] of times.entries()) {
      at.clock.now = time;
      await at.append('sensors', { time, data: { v: index } });
    }
    at.clock.now = START;
    return { at, times };
  }

  test('count and sum what Intl says lies in each month of a zone, in one answer or in parts', async () => {
    const { at, times } = await years();
    const query = { window: '1mo', zone: ZONE, from: times[0] ?? 0, field: 'v', aggregates: ['sum'] };
    const whole = await read(at, query);
    const plain = Map.groupBy(times.entries(), ([, time]) => day.format(time).slice(0, 7));
    const expected = [...plain].map(([month, each]) => [month, each.length, each.reduce((sum, [v]) => sum + v, 0)]);
    expect(rows(whole.rows)).toEqual(expected);
    expect(whole).toMatchObject({ window: '1mo', windowMs: null, complete: true });
    expect(whole.rows.map(({ end }) => end).slice(0, -1)).toEqual(whole.rows.map(({ start }) => start).slice(1));
    const parts: WindowsPage[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: WindowsPage = await read(
        at,
        cursor === '' ? { ...query, maxEvents: 100 } : { ...query, cursor, maxEvents: 100 },
      );
      parts.push(page);
      ({ cursor } = page);
    }
    expect(parts.length).toBeGreaterThan(2);
    expect(rows(merge(parts).sort((a, b) => a.start - b.start))).toEqual(expected);
  });

  test('have a row for each that is empty, and go back sixty of them by themselves', async () => {
    const { at } = await years();
    const weeks = await read(at, { window: '1w', from: '2026-10-01', to: '2026-11-16', empty: true });
    expect(weeks.rows.map(({ start }) => new Date(start).getUTCDay())).toEqual(Array.from({ length: 7 }, () => 1));
    expect(weeks).toMatchObject({ window: '1w', windowMs: 7 * 24 * HOUR });
    const months = await read(at, { window: '1mo' });
    expect(months.from).toBe(Date.UTC(2021, 11, 1));
  });

  test.each([
    [{ window: '5mo', from: 0 }, 'window'],
    [{ window: '0w', from: 0 }, 'window'],
    [{ window: '53w', from: 0 }, 'window'],
    [{ window: '1mo', align: 'from', from: 0 }, 'align'],
  ] as const)('%j is refused', async (query, field) => {
    await expect(read(sensors(), query)).rejects.toMatchObject({ code: 'invalid_input', field });
  });

  test('of a week may begin at `from`', async () => {
    const { at } = await years();
    const { rows } = await read(at, { window: '1w', align: 'from', from: START - 21 * 24 * HOUR });
    expect(rows.map(({ start }) => start)).toEqual([21, 14, 7].map((days) => START - days * 24 * HOUR));
  });
});
