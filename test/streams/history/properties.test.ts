/** Chance against a plain recomputation: edges, time zones across clock changes, late events, filters, groups, pages. */
import { readLatestByKey } from '../../../src/streams/log/read-latest.ts';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { fc } from '../../properties.ts';
import { stream } from '../../../src/declare/stream.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Where } from '../../../src/declare/condition.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { followsEvents, knownAggregate } from '../../../src/streams/history/aggregate.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import type { WindowsPage, WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import { expectRows, merged } from './compare.ts';
import { bench, TENANT } from './fixture.ts';
import { type Arrived, type ModelQuery, modelRows } from './model.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LATENESS = 3 * HOUR;
const LENGTHS = {
  '5m': 5 * MINUTE,
  '7m': 7 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '6h': 6 * HOUR,
  '1d': DAY,
  '2d': 2 * DAY,
};
/** Around these clocks change: back and forth by an hour, by half an hour, at midnight, and nowhere. */
const PLACES = [
  ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
  ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
  ['America/New_York', Date.UTC(2026, 10, 1, 6)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
  ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15, 30)],
  ['America/Havana', Date.UTC(2026, 10, 1, 5)],
  ['Africa/Cairo', Date.UTC(2026, 3, 23, 22)],
  ['Asia/Kathmandu', Date.UTC(2026, 5, 1)],
] as const;

const AGGREGATES = {
  min: 'min',
  max: 'max',
  mean: 'mean',
  sum: 'sum',
  first: 'first',
  firstTime: 'firstTime',
  last: 'last',
  lastTime: 'lastTime',
  stddev: 'stddev',
  p50: 'p50',
  p95: 'p95',
  'p12.5': 'p12.5',
  longestGap: 'longestGap',
  gaps: 'gaps>20m',
  rate: 'rate/minute',
  increase: 'increase',
  timeWeightedMean: 'timeWeightedMean',
};
const MERGING = ['min', 'max', 'mean', 'sum', 'first', 'firstTime', 'last', 'lastTime', 'stddev'] as const;

const FILTERS: [Where | undefined, (event: LoggedEvent) => boolean][] = [
  [undefined, () => true],
  [{ state: 'on' }, ({ data }) => (data as { state?: string } | null)?.state === 'on'],
  [
    { v: { above: 0, atMost: 9 } },
    ({ data }) => ((v) => typeof v === 'number' && v > 0 && v <= 9)((data as { v?: unknown } | null)?.v),
  ],
  [
    { 'n.x': { oneOf: [1, 2] }, v: { exists: true } },
    ({ data }) =>
      ((d) => (d?.n?.x === 1 || d?.n?.x === 2) && d.v !== undefined && d.v !== null)(
        data as { n?: { x?: number }; v?: unknown } | null,
      ),
  ],
];

const BY: readonly string[][] = [['key'], [], ['state'], ['key', 'n.x'], ['n.x', 'state']];
const KEYS: readonly (string[] | undefined)[] = [undefined, undefined, ['k1'], ['k0', 'k2', 'k9']];

const drafts = fc.array(
  fc.record({
    after: fc.oneof(fc.integer({ min: 0, max: 20 * MINUTE }), fc.constantFrom(0, 0, HOUR, 5 * MINUTE)),
    /** Late, too late to be found for sure, or of a clock that runs ahead. */
    late: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      fc.integer({ min: 0, max: LATENESS }),
      fc.constantFrom(-5_000, -5_001, LATENESS + 1, 10 * HOUR),
    ),
    /** Onto a quarter of an hour: the edges of windows and of ranges, and equal times. */
    even: fc.boolean(),
    key: fc.option(fc.constantFrom('k0', 'k1', 'k2'), { freq: 8 }),
    v: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: -20, max: 40 }).map((n) => n / 4) },
      fc.constantFrom('warm', null),
    ),
    state: fc.constantFrom('on', 'off'),
    x: fc.option(fc.integer({ min: 0, max: 2 })),
    gap: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  }),
  { maxLength: 60, size: 'max' },
);

const questions = fc.record({
  place: fc.constantFrom(...PLACES),
  zoned: fc.boolean(),
  window: fc.constantFrom(...(Object.keys(LENGTHS) as (keyof typeof LENGTHS)[]), 'all' as const),
  align: fc.constantFrom('epoch', 'from'),
  /** Quarters of an hour from the change of the clocks. */
  from: fc.integer({ min: -120, max: 40 }),
  length: fc.integer({ min: 0, max: 200 }),
  open: fc.boolean(),
  odd: fc.constantFrom(0, 0, 1, 61_234),
  by: fc.constantFrom(...BY),
  keys: fc.constantFrom(...KEYS),
  filter: fc.constantFrom(...FILTERS),
  counted: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  empty: fc.boolean(),
  maxEvents: fc.integer({ min: 1, max: 40 }),
});
type Drafts = typeof drafts extends fc.Arbitrary<infer Of> ? Of : never;
type Asked = typeof questions extends fc.Arbitrary<infer Of> ? Of : never;

function sensors() {
  const schema = z.looseObject({
    v: z.number().nullable(),
    state: z.enum(['on', 'off']),
    n: z.object({ x: z.number().nullable() }),
  });
  return bench({ sensors: stream({ description: 'Sensors', schema, key: () => 'k', latenessMs: LATENESS }) });
}

/** Puts them into the log; they begin a day before the clocks change. */
async function filled(list: Drafts, change: number) {
  const at = sensors();
  const all: Arrived[] = [];
  at.clock.now = change - DAY;
  for (const [index, { after, late, even, key, v, state, x, gap }] of list.entries()) {
    at.clock.now += after * 2;
    const time = at.clock.now - late;
    const event = {
      id: `e${index}`,
      ...(key === null ? {} : { key }),
      time: even ? Math.floor(time / (15 * MINUTE)) * 15 * MINUTE : time,
      data: gap ? null : { v, state, n: { x } },
      ...(gap ? { meta: { gap: { reason: 'lost' } } } : {}),
    } as LoggedEvent;
    all.push({ at: at.clock.now, event });
    await at.append('sensors', event);
    // The index of times reaches to somewhere in the log, or is not there.
    if (index % 50 === 20 && index < Number(list[0]?.after) % 200) await at.project('sensors');
  }
  at.clock.now += HOUR;
  return { at, all };
}

/** Null for what is refused, and rightly so. */
function queryOf(
  asked: Asked,
  now: number,
): { query: WindowsQuery; model: ModelQuery; names: Record<string, string> } | null {
  const { place, window, by, keys, filter } = asked;
  const [where, passes] = filter;
  const zoned = asked.zoned && window !== 'all' && window !== '7m';
  const [zone, change] = place;
  const from = change + asked.from * 15 * MINUTE + asked.odd;
  const to = asked.open ? null : from + asked.length * 15 * MINUTE;
  const windowMs = window === 'all' ? null : LENGTHS[window];
  const single = by.includes('key') || keys?.length === 1;
  const names: Record<string, string> = asked.counted
    ? { longestGap: 'longestGap', gaps: 'gaps>20m' }
    : { ...AGGREGATES };
  const isTorn = where !== undefined && where !== null && Object.hasOwn(where, 'v');
  const isSplit = by.some((name) => name !== 'key');
  if (!single || isTorn || isSplit) for (const name of ['rate', 'increase', 'timeWeightedMean']) delete names[name];
  const aggregates = Object.values(names).filter((name) => !name.endsWith('Time'));
  const looksBack = aggregates.includes('increase');
  return {
    names,
    query: {
      from,
      ...(to === null ? {} : { to }),
      window,
      by,
      aggregates,
      empty: asked.empty,
      ...(zoned ? { zone } : { align: asked.align }),
      ...(asked.counted ? {} : { field: 'v' }),
      ...(keys ? { keys } : {}),
      ...(where ? { where } : {}),
    },
    model: {
      from,
      to,
      now,
      lookBackMs: looksBack ? Math.min(Math.max(0, windowMs ?? (to ?? now) - from), DAY) : 0,
      windowMs,
      origin: windowMs === null || asked.align === 'from' ? from : 0,
      zone: zoned ? zone : null,
      by,
      passes: (event) => passes(event) && (keys === undefined || (event.key !== undefined && keys.includes(event.key))),
      field: asked.counted ? null : 'v',
      empty: !asked.empty ? null : by.length === 0 ? [null] : by.join() === 'key' ? (keys ?? []) : [],
      percentiles: [50, 95, 12.5],
      gapsOverMs: 20 * MINUTE,
      rateMs: MINUTE,
    },
  };
}

describe('whatever is asked of whatever came', () => {
  test('a whole answer equals a recomputation', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(drafts, questions, async (list, asked) => {
        const { at, all } = await filled(list, asked.place[1]);
        const made = queryOf(asked, at.clock.now);
        if (made === null) return;
        const scope = scopeOfLogs(at.deps, { tenant: TENANT });
        const rows = modelRows(all, made.model);
        const reading = readWindows(scope, findStream(at.app, 'sensors'), made.query);
        if (rows.length > 1_000) {
          await expect(reading).rejects.toMatchObject({ code: 'invalid_input', field: 'empty' });
          return;
        }
        const page = await reading;
        expect(page).toMatchObject({ complete: true, cursor: null, ofPart: [], unranked: false });
        const isOfAllKeys = made.query.by?.join() === 'key' && made.query.keys === undefined;
        if (!isOfAllKeys || made.model.empty === null || page.silent?.count !== 0) {
          expectRows(page.rows, rows, made.names);
          return;
        }
        // Keys that the stream knows have rows too, whatever their latest events say.
        const { events } = await readLatestByKey(scope, 'sensors', { after: null, limit: 1_000 });
        const known = events.flatMap(({ key }) => key ?? []);
        expectRows(page.rows, modelRows(all, { ...made.model, empty: known }), made.names);
      }),
      { numRuns: 400 },
    );
  });

  test('pages that the budget cuts join to the same', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(drafts, questions, async (list, asked) => {
        const { at, all } = await filled(list, asked.place[1]);
        const made = queryOf({ ...asked, empty: false }, at.clock.now);
        if (made === null) return;
        const { maxEvents } = asked;
        // What follows one event to the next is not told in parts.
        const named = Object.entries(made.names).filter(([, name]) => {
          const aggregate = knownAggregate(name);
          return aggregate === null || !followsEvents(aggregate);
        });
        Object.assign(made, { names: Object.fromEntries(named) });
        made.query.aggregates = Object.values(made.names).filter((name) => !name.endsWith('Time'));
        const read = (query: WindowsQuery) =>
          readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'sensors'), query);
        const pages: WindowsPage[] = [await read({ ...made.query, maxEvents })];
        for (let page = pages[0]; page && page.cursor !== null; page = pages.at(-1)) {
          pages.push(await read({ ...made.query, cursor: page.cursor, maxEvents }));
        }
        const [only] = pages;
        if (pages.length === 1 && only) expectRows(only.rows, modelRows(all, made.model), made.names);
        const merging = Object.fromEntries(
          Object.entries(made.names).filter(([name]) => (MERGING as readonly string[]).includes(name)),
        );
        expectRows(merged(pages.flatMap((page) => page.rows)), modelRows(all, made.model), merging);
        const rest = Object.values(made.names).filter((name) => !(MERGING as readonly string[]).includes(name));
        for (const page of pages) expect(page.ofPart).toEqual(pages.length === 1 ? [] : rest);
        expect(pages.every((page) => page.scanned.entries <= maxEvents)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
