import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import type { StreamEvent } from '../../../src/base/event.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { type HistoryPage, type HistoryQuery, readHistory } from '../../../src/streams/history/events.ts';
import { tailStream } from '../../../src/streams/history/tail.ts';
import { type Bench, bench, type EventDraft, seeded, START, TENANT } from './fixture.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const schema = z.object({ v: z.number() });
const SECOND = 1_000;

function twoStreams(): Bench {
  return bench({
    plain: stream({ description: 'Without keys', schema, latenessMs: 60 * SECOND }),
    keyed: stream({
      description: 'With keys',
      schema,
      key: () => 'k',
      latenessMs: 60 * SECOND,
      retention: { ageMs: 86_400_000 },
    }),
  });
}

const read = (at: Bench, query: HistoryQuery, name = 'plain') =>
  readHistory(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, name), query);

/** Follows cursors to the end; `between` runs before each further page. */
async function readAll(at: Bench, query: HistoryQuery, between: (page: HistoryPage) => Promise<void>, name = 'plain') {
  const pages = [await read(at, query, name)];
  for (let page = pages[0]; page && page.cursor !== null; page = pages.at(-1)) {
    await between(page);
    pages.push(await read(at, { ...query, cursor: page.cursor }, name));
    expect(pages.length).toBeLessThan(1_000);
  }
  expect(pages.at(-1)?.complete).toBe(true);
  expect(pages.slice(0, -1).every(({ complete }) => !complete)).toBe(true);
  return { pages, events: pages.flatMap(({ events }) => events) };
}

const ids = (events: readonly StreamEvent[]) => events.map(({ id }) => id);
const numbered = (from: number, count: number, draft: EventDraft = {}) =>
  Array.from({ length: count }, (_, index) => ({ ...draft, id: `${from + index}` }));
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `${from + index}`);

describe('without a range', () => {
  test('the newest events, newest first, in two calls', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 10));
    const page = await read(at, { limit: 3 });
    expect(ids(page.events)).toEqual(['9', '8', '7']);
    expect(page).toMatchObject({ order: 'newest', complete: false, truncated: false, scanned: { storeCalls: 2 } });
    expect(at.calls).toEqual(['getMany', 'read']);
  });

  test('a page that holds all is complete, also when it is just full', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 3));
    expect(await read(at, { limit: 3 })).toMatchObject({ complete: true, cursor: null });
  });

  test('a stream without events is empty and complete, and its tail begins at its first event', async () => {
    const at = twoStreams();
    const page = await read(at, {});
    expect(page).toMatchObject({ events: [], complete: true, cursor: null, truncated: false });
    expect(page.tailCursor).not.toBeNull();
    expect(await read(at, { from: '-1h', to: 'now' })).toMatchObject({ events: [], complete: true });
  });

  test('pages backwards give each event once while others are appended', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 50));
    let next = 50;
    const { events, pages } = await readAll(at, { limit: 7 }, async () => {
      await at.append('plain', ...numbered(next, 3));
      next += 3;
    });
    expect(ids(events)).toEqual(names(0, 50).toReversed());
    for (const page of pages) expect(page.scanned.storeCalls).toBeLessThanOrEqual(2);
  });

  test('pages backwards end where a trim has overtaken them, and say so', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 50));
    const first = await read(at, { limit: 10 });
    await at.trim('plain', 25);
    const { events } = await readAll(at, { limit: 10, cursor: first.cursor ?? '' }, async () => {});
    expect(ids([...first.events, ...events])).toEqual(names(25, 50).toReversed());
    await at.trim('plain', 5);
    const late = await read(at, { cursor: first.cursor ?? '' });
    expect(late).toMatchObject({ events: [], complete: true, truncated: true });
  });

  test('1,000 events to a page is the most, and such pages join as well', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 1_500));
    const { events, pages } = await readAll(at, { limit: 1_000 }, async () => {});
    expect(ids(events)).toEqual(names(0, 1_500).toReversed());
    expect(pages.map((page) => page.events.length)).toEqual([1_000, 500]);
  });

  test('oldest first from the oldest event that is left', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 10));
    await at.trim('plain', 6);
    const page = await read(at, { order: 'oldest', limit: 2 });
    expect(ids(page.events)).toEqual(['4', '5']);
    expect(at.calls).toEqual(['getMany', 'read']);
  });

  test('a page ends before it grows too long, and the next goes on there', async () => {
    const at = twoStreams();
    const data = { v: 1, text: 'x'.repeat(250_000) };
    await at.append('plain', ...numbered(0, 9, { data }));
    for (const order of ['newest', 'oldest'] as const) {
      const { events, pages } = await readAll(at, { order }, async () => {});
      expect(ids(events)).toEqual(order === 'oldest' ? names(0, 9) : names(0, 9).toReversed());
      expect(pages.map((page) => page.events.length)).toEqual([3, 3, 3]);
    }
  });
});

describe('a range', () => {
  test('holds its start and not its end, and costs two calls', async () => {
    const at = twoStreams();
    for (let second = 0; second < 20; second += 1) {
      at.clock.now = START + second * SECOND;
      await at.append('plain', { id: `${second}` });
    }
    const page = await read(at, { from: START + 5 * SECOND, to: START + 8 * SECOND });
    expect(ids(page.events)).toEqual(['5', '6', '7']);
    expect(page).toMatchObject({ order: 'oldest', complete: true, cursor: null });
    expect(at.calls).toEqual(['getMany', 'read']);
  });

  test('the same moment twice is a range that holds nothing', async () => {
    const at = twoStreams();
    await at.append('plain', { id: '0', time: START });
    expect(await read(at, { from: START, to: START })).toMatchObject({ events: [], complete: true });
  });

  test('finds what arrived late and what arrived early, however late or early that was', async () => {
    const at = twoStreams();
    const time = START + 100 * SECOND;
    for (const [id, arrival] of [
      ['too early', -5_001],
      ['early', -5_000],
      ['on time', 0],
      ['late', 59_000],
      ['just', 60_001],
      ['too late', 60_002],
    ] as const) {
      at.clock.now = time + arrival;
      await at.append('plain', { id, time });
    }
    at.clock.now = time + 3_600 * SECOND;
    const query = { from: time, to: time + 1 };
    const all = ['too early', 'early', 'on time', 'late', 'just', 'too late'];
    expect(ids((await read(at, query)).events)).toEqual(all);
    const backwards = await read(at, { ...query, order: 'newest' });
    expect(ids(backwards.events)).toEqual(all.toReversed());
    expect(at.calls).toEqual(['getMany', 'read', 'getMany', 'read']);
  });

  test('only an end: newest first, from there on back', async () => {
    const at = twoStreams();
    for (let second = 0; second < 200; second += 1) {
      at.clock.now = START + second * SECOND;
      await at.append('plain', { id: `${second}` });
    }
    const page = await read(at, { to: START + 10 * SECOND, limit: 3 });
    expect(ids(page.events)).toEqual(['9', '8', '7']);
    expect(page.tailCursor).toBeNull();
  });

  test('a page without keys takes twelve calls, however much its edges leave out; what is missing is behind its cursor', async () => {
    const at = twoStreams();
    const old = numbered(-3_000, 3_000, { time: START - SECOND });
    // As many came within the skew before the beginning as within the lateness after the end.
    await at.append('plain', ...old, ...numbered(0, 40), ...numbered(40, 3_000, { time: START + SECOND }));
    for (const order of ['oldest', 'newest'] as const) {
      at.clock.now = START + 3_600 * SECOND;
      const query = { from: START, to: START + 1, order, limit: 10 };
      const { events, pages } = await readAll(at, query, async () => {});
      expect(ids(events)).toEqual(order === 'oldest' ? names(0, 40) : names(0, 40).toReversed());
      for (const { scanned } of pages) expect(scanned.storeCalls).toBeLessThanOrEqual(12);
      // A page that came out short is followed by long strides.
      expect(pages.length).toBeLessThan(12);
    }
  });

  test.each([1, 2, 3, 4, 5, 6])('seed %i: pages cover it once, either way, while events are appended', async (seed) => {
    const random = seeded(seed);
    const at = twoStreams();
    const made: { id: string; key: string; time: number }[] = [];
    const burst = async (count: number, dueAfter: number) => {
      for (let index = 0; index < count; index += 1) {
        at.clock.now += Math.floor(random() * 2 * SECOND);
        const late = random() < 0.3 ? Math.floor(random() * 50 * SECOND) : 0;
        const event = { id: `${made.length}`, key: `k${Math.floor(random() * 3)}`, time: at.clock.now - late };
        made.push({ ...event, time: Math.max(event.time, dueAfter) });
        await at.append('keyed', { ...event, time: Math.max(event.time, dueAfter) });
      }
    };
    await burst(300, 0);
    const from = START + Math.floor(random() * 100) * SECOND;
    const to = from + (60 + Math.floor(random() * 100)) * SECOND;
    const keys = seed % 2 === 0 ? ['k1', 'k2'] : undefined;
    const order = seed % 3 === 0 ? 'newest' : 'oldest';
    const asked = made
      .filter(({ time, key }) => time >= from && time < to && (keys === undefined || keys.includes(key)))
      .sort((a, b) => a.time - b.time || Number(a.id) - Number(b.id));
    expect(asked.length).toBeGreaterThan(20);
    const query = { from, to, order, limit: 1 + Math.floor(random() * 20), ...(keys ? { keys } : {}) } as const;
    const { events } = await readAll(at, query, () => burst(5, to), 'keyed');
    expect(ids(events)).toEqual(ids(order === 'oldest' ? (asked as never) : (asked.toReversed() as never)));
  });

  test('forwards, a trim between two pages is told, and nothing comes twice', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 100));
    const first = await read(at, { from: '-1h', limit: 10 });
    await at.trim('plain', 40);
    const second = await read(at, { from: '-1h', cursor: first.cursor ?? '', limit: 10 });
    expect(ids(second.events)).toEqual(names(60, 70));
    expect([first.truncated, second.truncated]).toEqual([false, true]);
  });

  test('a range that begins before what retention keeps is truncated only where something was trimmed', async () => {
    const at = twoStreams();
    await at.append('keyed', { id: '0', key: 'k' });
    expect(await read(at, { from: '-2d' }, 'keyed')).toMatchObject({ truncated: false });
    expect(await read(at, { from: '-1h' }, 'keyed')).toMatchObject({ truncated: false });
  });

  test('keys leave out others, but never a gap that concerns all', async () => {
    const at = twoStreams();
    await at.append(
      'keyed',
      { id: 'a', key: 'a' },
      { id: 'b', key: 'b' },
      { id: 'gap', meta: { gap: { reason: 'session lost' } } },
      { id: 'gap of b', key: 'b', meta: { gap: { reason: 'restart' } } },
      { id: 'none' },
    );
    expect(ids((await read(at, { keys: ['a'], order: 'oldest' }, 'keyed')).events)).toEqual(['a', 'gap']);
  });
});

describe('the scan budget', () => {
  test('stops a search for a rare key with a cursor, in entries and in reads', async () => {
    const at = twoStreams();
    for (let chunk = 0; chunk < 30; chunk += 1)
      await at.append('keyed', ...numbered(chunk * 1_000, 1_000, { key: 'a' }));
    await at.append('keyed', { id: 'rare', key: 'b' });
    const page = await read(at, { keys: ['b'], order: 'oldest' }, 'keyed');
    expect(page).toMatchObject({ events: [], complete: false, scanned: { entries: 10_000 } });
    expect(page.scanned.storeCalls).toBeLessThanOrEqual(20);
    expect(at.calls.length).toBe(page.scanned.storeCalls);
    const { events, pages } = await readAll(at, { keys: ['b'], order: 'oldest' }, async () => {}, 'keyed');
    expect(ids(events)).toEqual(['rare']);
    expect(pages.length).toBe(4);

    const few = await readHistory(
      scopeOfLogs(at.deps, { tenant: TENANT }),
      findStream(at.app, 'keyed'),
      { keys: ['c'], limit: 1 },
      { budget: { entries: 10_000, reads: 3 } },
    );
    expect(few).toMatchObject({ complete: false, scanned: { storeCalls: 3 } });
  });

  test('a deadline that is near stops it too, after one read', async () => {
    const at = twoStreams();
    for (let chunk = 0; chunk < 3; chunk += 1)
      await at.append('keyed', ...numbered(chunk * 1_000, 1_000, { key: 'a' }));
    const deadline = at.clock.now + 100;
    const page = await readHistory(
      scopeOfLogs(at.deps, { tenant: TENANT }),
      findStream(at.app, 'keyed'),
      { keys: ['b'] },
      { deadline },
    );
    expect(page).toMatchObject({ complete: false, scanned: { storeCalls: 2 } });
  });
});

test.each([
  { order: 'oldest', by: 'time' },
  { order: 'newest', by: 'time' },
  { order: 'oldest', by: 'arrival' },
  { order: 'newest', by: 'arrival' },
] as const)('who takes the events of a page learns in which order they came: %j', async (query) => {
  const at = twoStreams();
  const agos = [10, 40, 20, 50, 30];
  await at.append('plain', ...agos.map((ago, index) => ({ id: `${index}`, time: START - ago * SECOND })));
  const taken: { id: string; place: number }[] = [];
  const take = ({ id }: StreamEvent, place: number) => taken.push({ id, place }) > 0;
  const scope = scopeOfLogs(at.deps, { tenant: TENANT });
  const { by, events } = await readHistory(scope, findStream(at.app, 'plain'), query, { take });
  expect([by, taken.map(({ id }) => id)]).toEqual([query.by, ids(events)]);
  expect(taken.toSorted((one, other) => one.place - other.place).map(({ id }) => id)).toEqual(names(0, 5));
});

test('a tail takes over from the newest page, and from the end of a range without one, with nothing missed', async () => {
  const at = twoStreams();
  await at.append('plain', ...numbered(0, 5));
  const pages = [await read(at, { limit: 2 }), await read(at, { from: '-1h' }), await read(at, { order: 'oldest' })];
  await at.append('plain', { id: 'next' });
  for (const { tailCursor } of pages) {
    const tail = await tailStream(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'plain'), {
      cursor: tailCursor,
      maxEvents: 10,
      timeoutMs: 0,
      settleMs: 0,
      signal: new AbortController().signal,
      deadline: at.clock.now + 60_000,
    });
    expect(ids(tail.events)).toEqual(['next']);
  }
  expect((await read(at, { order: 'oldest', limit: 2 })).tailCursor).toBeNull();
});

describe('refused', () => {
  test.each<[string, HistoryQuery, object]>([
    ['a range that ends before it starts', { from: '-1h', to: '-2h' }, { code: 'invalid_input', field: 'from' }],
    ['a text that is no time', { to: 'soon' }, { code: 'invalid_input', field: 'to' }],
    ['no events', { limit: 0 }, { code: 'invalid_input', field: 'limit' }],
    ['too many events', { limit: 1_001 }, { code: 'invalid_input', field: 'limit' }],
    ['half an event', { limit: 1.5 }, { code: 'invalid_input', field: 'limit' }],
    ['keys where there are none', { keys: ['a'] }, { code: 'invalid_input', field: 'keys' }],
    ['what is no cursor', { cursor: 'abc!' }, { code: 'bad_cursor', field: 'cursor' }],
  ])('%s', async (_name, query, expected) => {
    const at = twoStreams();
    await expect(read(at, query)).rejects.toMatchObject(expected);
    expect(at.calls).toEqual([]);
  });

  test('too many keys, or too long ones', async () => {
    const at = twoStreams();
    for (const keys of [names(0, 21), names(0, 10).map((key) => key.repeat(250))]) {
      await expect(read(at, { keys }, 'keyed')).rejects.toMatchObject({ code: 'invalid_input', field: 'keys' });
    }
  });

  test('a cursor of another stream, of another read, or with another query', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 10));
    await at.append('keyed', ...numbered(0, 10, { key: 'a' }));
    const query = { from: START - SECOND, to: START + SECOND, limit: 2, keys: ['a'] };
    const { cursor, tailCursor } = await read(at, query, 'keyed');
    const whole = await read(at, { order: 'oldest' }, 'keyed');
    expect(tailCursor).toBeNull();
    const given = { ...query, cursor: cursor ?? '' };
    for (const [changed, name] of [
      [{ cursor: cursor ?? '', from: query.from, to: query.to }, 'plain'],
      [{ cursor: cursor ?? '' }, 'keyed'],
      [{ ...given, to: START + 2 * SECOND }, 'keyed'],
      [{ ...given, from: START }, 'keyed'],
      [{ ...given, keys: ['b'] }, 'keyed'],
      [{ ...given, order: 'newest' }, 'keyed'],
      [{ ...query, cursor: whole.tailCursor ?? '' }, 'keyed'],
    ] as const) {
      await expect(read(at, changed, name)).rejects.toMatchObject({ code: 'bad_cursor', field: 'cursor' });
    }
    expect(ids((await read(at, { ...query, ...given }, 'keyed')).events)).toEqual(['2', '3']);
    // As it was given, or as the page answered it.
    await expect(read(at, { ...given, from: '-1h' }, 'keyed')).rejects.toMatchObject({ code: 'bad_cursor' });
  });

  test('a time told from now stands for the moment it was at first, and for no other time told from now', async () => {
    const at = twoStreams();
    await at.append('plain', ...numbered(0, 10));
    const query = { from: '-1h', to: 'now', order: 'newest' } as const;
    at.clock.now += SECOND;
    const first = await read(at, { ...query, limit: 2 });
    at.clock.now += 600 * SECOND;
    const given = { cursor: first.cursor ?? '', limit: 2 };
    const same = [query, { from: '-60m' }, { from: first.from ?? 0, to: first.to ?? 0 }, { to: '-0s' }] as const;
    for (const asked of same) {
      const page = await read(at, { ...query, ...asked, ...given });
      expect(ids(page.events)).toEqual(['7', '6']);
      expect([page.from, page.to]).toEqual([first.from, first.to]);
    }
    for (const asked of [{ from: '-2h' }, { from: 'now' }, { to: '-1s' }, { from: 0 }, { order: 'oldest' }] as const) {
      await expect(read(at, { ...query, ...asked, ...given })).rejects.toMatchObject({
        code: 'bad_cursor',
        field: 'cursor',
      });
    }
    const open = { cursor: (await read(at, { limit: 2 })).cursor ?? '' };
    for (const asked of [{ from: '-1h' }, { to: 'now' }, { from: 0 }, { to: at.clock.now }]) {
      await expect(read(at, { ...asked, ...open })).rejects.toMatchObject({ code: 'bad_cursor' });
    }
  });
});
