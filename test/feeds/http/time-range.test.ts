import { describe, expect, it } from 'vitest';
import type { BodyItem } from '../../../src/feeds/http/format.ts';
import type { HttpSince } from '../../../src/feeds/http/options.ts';
import { sinceSpec } from '../../../src/feeds/http/spec.ts';
import { withDefaults } from '../../../src/declare/spec/options.ts';
import { type HttpPosition, MOST_AHEAD, NO_POSITION, shortMark } from '../../../src/feeds/http/position.ts';
import { readHttpPosition, writeHttpPosition } from '../../../src/feeds/http/stored-position.ts';
import {
  afterRange,
  beyondEdge,
  isAheadOfBound,
  latestOf,
  rangeOf,
  withinRange,
  withoutFuture,
} from '../../../src/feeds/http/time-range.ts';
import { POSITION_BYTES } from '../../../src/feeds/run/taker.ts';
import { zoneOf } from '../../../src/base/time/zone.ts';
import { nsFromMs } from '../../../src/base/time/source-time.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const ms = (time: bigint | undefined) => (time === undefined ? null : Number(time / 1_000_000n));
const filled = (since: HttpSince) => withDefaults(sinceSpec, since);
const range = (since: HttpSince, position: HttpPosition = NO_POSITION, now = NOW) => {
  const found = rangeOf(filled(since), position, now);
  return found && [ms(found.since), ms(found.until), found.more];
};
const standingAt = (time: number): HttpPosition => ({
  ...NO_POSITION,
  since: { time: nsFromMs(time), edge: new Map(), ahead: [] },
});

describe('a range', () => {
  it.each<[string, HttpSince, HttpPosition, unknown]>([
    ['the last hour at first', {}, NO_POSITION, [NOW - 3_600_000, NOW, false]],
    ['what is declared', { lookbackMs: 60_000, delayMs: 5_000 }, NO_POSITION, [NOW - 60_000, NOW - 5_000, false]],
    ['from a time on, a day at most', { initialMs: 0 }, NO_POSITION, [0, 86_400_000, true]],
    ['behind the one before', {}, standingAt(NOW - 7), [NOW - 7, NOW, false]],
    ['with an overlap', { overlapMs: 100 }, standingAt(NOW - 7), [NOW - 107, NOW, false]],
    ['aligned', { alignMs: 15_000 }, standingAt(NOW - 15_001), [NOW - 30_000, NOW, false]],
    ['nothing yet', {}, standingAt(NOW), null],
    ['nothing yet but the overlap', { overlapMs: 100 }, standingAt(NOW), null],
    ['nothing yet, aligned', { alignMs: 15_000 }, standingAt(NOW), null],
    ['whatever came since the latest, by the items', { from: 'at' }, standingAt(NOW + 5), [NOW + 5, NOW + 5, false]],
  ])('is %s', (_what, since, position, expected) => {
    expect(range(since, position)).toEqual(expected);
  });

  it('that is being read stays as it is, whatever the clock says', () => {
    const position = { ...NO_POSITION, range: { since: 1n, until: 2n, more: true } };
    expect(rangeOf(filled({}), position, NOW)).toBe(position.range);
  });

  it('leaves no gap and overlaps nothing, burst by burst, and catches up', () => {
    for (const options of [{ alignMs: 15_000 }, { rangeMs: 70_000 }, { delayMs: 30_000, rangeMs: 60_000 }]) {
      const since = filled(options);
      let position: HttpPosition = standingAt(NOW - 600_000);
      let end: bigint | null = null;
      for (let burst = 0; burst < 30; burst += 1) {
        const next = rangeOf(since, position, NOW + burst * 1_234);
        if (next === null) continue;
        if (end !== null) expect(next.since).toBe(end);
        end = next.until;
        position = afterRange(since, { ...position, range: next }, null);
      }
      expect(ms(end ?? 0n)).toBeGreaterThanOrEqual(NOW - 30_000);
    }
  });
});

const at = (more: boolean): HttpPosition => ({
  ...standingAt(1),
  range: { since: nsFromMs(1), until: nsFromMs(5), more },
});
const CLOCK = { now: NOW, begin: nsFromMs(NOW - 3_600_000), zone: null };
const items = (...times: unknown[]): BodyItem[] => times.map((at, n) => ({ data: { at, n }, bytes: 1 }));
const alike = (count: number): BodyItem[] => Array.from({ length: count }, () => ({ data: { at: 9 }, bytes: 1 }));

describe('by the time of the items', () => {
  const since = filled({ from: 'at', format: 'ms' });

  it('the latest counts, with what came at that time', async () => {
    const first = await latestOf(since, items(5, 9, '9', 7, null, 'soon'), null, CLOCK);
    expect(first).toMatchObject({ time: 9_000_000n });
    expect(first?.edge.size).toBe(2);
    expect(await latestOf(since, items(8), first, CLOCK)).toEqual(first);
    expect((await latestOf(since, items(9), first, CLOCK))?.edge.size).toBe(3);
    expect((await latestOf(since, items(10), first, CLOCK))?.edge.size).toBe(1);
    expect(await latestOf(since, [], null, CLOCK)).toBeNull();
    const many = items(...Array.from({ length: 300 }, () => 9));
    expect((await latestOf(since, many, null, CLOCK))?.edge.size).toBe(100);
  });

  it('one ahead of the clock does not count, and is known when it comes again', async () => {
    const broken = NOW + 10 * 366 * 86_400_000;
    const came = items(NOW - 5, NOW + 1, broken);
    const found = await latestOf(since, came, null, CLOCK);
    expect(ms(found?.time)).toBe(NOW - 5);
    expect(found?.ahead.map(({ time }) => ms(time))).toEqual([NOW + 1, broken]);
    const position = { ...NO_POSITION, since: found };
    const later = [
      ...came,
      { data: { at: NOW - 2, n: 'late' }, bytes: 1 },
      { data: { at: NOW + 1, n: 'twin' }, bytes: 1 },
    ];
    const { beyond } = await beyondEdge(since, later, position, null);
    expect(beyond.map(({ data }) => (data as { n: unknown }).n)).toEqual(['late', 'twin']);
    // When its time has come, it is at the edge; what is still ahead stays known.
    const next = await latestOf(since, later, null, { ...CLOCK, now: NOW + 1 });
    expect([ms(next?.time), next?.edge.size]).toEqual([NOW + 1, 2]);
    expect(
      afterRange(since, { ...position, range: { since: 1n, until: nsFromMs(NOW), more: false } }, next).since,
    ).toEqual(next);
  });

  it('hundreds ahead are known when they come again, within what a position may hold', async () => {
    const day = 86_400_000;
    const came = items(NOW - 5, ...Array.from({ length: MOST_AHEAD }, (_, index) => NOW + (index + 1) * day));
    const found = await latestOf(since, came, null, CLOCK);
    const other = items(...Array.from({ length: MOST_AHEAD }, (_, index) => NOW + (index + 1) * day + 0.5));
    const revised = await latestOf(since, other, null, CLOCK);
    const range = { since: 1n, until: 9n, more: false };
    const stored = writeHttpPosition({ ...NO_POSITION, since: found, latest: revised, range });
    expect(JSON.stringify(stored).length).toBeLessThan(POSITION_BYTES - 4_096);
    const position = readHttpPosition(JSON.parse(JSON.stringify(stored)));
    expect(position.since).toEqual(found);
    expect(await beyondEdge(since, came, position, null)).toMatchObject({ beyond: [] });
    expect(isAheadOfBound(NO_POSITION, found)).toBe(false);
  });

  it('more ahead than a position holds is found once', async () => {
    const times = Array.from({ length: MOST_AHEAD + 50 }, (_, index) => NOW + (index + 1) * 60_000);
    const latest = await latestOf(since, items(...times), null, CLOCK);
    expect(isAheadOfBound(NO_POSITION, latest)).toBe(true);
    const position = { ...NO_POSITION, range: { since: 1n, until: 9n, more: false } };
    const behind = afterRange(since, position, latest);
    expect(behind.since?.ahead).toHaveLength(MOST_AHEAD);
    expect(isAheadOfBound(behind, latest)).toBe(false);
  });

  it('where all that came is ahead, the next range begins where this one did', async () => {
    expect(ms((await latestOf(since, items(NOW + 37_000), null, CLOCK))?.time)).toBe(CLOCK.now - 3_600_000);
    expect(await latestOf(since, items('soon', null), null, CLOCK)).toBeNull();
  });

  it('a position ahead of the clock goes back, unless the clock was set back a little', () => {
    const stuck = { ...standingAt(NOW + 37_000), range: { since: nsFromMs(NOW + 37_000), until: 1n, more: false } };
    expect(withoutFuture(since, stuck, NOW)).toEqual(standingAt(NOW - 3_600_000));
    const near = standingAt(NOW + 4_000);
    expect(withoutFuture(since, near, NOW)).toBe(near);
    expect(withoutFuture(filled({}), stuck, NOW)).toBe(stuck);
  });

  it('without a zone it is read in that of the stream', async () => {
    const local = filled({ from: 'at' });
    const berlin = { ...CLOCK, zone: zoneOf('Europe/Berlin') };
    expect(ms((await latestOf(local, items('2026-11-20T12:30:00'), null, berlin))?.time)).toBe(NOW - 1_800_000);
  });

  it('what came at the edge is left out, and what is new there is not', async () => {
    const seen = items(1, 9, 9);
    const position = { ...NO_POSITION, since: await latestOf(since, seen, null, CLOCK) };
    const again = [...seen, { data: { at: 9, n: 'new' }, bytes: 1 }];
    const { beyond } = await beyondEdge(since, again, position, null);
    expect(beyond.map(({ data }) => (data as { n: unknown }).n)).toEqual([0, 'new']);
    // With an overlap, ids are what tells.
    expect((await beyondEdge({ ...since, overlapMs: 1 }, again, position, null)).beyond).toHaveLength(4);
  });

  it('of alike items at the edge as many are left out as were taken', async () => {
    const taken = await latestOf(since, alike(2), null, CLOCK);
    const position = readHttpPosition(writeHttpPosition({ ...NO_POSITION, since: taken }));
    const range = { since: nsFromMs(9), until: nsFromMs(NOW), more: false };
    const read = async (...pages: BodyItem[][]) => {
      let [reached, fresh]: [HttpPosition, number] = [{ ...position, range }, 0];
      for (const page of pages) {
        const { beyond, due } = await beyondEdge(since, page, reached, null);
        const latest = await latestOf(since, page, reached.latest, CLOCK);
        reached = readHttpPosition(writeHttpPosition({ ...reached, due, latest }));
        fresh += beyond.length;
      }
      return [fresh, afterRange(since, reached, reached.latest)] as const;
    };
    expect((await read(alike(3)))[0]).toBe(1);
    expect((await read(alike(1), alike(1), alike(1)))[0]).toBe(1);
    const [fresh, behind] = await read(alike(2_000));
    expect([fresh, [...(behind.since?.edge.values() ?? [])], behind.due]).toEqual([1_998, [2_000], null]);
    // A source may leave some out for a while.
    const [none, same] = await read(alike(1));
    expect([none, same.since]).toEqual([0, taken]);
  });

  it('of a position that has no counts any number is left out', async () => {
    const taken = await latestOf(since, items(9), null, CLOCK);
    const stored = { since: { time: String(nsFromMs(9)), edge: [...(taken?.edge.keys() ?? [])] } };
    const position = readHttpPosition(stored);
    const again = [...items(9), ...items(9), { data: { at: 9, n: 'new' }, bytes: 1 }];
    expect((await beyondEdge(since, again, position, null)).beyond).toEqual(again.slice(2));
    expect(readHttpPosition(writeHttpPosition(position))).toEqual(position);
  });

  it('an empty range with others behind it is passed, an empty last one is not', () => {
    expect(ms(afterRange(since, at(true), null).since?.time)).toBe(5);
    expect(ms(afterRange(since, at(false), null).since?.time)).toBe(1);
    expect(
      ms(afterRange(since, at(true), { time: nsFromMs(3), edge: new Map([['x', 1]]), ahead: [] }).since?.time),
    ).toBe(5);
    expect(
      afterRange(since, at(false), { time: nsFromMs(1), edge: new Map([['x', 1]]), ahead: [] }).since?.edge,
    ).toEqual(new Map([['x', 1]]));
  });

  it('the rest of a range begins at the latest, where that is further', () => {
    const position = { ...NO_POSITION, range: { since: 1n, until: 9n, more: false } };
    expect(withinRange(position, { time: 5n, edge: new Map(), ahead: [] })?.range).toEqual({
      since: 5n,
      until: 9n,
      more: false,
    });
    expect(withinRange(position, { time: 1n, edge: new Map(), ahead: [] })).toBeNull();
    expect(withinRange(position, null)).toBeNull();
  });
});

it('a position is the same when it was stored', () => {
  const position: HttpPosition = {
    cursor: 'c',
    validators: { url: 'u', etag: 'e', lastModified: null },
    read: { mark: 'm', items: 3 },
    since: {
      time: 1_700_000_000_123_456_789n,
      edge: new Map([
        ['a', 2],
        ['b', Infinity],
      ]),
      ahead: [{ time: 2_000_000n, mark: shortMark('c') }],
    },
    range: { since: -1n, until: 9n, more: true },
    due: new Map([
      ['a', 0],
      ['b', Infinity],
    ]),
    latest: { time: 0n, edge: new Map(), ahead: [] },
    way: { count: 2, seen: 'w' },
    tail: [shortMark('d'), shortMark('d')],
    page: { at: { query: [['a', 'b'], ['c']] }, count: 3, seen: 's', behind: { items: 3, mark: 'm' } },
    notBefore: 7,
    heardUntil: 8,
    heard: '0 a.b',
    sizes: { full: 20, last: 3 },
  };
  expect(readHttpPosition(JSON.parse(JSON.stringify(writeHttpPosition(position))))).toEqual(position);
  expect(readHttpPosition(null)).toEqual(NO_POSITION);
  expect(
    readHttpPosition({ since: { time: 'x', edge: [] }, range: { since: '1' }, page: { at: 1 }, latest: [] }),
  ).toEqual(NO_POSITION);
});
