import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import { utf8Bytes } from '../../../src/base/json.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { estimateHistory } from '../../../src/streams/history/estimate.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import type { WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import { type Bench, bench, seeded, START, TENANT } from './fixture.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const MINUTE = 60_000;
const schema = z.object({ v: z.number() });

const one = (latenessMs: number) => stream({ description: 'Sensors', schema, key: () => 'k', latenessMs });

/** An event each second, 1,000 to a commit. */
async function sensors(events: number) {
  const at = bench({ sensors: one(10 * MINUTE), others: one(0), empty: one(0) });
  for (let first = 0; first < events; first += 1_000) {
    at.clock.now = START + Math.min(first + 999, events - 1) * 1_000;
    const batch = Array.from({ length: Math.min(1_000, events - first) }, (_, index) => ({
      key: `k${index % 3}`,
      time: START + (first + index) * 1_000,
      data: { v: index },
    }));
    await at.append('sensors', ...batch);
    if (first === 0) await at.append('others', ...batch.slice(0, 100));
  }
  await at.project('sensors');
  await at.project('others');
  at.calls.length = 0;
  return at;
}

const estimate = (at: Bench, query: WindowsQuery, name = 'sensors') =>
  estimateHistory(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, name), query, 100);
const read = (at: Bench, query: WindowsQuery) =>
  readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'sensors'), query);

describe('an estimate', () => {
  test('counts what arrived, and takes the newest for what it weighs, in two calls side by side', async () => {
    const at = await sensors(5_000);
    const found = await estimate(at, { window: '5m', field: 'v', from: START });
    expect(at.calls.toSorted()).toEqual(['getMany', 'last']);
    expect(found).toMatchObject({
      events: 5_000,
      storeCalls: 2,
      queryCalls: 6,
      mostEvents: 19_000,
      fits: true,
      hint: null,
    });
    const page = await at.deps.store.last('public/stream/sensors', 20);
    const each = page.entries.reduce((sum, { value }) => sum + utf8Bytes(JSON.stringify(value)), 0) / 20;
    expect(found.bytes).toBe(Math.round(each * 5_000));
    // What the query then reads is what was told.
    const { scanned } = await read(at, { window: '5m', field: 'v', from: START, by: [] });
    expect(scanned.entries).toBe(5_000);
  });

  test('of a range that has ended ends with the last block that holds an event of it', async () => {
    const at = await sensors(5_000);
    // 1,200 events, of which the last are in the fifth block of 256.
    const to = START + 1_200_000;
    const found = await estimate(at, { window: '5m', from: START, to });
    expect(at.calls.toSorted()).toEqual(['getMany', 'last']);
    const { scanned } = await read(at, { window: '5m', from: START, to, by: [] });
    expect(found).toMatchObject({ events: 5 * 256, inRange: 1_201, storeCalls: 2 });
    expect(scanned.entries).toBe(5 * 256);
  });

  test('of several streams adds up, and one that never had an event is nothing', async () => {
    const at = await sensors(2_000);
    const also = [{ stream: 'others', field: 'v' }, { stream: 'empty' }, { field: undefined }];
    const found = await estimate(at, { window: '5m', field: 'v', from: START, also: also });
    expect(found).toMatchObject({ events: 2_100, storeCalls: 6, fits: true });
  });

  test('of a listing is held against a page', async () => {
    const at = await sensors(2_000);
    expect(await estimate(at, {})).toMatchObject({
      events: 2_000,
      mostEvents: 100,
      fits: false,
      hint: /pages/ as never,
    });
    expect(await estimate(at, { from: at.clock.now + MINUTE })).toMatchObject({ fits: true });
  });

  test('where the index is of a log before this one counts all that is there', async () => {
    const at = await sensors(3_000);
    const { store } = at.deps;
    const again = bench({ sensors: one(0) });
    const now = again.clock.now;
    for (const partition of [`${TENANT}/position/latest`, `${TENANT}/times/sensors`]) {
      const { records } = await store.list(partition, { now, limit: 10 });
      const puts = records.map(({ id, value }) => ({ kind: 'put', partition, id, value, expects: null }) as const);
      await again.deps.store.commit(puts, { id: partition, now, deadline: now + 1_000 });
    }
    const old = START - 86_400_000;
    const events = Array.from({ length: 400 }, (_, index) => ({ key: 'k', time: old + index, data: { v: 1 } }));
    await again.append('sensors', ...events);
    expect(await estimate(again, { from: old, to: old + 400 })).toMatchObject({
      events: 400,
      inRange: 400,
      fits: false,
    });
  });

  test('refuses what the query would be refused for, and a cursor', async () => {
    const at = await sensors(10);
    await expect(estimate(at, { window: 'x' })).rejects.toMatchObject({ field: 'window' });
    await expect(estimate(at, { cursor: 'x' })).rejects.toMatchObject({ field: 'cursor' });
    expect(at.calls).toEqual([]);
  });
});

describe('a query that would read more than it may', () => {
  test('is refused after one read, with a range that would fit', async () => {
    const at = await sensors(12_000);
    const query: WindowsQuery = { window: '1h', field: 'v', from: START, aggregates: ['p50'] };
    const refused = await read(at, query).catch((error: unknown) => error as { hint: string });
    expect(refused).toMatchObject({ code: 'too_costly', field: 'from', message: expect.stringContaining('12000') });
    expect(at.calls).toEqual(['getMany', 'read']);
    // The hint holds.
    const [, fits = ''] = /about (\d+[smhd]) would fit/.exec((refused as { hint: string }).hint) ?? [];
    await expect(read(at, { ...query, from: `-${fits}` })).resolves.toMatchObject({ complete: true });
  });

  test('says so where disorder is what takes it', async () => {
    const at = bench({ sensors: stream({ description: 'Sensors', schema }) });
    const random = seeded(1);
    for (let part = 0; part < 12; part += 1) {
      const times = Array.from({ length: 1_000 }, () => START + Math.floor(random() * 1_000) * MINUTE);
      await at.append('sensors', ...times.map((time) => ({ time, data: { v: 1 } })));
    }
    await at.project('sensors');
    const query = { window: '1m', from: START, to: START + 10 * MINUTE, field: 'v', aggregates: ['p50'] };
    const found = await estimate(at, query);
    expect(found.events).toBeGreaterThan(11_000);
    expect(found).toMatchObject({ fits: false, hint: expect.stringContaining('order of their times') });
    expect(found.inRange).toBeLessThan(200);
    await expect(read(at, query)).rejects.toMatchObject({
      code: 'too_costly',
      hint: expect.stringContaining('order of their times'),
    });
  });

  test('is answered in parts where maxEvents is given, and each page on from its cursor', async () => {
    const at = await sensors(12_000);
    const asked = { window: '1h', field: 'v', from: START, maxEvents: 10_000 };
    const page = await read(at, asked);
    expect(page).toMatchObject({ complete: false, scanned: { entries: 10_000 } });
    const rest = await read(at, { ...asked, cursor: page.cursor ?? '' });
    expect(rest).toMatchObject({ complete: true, scanned: { entries: 2_000 } });
  });

  test('of just as much as it may is whole', async () => {
    const at = await sensors(10_000);
    const page = await read(at, { window: '1h', field: 'v', from: START });
    expect(page).toMatchObject({ complete: true, cursor: null, scanned: { entries: 10_000, storeCalls: 12 } });
  });
});

describe('several streams on one grid', () => {
  test('share the budget and the calls, and go on each where it ended', async () => {
    const at = await sensors(3_000);
    const query: WindowsQuery = {
      window: '10m',
      field: 'v',
      by: [],
      from: START,
      also: [{ stream: 'others', field: 'v' }],
    };
    const whole = await read(at, query);
    expect(whole.complete).toBe(true);
    const pages = [await read(at, { ...query, maxEvents: 502 })];
    for (let page = pages[0]; page && page.cursor !== null; page = pages.at(-1)) {
      pages.push(await read(at, { ...query, cursor: page.cursor, maxEvents: 502 }));
    }
    for (const name of ['sensors', 'others']) {
      const count = (page: typeof whole) =>
        page.rows.filter((row) => row.stream === name).reduce((sum, row) => sum + row.count, 0);
      expect(pages.reduce((sum, page) => sum + count(page), 0)).toBe(count(whole));
    }
    expect(pages.length).toBe(12);
    at.calls.length = 0;
    await read(at, { ...query, also: [...(query.also ?? []), { stream: 'empty' }], maxEvents: 19_000 });
    expect(at.calls.length).toBeLessThanOrEqual(21);
  });

  test('a row too many for one series is in no series of the page, and in all of the next', async () => {
    const at = bench({
      s: stream({ description: 'S', schema: z.object({ a: z.number().nullable(), b: z.number() }) }),
    });
    for (let second = 0; second < 600; second += 1) {
      at.clock.now = START + second * 1_000;
      await at.append('s', { data: { a: second < 80 ? null : 1, b: 1 } });
    }
    const declared = findStream(at.app, 's');
    const query: WindowsQuery = { window: '1s', field: 'a', from: START, also: [{ field: 'b' }] };
    const first = await readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), declared, query);
    expect([first.complete, first.rows.length]).toEqual([false, 420 + 500]);
    const further = { ...query, cursor: first.cursor ?? '' };
    const second = await readWindows(scopeOfLogs(at.deps, { tenant: TENANT }), declared, further);
    expect([second.complete, second.rows.length]).toEqual([true, 200]);
    expect([...first.rows, ...second.rows].every(({ count }) => count === 1)).toBe(true);
  });
});
