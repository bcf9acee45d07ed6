/** Ranges of event time whose events did not arrive in the order of their times: history, forecasts, what is late. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { csv } from '../../src/index.ts';
import { findStream } from '../../src/streams/find-stream.ts';
import { readHistory } from '../../src/streams/history/events.ts';
import { readLatest } from '../../src/streams/log/read-latest.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { text } from '../services/http-feed.ts';
import { eventsOf, HOUR, past, type Past } from '../streams/history/past.ts';
import { START, TENANT } from '../streams/history/fixture.ts';
import { startHttpStage } from './http-stage.ts';

const DAY = 24 * HOUR;

it('the history of a CSV that is read for the first time is found by its days', async () => {
  const Row = z.object({ day: z.string(), v: z.string() });
  await using stage = await startHttpStage(Row, { time: 'day', feed: { format: csv() } });
  const { deps, clock, app } = stage.stage;
  const noon = clock.now;
  const day = (ago: number) => new Date(noon - ago * DAY).toISOString();
  const rows = [5, 4, 3, 2, 1].map((ago) => `${day(ago)},${ago}`);
  stage.source.on('/feed', text(`day,v\n${rows.join('\n')}\n`, 'text/csv'));
  await stage.poll();
  const scope = scopeOfLogs(deps, { tenant: TENANT });
  const page = await readHistory(scope, findStream(app, 'readings'), { from: day(5), to: day(3) });
  expect(page).toMatchObject({ complete: true, cursor: null, truncated: false });
  expect(page.events.map(({ data }) => data)).toEqual([
    { day: day(5), v: '5' },
    { day: day(4), v: '4' },
  ]);
});

/** Follows cursors to the end. */
async function readAll(at: Past, query: Parameters<Past['read']>[0]) {
  const pages = [await at.read(query)];
  for (let page = pages[0]; page && page.cursor !== null; page = pages.at(-1)) {
    pages.push(await at.read({ ...query, cursor: page.cursor }));
    expect(pages.length).toBeLessThan(500);
  }
  return { pages, events: pages.flatMap(({ events }) => events) };
}

const one = (time: number, v = 0, key = 'k') => ({ time, key, data: { v } });

it.each([true, false])(
  'forecasts for three and six hours ahead are found from two hours ahead on (followed: %s)',
  async (followed) => {
    const at = past();
    await at.add(one(START), one(START + 3 * HOUR, 3), one(START + 6 * HOUR, 6), one(START));
    if (followed) await at.project('events');
    for (const order of ['oldest', 'newest'] as const) {
      const page = await at.read({ from: '+2h', order });
      expect(page.events.map(({ data }) => data)).toEqual(
        order === 'oldest' ? [{ v: 3 }, { v: 6 }] : [{ v: 6 }, { v: 3 }],
      );
      expect(page.complete).toBe(true);
    }
  },
);

describe('a page that is read on five minutes later, while late events arrive', () => {
  const ordered = Array.from({ length: 400 }, (_, n) => one(START + n * 1_000, n));
  const late = Array.from({ length: 20 }, (_, n) => one(START + n * 1_000 + 500, 1_000 + n));

  it.each([true, false])(
    'forwards none is missed that was there, and none comes twice (followed meanwhile: %s)',
    async (follows) => {
      const at = past();
      await at.add(...ordered);
      await at.project('events');
      const query = { from: START, to: START + 200_000, limit: 50 };
      const first = await at.read(query);
      at.clock.now += 300_000;
      await at.add(...late);
      if (follows) await at.project('events');
      const rest = await readAll(at, { ...query, cursor: first.cursor ?? '' });
      const found = [...first.events, ...rest.events].map(({ data }) => (data as { v: number }).v);
      expect(found).toEqual(Array.from({ length: 200 }, (_, n) => n));
    },
  );

  it('backwards none is missed that was there, and none comes twice', async () => {
    const at = past();
    await at.add(...ordered);
    await at.project('events');
    const query = { from: START, to: START + 200_000, order: 'newest', limit: 50 } as const;
    const first = await at.read(query);
    at.clock.now += 300_000;
    await at.add(...late);
    await at.project('events');
    const rest = await readAll(at, { ...query, cursor: first.cursor ?? '' });
    const found = [...first.events, ...rest.events].map(({ data }) => (data as { v: number }).v);
    // The late ones have times that are still to come.
    expect(found.filter((v) => v < 1_000)).toEqual(Array.from({ length: 200 }, (_, n) => 199 - n));
    expect(found.filter((v) => v >= 1_000)).toEqual(late.map(({ data }) => data.v).toReversed());
  });
});

it(
  'five years of hourly history, read in after live data began, are found by day and by window',
  { timeout: 60_000 },
  async () => {
    const at = past();
    const years = 5 * 365 * 24;
    const begun = START - years * HOUR;
    await at.add(...eventsOf('ordered', START, 5_000, 1));
    await at.project('events');
    await at.add(...Array.from({ length: years }, (_, n) => one(begun + n * HOUR, n % 24, 'history')));
    await at.project('events');
    at.clock.now += 5_000_000;
    await at.add(...eventsOf('ordered', at.clock.now, 5_000, 2));
    await at.project('events');
    const from = begun + 400 * DAY;
    at.calls.length = 0;
    const day = await at.read({ from, to: from + DAY });
    expect(day.events.map(({ data }) => data)).toEqual(Array.from({ length: 24 }, (_, v) => ({ v })));
    expect(day).toMatchObject({ complete: true, order: 'oldest' });
    expect(at.calls).toEqual(['getMany', 'read']);
    const month = await at.windows({
      from,
      to: from + 30 * DAY,
      window: '1d',
      by: [],
      field: 'v',
      aggregates: ['sum'],
    });
    expect(month.complete).toBe(true);
    expect(month.rows.reduce((sum, { count }) => sum + count, 0)).toBe(30 * 24);
    expect(month.scanned.storeCalls).toBeLessThanOrEqual(4);
    const newest = await at.read({ from: START, order: 'newest', limit: 10 });
    expect(newest.scanned.storeCalls).toBe(2);
  },
);

it(
  'of 30 days of hourly forecasts for seven days ahead, a page of one hour costs at most twelve calls',
  { timeout: 120_000 },
  async () => {
    const at = past();
    const [runs, ahead] = [30 * 24, 7 * 24];
    for (let run = 0; run < runs; run += 1) {
      at.clock.now = START + run * HOUR;
      await at.add(...Array.from({ length: ahead }, (_, hour) => one(START + (run + hour + 1) * HOUR, run, 'north')));
    }
    await at.project('events');
    // An hour that 168 runs told of.
    const from = START + 400 * HOUR;
    const expected = Array.from({ length: ahead }, (_, n) => ({ v: 400 - ahead + n }));
    const { pages, events } = await readAll(at, { from, to: from + HOUR });
    expect(events.map(({ data }) => data)).toEqual(expected);
    for (const { scanned } of pages) expect(scanned.storeCalls).toBeLessThanOrEqual(12);
    // 168 runs of 168 hours, in reads of 1,000 entries: most are of other hours.
    expect(pages.length).toBeLessThanOrEqual(6);
    at.calls.length = 0;
    const latest = await readLatest(scopeOfLogs(at.deps, { tenant: TENANT }), 'events', 'north');
    expect(latest).not.toBeNull();
    expect(at.calls).toEqual(['getMany']);
  },
);

it('a wide range holds what its hours hold, each by itself', async () => {
  const at = past();
  await at.add(...eventsOf('mixed', START, 3_000, 3), ...eventsOf('ordered', START, 3_000, 4));
  await at.project('events');
  const { events } = await readAll(at, { from: START - 24 * HOUR, to: START, limit: 1_000 });
  const hours: string[] = [];
  for (let hour = -24; hour < 0; hour += 1) {
    const range = { from: START + hour * HOUR, to: START + (hour + 1) * HOUR, limit: 1_000 };
    hours.push(...(await readAll(at, range)).events.map(({ id }) => id));
  }
  expect(events.length).toBeGreaterThan(200);
  expect(hours.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
});
