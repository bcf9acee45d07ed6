/** History is told by the times of events, whatever the order was in which they arrived. */
import { expect, test } from 'vitest';
import { START } from '../history/fixture.ts';
import { eventsOf, HOUR, past } from '../history/past.ts';

const MINUTE = 60_000;
const valuesOf = (events: readonly { data: unknown }[]) => events.map(({ data }) => (data as { v: number }).v);
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);
const one = (time: number, v: number) => ({ key: 'k0', time, data: { v } });

test('the newest event is the one with the latest time, also where an older one arrived last', async () => {
  const at = past();
  await at.add(...Array.from({ length: 600 }, (_, n) => one(START + n * MINUTE, n)));
  await at.project('events');
  await at.add(...Array.from({ length: 144 }, (_, n) => one(START - 48 * HOUR + n * MINUTE, 1_000 + n)));
  for (const follows of [false, true]) {
    if (follows) await at.project('events');
    expect(valuesOf((await at.read({ limit: 2 })).events)).toEqual([599, 598]);
    expect(valuesOf((await at.read({ order: 'oldest', limit: 2 })).events)).toEqual([1_000, 1_001]);
    const asOf = await at.read({ to: START + 100 * MINUTE, order: 'newest', limit: 1 });
    expect([valuesOf(asOf.events), asOf.by]).toEqual([[99], 'time']);
  }
});

test('a page that goes on at a time of many events gives each of them once, in the order of arrival', async () => {
  const at = past();
  await at.add(...Array.from({ length: 40 }, (_, v) => one(START + Math.floor(v / 20) * HOUR, v)));
  for (const order of ['oldest', 'newest'] as const) {
    const found: number[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await at.read({ order, limit: 7, ...(cursor ? { cursor } : {}) });
      found.push(...valuesOf(page.events));
      ({ cursor } = page);
    } while (cursor !== null);
    const all = Array.from({ length: 40 }, (_, v) => v);
    expect(found).toEqual(order === 'oldest' ? all : all.toReversed());
  }
});

test('times between two milliseconds are kept apart over pages', async () => {
  const at = past();
  const times = [0.25, 0.5, 0.75, 1, 1.25].map((ms) => START + ms);
  await at.add(...times.map((time, v) => one(time, v)));
  const found: number[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await at.read({ from: START, limit: 1, ...(cursor ? { cursor } : {}) });
    found.push(...valuesOf(page.events));
    ({ cursor } = page);
  } while (cursor !== null);
  expect(found).toEqual([0, 1, 2, 3, 4]);
});

test('where more orders of arrival overlap than can be sorted, a page comes as they arrived, and says so to its end', async () => {
  const at = past();
  // Each block of the index has times of the whole week.
  const times = eventsOf('mixed', START, 30_000, 3).map((event, n) => ({
    ...event,
    time: START + ((n * 7_919) % 10_080) * MINUTE,
  }));
  await at.add(...times);
  await at.project('events');
  const first = await at.read({ limit: 100 });
  expect(first).toMatchObject({ by: 'arrival', complete: false });
  expect(first.events.map(({ id }) => id)).toEqual(
    at.held
      .slice(-100)
      .map(({ id }) => id)
      .toReversed(),
  );
  const next = await at.read({ limit: 100, cursor: first.cursor ?? '' });
  expect(next.by).toBe('arrival');
  expect(next.events[0]?.id).toBe(at.held.at(-101)?.id);
});

test.each(['oldest', 'newest'] as const)(
  'buffers of a day that 30 devices hand in one after the other come out whole, the %s first',
  { timeout: 60_000 },
  async (order) => {
    const at = past();
    const times = Array.from({ length: 30 }, (_, device) =>
      Array.from({ length: 400 }, (_each, n) => ({
        ...one(START + n * 216_000 + device * 7, device * 400 + n),
        key: `k${device}`,
      })),
    );
    for (const device of times) await at.add(...device);
    await at.project('events');
    const within = { from: START, to: START + 24 * HOUR, order };
    const all = async (asked: Parameters<typeof at.read>[0]) => {
      const found: number[] = [];
      const ways: string[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await at.read({ ...within, ...asked, ...(cursor ? { cursor } : {}) });
        found.push(...valuesOf(page.events));
        if (ways.at(-1) !== page.by) ways.push(page.by);
        ({ cursor } = page);
      } while (cursor !== null);
      return { found: found.toSorted((a, b) => a - b), ways };
    };
    const whole = await all({ limit: 900 });
    expect(whole).toEqual({ found: upTo(12_000), ways: ['time', 'arrival'] });
    expect((await all({})).found).toEqual(upTo(12_000));
    expect((await all({ limit: 900, keys: ['k3'] })).found).toEqual(upTo(400, 1_200));
    expect((await all({ limit: 900, where: { v: { atLeast: 11_990 } } })).found).toEqual(upTo(10, 11_990));
  },
);

test(
  'what arrived between two pages is not given twice where the rest comes as it arrived',
  { timeout: 60_000 },
  async () => {
    const at = past();
    const shuffled = Array.from({ length: 12_000 }, (_, n) => one(START + ((n * 7_919) % 12_000) * 7_000, n));
    await at.add(...shuffled);
    await at.project('events');
    const within = { from: START, to: START + 24 * HOUR, order: 'oldest', limit: 500 } as const;
    const found: number[] = [];
    let cursor: string | null | undefined;
    let pages = 0;
    do {
      const page = await at.read({ ...within, ...(cursor ? { cursor } : {}) });
      found.push(...valuesOf(page.events));
      ({ cursor } = page);
      pages += 1;
      if (pages === 3) await at.add(one(START + 23 * HOUR, 12_000));
    } while (cursor !== null);
    expect(found.toSorted((a, b) => a - b)).toEqual(upTo(12_001));
  },
);

test('a cursor of a release that read in order of arrival goes on as it did', async () => {
  const at = past();
  await at.add(one(START, 1), one(START - HOUR, 2), one(START + HOUR, 3));
  const first = await at.read({ by: 'arrival', order: 'oldest', limit: 1 });
  const next = await at.read({ order: 'oldest', cursor: first.cursor ?? '' });
  expect([valuesOf(next.events), next.by]).toEqual([[2, 3], 'arrival']);
});
