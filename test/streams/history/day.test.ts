/**
 * A day of 1,000 simulated sensors that would send each second, thinned by sampling to one event an hour; with
 * `npx vitest run --project node --mode day test/streams/history/day.test.ts` to one in five minutes. It is the day on which
 * the clocks of Berlin are put back. Every aggregate equals a plain recomputation.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { stream } from '../../../src/declare/stream.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import type { WindowsPage, WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import type { ReadLimits } from '../../../src/streams/ranges/range-scan.ts';
import { zoneOf } from '../../../src/base/time/zone.ts';
import { expectRows, merged } from './compare.ts';
import { type Bench, bench, seeded, TENANT } from './fixture.ts';
import { type Arrived, type ModelQuery, modelRows } from './model.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KEYS = 1_000;
const EACH = process.env['MODE'] === 'day' ? 5 * MINUTE : HOUR;
/** How late what is late comes at most. */
const LATENESS = 40 * MINUTE;
/** The local day of 25 hours. */
const ZONE = 'Europe/Berlin';
const FROM = Date.UTC(2026, 9, 24, 22);
const TO = Date.UTC(2026, 9, 25, 23);
/** As much as there is, where what is shown are the numbers and not the bounds. */
const ALL: ReadLimits = { budget: { entries: 10_000_000, reads: 10_000 } };

const NAMES = {
  min: 'min',
  max: 'max',
  mean: 'mean',
  sum: 'sum',
  first: 'first',
  firstTime: 'firstTime',
  last: 'last',
  lastTime: 'lastTime',
  stddev: 'stddev',
};
const OF_PARTS = { ...NAMES, p50: 'p50', p90: 'p90', p99: 'p99' };
const ANYWHERE = { ...OF_PARTS, longestGap: 'longestGap', gaps: 'gaps>1h' };
const OF_ONE_KEY = { ...ANYWHERE, increase: 'increase', timeWeightedMean: 'timeWeightedMean', rate: 'rate/hour' };

interface Reading {
  celsius: number;
  /** Counts up, and begins again at 0 now and then. */
  pulses: number;
  site: string;
}

/** What each sensor sent in the second that sampling kept of each stretch, in order of arrival. */
function day(): Arrived[] {
  const random = seeded(20_261_025);
  const all: Arrived[] = [];
  for (let sensor = 0; sensor < KEYS; sensor += 1) {
    let pulses = Math.floor(random() * 1_000);
    for (let from = FROM - 3 * HOUR; from < TO + HOUR; from += EACH) {
      const time = from + Math.floor((random() * EACH) / SECOND) * SECOND;
      pulses = random() < 0.05 ? Math.floor(random() * 10) : pulses + Math.floor(random() * 500);
      const celsius = Math.round(100 * (20 + 5 * Math.sin((time / HOUR + sensor) / 4) + random())) / 100;
      const late = random() < 0.1 ? random() * LATENESS : random() * 2 * SECOND;
      const data: Reading = { celsius, pulses, site: `site-${sensor % 10}` };
      const event = { id: `${sensor}-${from}`, key: `sensor-${sensor}`, time, data } as unknown as LoggedEvent;
      if (random() < 0.01) Object.assign(event, { data: null, meta: { gap: { reason: 'lost' } } });
      // Arrivals of a minute are taken in together.
      all.push({ at: Math.ceil((time + late) / MINUTE) * MINUTE, event });
    }
  }
  return all.sort((a, b) => a.at - b.at);
}

const query = (names: Record<string, string>, given: Partial<WindowsQuery>): WindowsQuery => ({
  from: FROM,
  to: TO,
  window: 'all',
  field: 'celsius',
  aggregates: Object.values(names).filter((name) => !name.endsWith('Time')),
  ...given,
});

const isMild = ({ data }: LoggedEvent) => {
  const { site, celsius } = (data ?? {}) as Partial<Reading>;
  return (site === 'site-3' || site === 'site-4') && (celsius ?? 0) >= 18;
};

describe(`a day of ${KEYS} sensors, an event of each in ${EACH / MINUTE} min`, () => {
  const all = day();
  let at: Bench;

  beforeAll(async () => {
    const schema = z.object({ celsius: z.number(), pulses: z.number(), site: z.string() });
    at = bench({ sensors: stream({ description: 'Sensors', schema, key: () => 'k', latenessMs: LATENESS }) });
    for (const [arrival, arrived] of Map.groupBy(all, (one) => one.at)) {
      at.clock.now = arrival;
      await at.append('sensors', ...arrived.map(({ event }) => event));
    }
    at.clock.now += 30 * MINUTE;
    await at.project('sensors');
  });

  const read = (query: WindowsQuery, limits?: ReadLimits) =>
    readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'sensors'), query, limits);

  const model = (given: Partial<ModelQuery>) =>
    modelRows(all, {
      from: FROM,
      to: TO,
      now: at.clock.now,
      lookBackMs: 0,
      windowMs: null,
      origin: FROM,
      zone: null,
      by: ['key'],
      passes: () => true,
      field: 'celsius',
      empty: null,
      percentiles: [50, 90, 99],
      gapsOverMs: HOUR,
      rateMs: HOUR,
      ...given,
    });

  test('every aggregate of every sensor over the day', { timeout: 60_000 }, async () => {
    const page = await read(query(OF_ONE_KEY, {}), ALL);
    expect([page.rows.length, page.complete, page.skipped.gaps > 0]).toEqual([KEYS, true, true]);
    expectRows(page.rows, model({ lookBackMs: 24 * HOUR }), OF_ONE_KEY);
  });

  test('each hour of the zone for each site, of which there are 25', { timeout: 60_000 }, async () => {
    const page = await read(query(ANYWHERE, { window: '1h', by: ['site'], zone: ZONE }), ALL);
    const rows = model({ windowMs: HOUR, by: ['site'], zone: ZONE });
    expect(page.rows.length).toBe(25 * 10);
    expectRows(page.rows, rows, ANYWHERE);
  });

  test('the day of the zone, told as dates: one window of 25 hours', { timeout: 60_000 }, async () => {
    const dates = { from: '2026-10-25', to: '2026-10-26', zone: ZONE };
    const page = await read(query(ANYWHERE, { ...dates, window: '1d', by: [] }), ALL);
    expect(page.rows).toMatchObject([{ start: FROM, end: TO }]);
    expect((TO - FROM) / HOUR).toBe(25);
    expect(zoneOf(ZONE).momentOf(Date.UTC(2026, 9, 25))).toBe(FROM);
    expectRows(page.rows, model({ windowMs: 24 * HOUR, zone: ZONE, by: [] }), ANYWHERE);
  });

  test('counters of some sensors, with windows in which nothing came', { timeout: 60_000 }, async () => {
    const keys = Array.from({ length: 19 }, (_, index) => `sensor-${index * 7}`);
    const passes = ({ key }: LoggedEvent) => keys.includes(key ?? '');
    const page = await read(query(OF_ONE_KEY, { window: '30m', field: 'pulses', keys, empty: true }), ALL);
    const rows = model({ windowMs: HOUR / 2, origin: 0, field: 'pulses', passes, lookBackMs: HOUR / 2, empty: keys });
    expect([page.rows.length, page.rows.some(({ count }) => count === 0)]).toEqual([19 * 50, EACH === HOUR]);
    expectRows(page.rows, rows, OF_ONE_KEY);
  });

  test('only what passes a filter, the five highest of each window first', { timeout: 60_000 }, async () => {
    const where = { site: { oneOf: ['site-3', 'site-4'] }, celsius: { atLeast: 18 } };
    const top = { n: 5, by: 'p90' };
    const page = await read(query(NAMES, { window: '6h', where, top }), ALL);
    const rows = model({ windowMs: 6 * HOUR, origin: 0, passes: isMild });
    const first = [...Map.groupBy(rows, ({ start }) => start).values()].flatMap((window) =>
      window
        .sort((a, b) => (b.numbers['p90'] ?? 0) - (a.numbers['p90'] ?? 0) || ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
        .slice(0, 5),
    );
    expectRows(page.rows, first, { ...NAMES, p90: 'p90' });
  });

  test(
    'pages within the calls to the store, each of at most 19,000 events, join to the whole',
    { timeout: 60_000 },
    async () => {
      const asked = query(OF_PARTS, { window: '3h', by: ['site'], maxEvents: 19_000 });
      const pages: WindowsPage[] = [await read(asked)];
      for (let page = pages[0]; page && page.cursor !== null; page = pages.at(-1)) {
        at.calls.length = 0;
        pages.push(await read({ ...asked, cursor: page.cursor }));
        expect(at.calls.length).toBeLessThanOrEqual(20);
      }
      expect(pages.length).toBeGreaterThan(1);
      for (const page of pages) {
        expect(page.ofPart).toEqual(['p50', 'p90', 'p99']);
        expect(page.scanned.storeCalls).toBeLessThanOrEqual(21);
      }
      expectRows(
        merged(pages.flatMap(({ rows }) => rows)),
        model({ windowMs: 3 * HOUR, origin: 0, by: ['site'] }),
        NAMES,
      );
    },
  );

  test('without maxEvents it is refused after one page, with what it would read', async () => {
    at.calls.length = 0;
    const refused = read(query(ANYWHERE, { window: '1h', by: [] }));
    await expect(refused).rejects.toMatchObject({
      code: 'too_costly',
      field: 'from',
      hint: /range of about|maxEvents/,
    });
    expect(at.calls).toEqual(['getMany', 'read']);
  });
});
