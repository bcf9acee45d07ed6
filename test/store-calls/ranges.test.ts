/**
 * Store calls of a page of a range, by how events arrived: in the order of their times, read in later, of what is to come, or
 * anyhow. The follower of the latest events has followed all of them, or a few are behind it.
 */
import { describe, expect, test } from 'vitest';
import { encodeCursor } from '../../src/store/cursor.ts';
import { type Disorder, eventsOf, HOUR, past, type Past } from '../streams/history/past.ts';
import { START } from '../streams/history/fixture.ts';

/** Calls of each page of a range, in order; each event is found once. */
async function pagesOf(at: Past, query: Parameters<Past['read']>[0]): Promise<string[][]> {
  const pages: string[][] = [];
  const found: string[] = [];
  for (let next: typeof query | null = query; next !== null;) {
    at.calls.length = 0;
    const page = await at.read(next);
    pages.push([...at.calls]);
    found.push(...page.events.map(({ id }) => id));
    next = page.cursor === null ? null : { ...query, cursor: page.cursor };
  }
  const [from, to] = [Number(query.from), Number(query.to)];
  expect(found.length).toBe(at.held.filter(({ time }) => time >= from && time < to).length);
  return pages;
}

async function filled(disorder: Disorder, count = 6_000) {
  const at = past();
  // Live data of ten minutes come before and after it.
  await at.add(...eventsOf('ordered', START, 600, 1));
  const events = eventsOf(disorder, START + 2 * HOUR, count, 2);
  for (let from = 0; from < count; from += 10_000) await at.add(...events.slice(from, from + 10_000));
  at.clock.now = START + 200 * HOUR;
  await at.add(...eventsOf('ordered', at.clock.now, 600, 3));
  await at.project('events');
  return at;
}

const DAY = 24 * HOUR;
/** An event a minute. */
const run = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: 'k', time: from + index * 60_000, data: { v: 1 } }));
const pieces = <T>(count: number, make: (piece: number) => T[]) =>
  Array.from({ length: count }, (_, n) => make(n)).flat();

const ofRead = (kind: string) => [['getMany', kind]];

describe.each(['oldest', 'newest'] as const)('%s first', (order) => {
  const kind = 'read';

  test('events in the order of their times: two calls a page', async () => {
    const at = await filled('ordered');
    const range = { from: START + 2.5 * HOUR, to: START + 2.5 * HOUR + 400_000, order };
    expect(await pagesOf(at, { ...range, limit: 500 })).toEqual(ofRead(kind));
    const pages = await pagesOf(at, { ...range, limit: 90 });
    expect(pages).toHaveLength(5);
    for (const page of pages) expect(page).toEqual(['getMany', kind]);
  });

  test('events that are behind the index: one call more', async () => {
    const at = await filled('ordered');
    await at.add({ key: 'k', time: START, data: { v: 1 } });
    const range = { from: START + 2.5 * HOUR, to: START + 2.5 * HOUR + 90_000, order };
    expect(await pagesOf(at, range)).toEqual([['getMany', kind, 'read']]);
    // The newest events are read with them.
    const newest = { from: at.clock.now, to: at.clock.now + HOUR, order, limit: 1_000 };
    expect(await pagesOf(at, newest)).toEqual(ofRead(kind));
  });

  test('events that were read in later are in an order of their own: three calls a page at most', async () => {
    const at = await filled('backfilled');
    for (const hours of [-910, -955, -999]) {
      const range = { from: START + hours * HOUR, to: START + (hours + 8) * HOUR, order };
      const pages = await pagesOf(at, { ...range, limit: 100 });
      expect(pages).toHaveLength(5);
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(3);
    }
  });

  test('also where live events came between their pieces: two calls a page', async () => {
    const at = past();
    await at.add(...eventsOf('ordered', START, 600, 1));
    for (const piece of Array.from({ length: 12 }, (_, index) => index)) {
      const events = eventsOf('backfilled', START, 500 * 12, 2).slice(piece * 500, (piece + 1) * 500);
      await at.add(...events, ...eventsOf('ordered', START + (piece + 1) * HOUR, 7, 3));
      await at.project('events');
    }
    const range = { from: START - 950 * HOUR, to: START - 947 * HOUR, order };
    expect(await pagesOf(at, { ...range, limit: 100 })).toEqual([
      ['getMany', kind],
      ['getMany', kind],
    ]);
    // Between the past that was read in and what came live there is nothing.
    const between = { from: START - 800 * HOUR, to: START - HOUR, order };
    expect((await pagesOf(at, between)).flat()).toEqual(['getMany', 'read']);
  });

  test.each([
    ['of a clock that was wrong now and then', pieces(60, (n) => [...run(START + n * HOUR, 60), ...run(n, 1)])],
    ['of which a few came days late', pieces(60, (n) => [...run(START + n * HOUR, 60), ...run(START - 6 * DAY, 1)])],
    ['that were read in day by day, the newest day first', pieces(4, (n) => run(START + (3 - n) * DAY, 1_440))],
    [
      'of five years that were read in at once, beside live ones',
      pieces(40, (n) => [
        ...pieces(5, (year) => run(START - year * 365 * DAY + n * HOUR, 60)),
        ...run(START + (30 + n) * DAY, 5),
      ]),
    ],
  ])('events %s: two calls a page', async (_, events) => {
    const at = past();
    for (let from = 0; from < events.length; from += 200) {
      await at.add(...events.slice(from, from + 200));
      await at.project('events');
    }
    const range = { from: START + 20 * HOUR, to: START + 22 * HOUR, order };
    expect(await pagesOf(at, { ...range, limit: 90 })).toEqual([
      ['getMany', kind],
      ['getMany', kind],
    ]);
  });

  test.each(['future', 'mixed'] as const)('events in disorder (%s): twelve calls a page', async (disorder) => {
    const at = await filled(disorder);
    const pages = await pagesOf(at, { from: START + 20 * HOUR, to: START + 21 * HOUR, order });
    // Each page looks at up to 10,000 entries.
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(12);
    expect(pages.length).toBeLessThanOrEqual(5);
  });

  test('a range in which nothing is: two calls', async () => {
    const at = await filled('ordered');
    expect(await pagesOf(at, { from: START - 50 * HOUR, to: START - 49 * HOUR, order })).toEqual(ofRead('read'));
    expect(await pagesOf(at, { from: START + 900 * HOUR, to: START + 901 * HOUR, order })).toEqual(ofRead('read'));
  });
});

test('beyond the newest 65,000 events a page takes a call more', { timeout: 60_000 }, async () => {
  const at = await filled('ordered', 140_000);
  const kind = 'read';
  for (const order of ['oldest', 'newest'] as const) {
    const range = { from: START + 3 * HOUR, to: START + 3 * HOUR + 500_000, order, limit: 100 };
    const [first, ...others] = await pagesOf(at, range);
    expect(first).toEqual(['getMany', 'getMany', kind]);
    expect(others).toHaveLength(4);
    for (const page of others) expect(page).toEqual(['getMany', 'getMany', kind]);
  }
  // From one leaf into the next.
  const long = { from: START + 19.5 * HOUR, to: START + 20.5 * HOUR, limit: 500 };
  const pages = await pagesOf(at, long);
  expect(pages.length).toBeGreaterThan(7);
  for (const page of pages.slice(1)) expect(page.length).toBeLessThanOrEqual(4);
});

test('without bounds a page takes two calls', async () => {
  const at = await filled('ordered');
  at.calls.length = 0;
  const { cursor } = await at.read({});
  await at.read({ cursor: cursor ?? '' });
  expect(at.calls).toEqual(['getMany', 'read', 'getMany', 'read']);
});

test('a log that began anew is answered as its reader finds it', async () => {
  const at = past();
  const { store, runtime } = at.deps;
  await at.add(...eventsOf('ordered', START, 10, 1));
  const position = { partition: 'public/position/latest', id: 'public/stream/events' };
  const value = { cursor: encodeCursor('lost', 2_000), open: { from: 1_792, times: [START, 5] } };
  const options = { id: runtime.newId(), now: at.clock.now, deadline: at.clock.now + 1_000 };
  await store.commit([{ kind: 'put', ...position, value, expects: null }], options);
  for (const order of ['oldest', 'newest'] as const) {
    await pagesOf(at, { from: START + 2_000, to: START + 8_000, order, limit: 4 });
  }
});
