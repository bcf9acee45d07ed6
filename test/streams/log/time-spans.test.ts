/** Times with their holes against plain lists of times: never narrower than the truth, and holes never wider. */
import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { joined, meets, partsOf, shareOf, type Times, timesOf } from '../../../src/streams/log/time-spans.ts';
import { packHoles, packTimes, unpackTimes } from '../../../src/streams/log/times.ts';

const RUNS = { numRuns: 1_000 };

/** In clusters with wide holes between them, anywhere, and as far as numbers go. */
const anyTime = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(0, 500, 1_700_000_000_000), fc.nat(40)).map(([a, b]) => a + b) },
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.double({ min: -1e16, max: 1e16, noNaN: true }),
);
const someTimes = fc.array(anyTime, { minLength: 1, maxLength: 12 });
const bound = fc.option(anyTime);

const within = (time: number) => Math.max(-4e15, Math.min(4e15, time));
const folded = (times: readonly number[]) => joined(times.map(timesOf));

/** The steps between neighbours of the sorted list in which no event lies, as wide as they are. */
function holesOf(list: readonly number[]): number[][] {
  const sorted = list.map(within).sort((a, b) => a - b);
  const steps = sorted.slice(1).map((time, index) => [Math.ceil(sorted[index] ?? time), Math.floor(time)]);
  return steps.filter(([before = 0, behind = 0]) => behind - before > 1);
}

/** A list cut into pieces, each of which was joined before: what stood in a record, or the blocks of a leaf. */
function inPieces(times: readonly number[], cuts: readonly number[]): Times {
  const at = [0, ...cuts.map((cut) => cut % (times.length + 1)).sort((a, b) => a - b), times.length];
  return joined(at.slice(1).map((to, index) => folded(times.slice(at[index], to))));
}

function expectHeld(times: Times, list: readonly number[]): void {
  const [min, max, ...holes] = plus(times) ?? [];
  const held = list.map(within);
  expect([min, max]).toEqual([Math.floor(Math.min(...held)) + 0, Math.ceil(Math.max(...held)) + 0]);
  expect(held.filter((time) => holes.some(([before, behind]) => time > before && time < behind))).toEqual([]);
  const edges = [min, ...holes.flat(), max];
  expect(edges).toEqual(edges.toSorted((a = 0, b = 0) => a - b));
  expect(holes.length).toBeLessThanOrEqual(6);
}

const width = ([before = 0, behind = 0]: readonly number[]) => behind - before;

test('the holes of a list of events are its widest, each at least an eighth of what the wider ones leave', () => {
  fc.assert(
    fc.property(someTimes, (list) => {
      const times = folded(list);
      expectHeld(times, list);
      const [min = 0, max = 0, ...holes] = times ?? [];
      const all = holesOf(list)
        .map(width)
        .sort((a, b) => b - a);
      const kept = holes.map(width).sort((a, b) => b - a);
      expect(kept).toEqual(all.slice(0, kept.length));
      const left = (count: number) => all.slice(0, count).reduce((span, one) => span - one, max - min);
      for (const [index, one] of kept.entries()) expect(one * 8).toBeGreaterThanOrEqual(left(index));
      const next = all[kept.length];
      if (next !== undefined && kept.length < 6) expect(next * 8).toBeLessThan(left(kept.length));
    }),
    RUNS,
  );
});

test('joined in any pieces, one after another or at once, times hold every event and their hole none', () => {
  fc.assert(
    fc.property(someTimes, fc.array(fc.nat(), { maxLength: 4 }), (list, cuts) => {
      expectHeld(inPieces(list, cuts), list);
      expectHeld(
        list.reduce<Times>((times, time) => joined([times, timesOf(time)]), null),
        list,
      );
    }),
    RUNS,
  );
});

test('a range never misses times that lie in it', () => {
  fc.assert(
    fc.property(someTimes, fc.array(fc.nat(), { maxLength: 2 }), bound, bound, (list, cuts, from, to) => {
      const met = meets(inPieces(list, cuts), { from, to });
      const inside = list.filter((time) => (from === null || time >= from) && (to === null || time < to));
      if (inside.length > 0) expect(met).not.toBe('none');
      if (met === 'whole') expect(inside).toEqual(list);
    }),
    { ...RUNS, numRuns: 3_000 },
  );
});

test('times and holes come back from their packed form', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyTime, { maxLength: 6 })), (lists) => {
      const all = lists.map(folded);
      const [numbers, holes] = [packTimes(all), packHoles(all)];
      expect(unpackTimes(numbers, holes)).toEqual(all.map(plus));
      // A release that knows no holes reads the same times without them.
      expect(unpackTimes(numbers)).toEqual(all.map((times) => times && plus([times[0], times[1]])));
    }),
    RUNS,
  );
});

/** There is no -0 in JSON. */
function plus(times: Times): Times {
  if (times === null) return null;
  const [min, max, ...holes] = times;
  return [min + 0, max + 0, ...holes.map(([before, behind]) => [before + 0, behind + 0] as const)];
}

/** An hour of events. */
const run = (from: number) => Array.from({ length: 60 }, (_, index) => timesOf(from + index * 60_000));

describe('a hole', () => {
  const live: Times = joined([
    [1_000, 1_010],
    [0, 10],
  ]);

  test('is not met, but what lies at its edges is', () => {
    expect(live).toEqual([0, 1_010, [10, 1_000]]);
    expect(partsOf(live)).toEqual([
      [0, 10],
      [1_000, 1_010],
    ]);
    const met = (from: number | null, to: number | null) => meets(live, { from, to });
    expect([met(11, 1_000), met(10, 11), met(11, 1_001), met(500, 500)]).toEqual(['none', 'part', 'part', 'none']);
    expect([met(-5, 11), met(-5, 2_000), met(null, null), met(0, 1_010)]).toEqual(['part', 'whole', 'whole', 'part']);
  });

  test('becomes two with an event within it', () => {
    expect(joined([live, timesOf(300)])).toEqual([0, 1_010, [10, 300], [300, 1_000]]);
    expect(joined([live, timesOf(300), [290, 950]])).toEqual([0, 1_010, [10, 290]]);
  });

  test('stays beside wider ones: a clock of 1970, history, live data, and one of the future', () => {
    const [year, now] = [31_536_000_000, 1_790_000_000_000];
    const times = joined([
      timesOf(0),
      ...run(now - 5 * year),
      ...run(now - year),
      ...run(now),
      timesOf(now + 10 * year),
    ]);
    expect(partsOf(times).map(([min]) => min)).toEqual([0, now - 5 * year, now - year, now, now + 10 * year]);
    expect(meets(times, { from: now - 4 * year, to: now - 2 * year })).toBe('none');
    expect(meets(times, { from: now - year, to: now - year + 60_000 })).toBe('part');
  });

  test('is not kept of events that are spread evenly', () => {
    expect(joined(Array.from({ length: 10 }, (_, index) => timesOf(index * 1_000)))).toEqual([0, 9_000]);
  });

  test('counts for nothing where the events of a range are estimated', () => {
    expect(shareOf(live, { from: 0, to: 11 })).toBe(0.5);
    expect(shareOf(live, { from: 11, to: 1_000 })).toBe(0);
    expect(shareOf([0, 0], { from: null, to: 1 })).toBe(1);
  });
});
