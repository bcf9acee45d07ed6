/** Whether a page says that events of its range were trimmed: never too few, and not of live data that asks for what is there. */
import * as z from 'zod';
import { beforeAll, describe, expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { type HistoryQuery, readHistory } from '../../../src/streams/history/events.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import { LATEST_FOLLOWER } from '../../../src/streams/log/latest.ts';
import { buildTimes } from '../../../src/streams/log/times-keep.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { type Bench, bench, START, TENANT } from '../history/fixture.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const COUNT = 1_500;
const END = START + COUNT * MINUTE;

/** Live data: an event each minute, which arrives at its time. */
async function live(ageMs?: number): Promise<Bench> {
  const retention = ageMs === undefined ? {} : { ageMs };
  const at = bench({ s: stream({ description: 'S', schema: z.object({ v: z.number() }), retention }) });
  await add(at, 0, COUNT);
  return at;
}

async function add(at: Bench, from: number, to: number): Promise<void> {
  for (let minute = from; minute < to; minute += 1) {
    at.clock.now = START + minute * MINUTE;
    await at.append('s', { data: { v: minute } });
  }
}

const scopeAt = (at: Bench) => scopeOfLogs(at.deps, { tenant: TENANT });
const read = (at: Bench, query: HistoryQuery) => readHistory(scopeAt(at), findStream(at.app, 's'), query);
const windows = (at: Bench, from: number, to: number) =>
  readWindows(scopeAt(at), findStream(at.app, 's'), { window: '1h', from, to });

/** All pages: their events, and whether any of them says that some are gone. */
async function told(at: Bench, query: HistoryQuery): Promise<{ first: boolean; events: number }> {
  const page = await read(at, query);
  let events = page.events.length;
  for (let cursor = page.cursor; cursor !== null;) {
    const next = await read(at, { ...query, cursor });
    events += next.events.length;
    ({ cursor } = next);
  }
  return { first: page.truncated, events };
}

const WAYS = {
  'and indexed before': async (at: Bench) => {
    await at.project('s');
    await at.trim('s', 1_000);
  },
  'and indexed only afterwards': async (at: Bench) => {
    await at.trim('s', 1_000);
    await at.project('s');
  },
  'and indexed only afterwards, in rounds of one event': async (at: Bench) => {
    await at.trim('s', 1_000);
    await at.project('s');
    for (let minute = COUNT; minute < COUNT + 3; minute += 1) {
      await add(at, minute, minute + 1);
      await at.project('s');
    }
  },
  'and not indexed at all': (at: Bench) => at.trim('s', 1_000),
  'before the follower got there': async (at: Bench) => {
    await at.project('s');
    await add(at, COUNT, COUNT + 700);
    await at.trim('s', 500);
    await at.project('s');
  },
  'before a sweep indexed what an older release followed': async (at: Bench) => {
    await at.trim('s', 1_000);
    const { store, runtime } = at.deps;
    await at.project('s');
    // The position of an older release, without an index.
    const { records } = await store.list(`${TENANT}/position/${LATEST_FOLLOWER}`, { now: at.clock.now, limit: 9 });
    const old = records.map(({ partition, id, value, version }) => {
      const { cursor } = value as { cursor: string };
      return { kind: 'put', partition, id, value: { cursor }, expects: version } as const;
    });
    const { records: times } = await store.list(`${TENANT}/times/s`, { now: at.clock.now, limit: 9 });
    const gone = times.map(
      ({ partition, id, version }) => ({ kind: 'delete', partition, id, expects: version }) as const,
    );
    const options = { id: 'older', now: at.clock.now, deadline: at.clock.now + 1_000 };
    await store.commit([...old, ...gone], options);
    const scope = scopeOfLogs({ store, runtime }, { tenant: TENANT });
    expect(await buildTimes(scope, findStream(at.app, 's'), LATEST_FOLLOWER, at.clock.now + MINUTE)).toMatchObject({
      built: true,
    });
  },
};

describe.each(Object.entries(WAYS))('a log that was trimmed by count %s', (_, trim) => {
  let at: Bench;
  beforeAll(async () => {
    at = await live();
    await trim(at);
  });

  test.each<[string, HistoryQuery]>([
    ['lies behind what is kept', { from: START, to: START + 2 * HOUR }],
    ['reaches into what is kept', { from: START, to: END - HOUR, limit: 1_000 }],
    ['has an end alone', { to: START + 2 * HOUR }],
    ['has an end alone, among what is kept', { to: END - HOUR }],
    ['has a beginning alone', { from: START + 2 * HOUR }],
    ['is read newest first', { from: START, to: END, order: 'newest' }],
    ['is read oldest first, to an end', { to: END, order: 'oldest', limit: 10 }],
  ])('says so of a range that %s', async (_name, query) => {
    expect(await read(at, query)).toMatchObject({ truncated: true });
  });

  test('says so of windows', async () => {
    expect(await windows(at, START, START + 2 * HOUR)).toMatchObject({ truncated: true, complete: true });
  });

  test('says nothing of the last hours, either way', async () => {
    const { now } = at.clock;
    for (const order of ['oldest', 'newest'] as const) {
      expect(await told(at, { from: now - HOUR, order })).toEqual({ first: false, events: 61 });
      expect(await told(at, { from: now - 4 * HOUR, to: now - HOUR, order })).toEqual({ first: false, events: 180 });
    }
    expect(await windows(at, now - HOUR, now)).toMatchObject({ truncated: false });
    expect(await read(at, {})).toMatchObject({ truncated: false });
  });
});

describe('a log', () => {
  test('that keeps less than a block says nothing of the last hour, and tells what is gone', async () => {
    const at = await live();
    await at.project('s');
    await at.trim('s', 100);
    expect(await told(at, { from: END - HOUR })).toEqual({ first: false, events: 60 });
    expect(await told(at, { from: END - 2 * HOUR })).toEqual({ first: true, events: 100 });
  });

  test('that nothing was trimmed of says nothing, whether it is indexed or not', async () => {
    const at = await live();
    for (const query of [{ from: START }, { to: END }, { from: START - HOUR, to: END, order: 'newest' as const }]) {
      expect(await read(at, query)).toMatchObject({ truncated: false });
    }
    await at.project('s');
    for (const query of [{ from: START }, { to: END }, { from: START - HOUR, to: END, order: 'newest' as const }]) {
      expect(await read(at, query)).toMatchObject({ truncated: false });
    }
  });

  test('that was trimmed by age says so of a range that has an end alone', async () => {
    const at = await live(HOUR);
    await at.project('s');
    expect(await read(at, { to: START + HOUR })).toMatchObject({ truncated: false });
    await at.trim('s', 60);
    expect(await read(at, { to: START + HOUR })).toMatchObject({ truncated: true, events: [], complete: true });
  });

  test('that is trimmed while it is read says so on the page that misses something', async () => {
    const at = await live();
    await at.project('s');
    const asked = { from: START, to: END, order: 'newest' } as const;
    const first = await read(at, asked);
    expect(first.truncated).toBe(false);
    await at.trim('s', 1_000);
    expect(await read(at, { ...asked, cursor: first.cursor ?? '' })).toMatchObject({ truncated: true });
    const later = { from: END - 10 * HOUR, order: 'newest' } as const;
    const kept = await read(at, later);
    expect(await read(at, { ...later, cursor: kept.cursor ?? '' })).toMatchObject({ truncated: false });
  });

  test('of forecasts says so of a range ahead, of which some are gone', async () => {
    const schema = z.object({ v: z.number() });
    const at = bench({ s: stream({ description: 'S', schema, aheadMs: 48 * HOUR }) });
    for (let hour = 0; hour < 48; hour += 1) await at.append('s', { time: START + hour * HOUR, data: { v: hour } });
    await at.trim('s', 10);
    expect(await read(at, { from: START + 3 * HOUR, to: START + 4 * HOUR })).toMatchObject({ truncated: true });
    await at.project('s');
    expect(await read(at, { from: START + 3 * HOUR, to: START + 4 * HOUR })).toMatchObject({ truncated: true });
    expect(await read(at, { from: START + 60 * HOUR })).toMatchObject({ truncated: false });
  });
});

describe('old events that were read in after the log was trimmed', () => {
  const YEAR = 365 * 24 * HOUR;
  test.each([30, COUNT])('are not said to be gone (%i of them)', async (count) => {
    const at = await live(12 * HOUR);
    await at.project('s');
    await at.trim('s', 1_000);
    at.clock.now = END;
    for (let n = 0; n < count; n += 1) await at.append('s', { time: START - YEAR + n * MINUTE, data: { v: n } });
    await at.project('s');
    const old = await told(at, { from: START - YEAR, to: START - YEAR + count * MINUTE });
    expect(old).toEqual({ first: false, events: count });
    expect(await windows(at, START - YEAR, START - YEAR + HOUR)).toMatchObject({ truncated: false });
    // What was trimmed is said to be so, and what overlaps it may be.
    expect(await read(at, { from: START, to: START + HOUR })).toMatchObject({ truncated: true, events: [] });
    expect(await read(at, { from: START - YEAR, to: START + HOUR })).toMatchObject({ truncated: true });
  });
});
