/** Times with their hole against plain lists of times: never narrower than the truth, and the hole never wider. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joined, meets, partsOf, shareOf, type Times, timesOf } from '../../../src/streams/log/time-spans.ts';
import { packHoles, packTimes, unpackTimes } from '../../../src/streams/log/times.ts';

const RUNS = { numRuns: 1_000, endOnFailure: true };

/** In clusters with wide holes between them, anywhere, and as far as numbers go. */
const anyTime = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(0, 500, 1_700_000_000_000), fc.nat(40)).map(([a, b]) => a + b) },
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.double({ min: -1e16, max: 1e16, noNaN: true }),
);
const someTimes = fc.array(anyTime, { minLength: 1, maxLength: 12 });
const bound = fc.option(anyTime);

const folded = (times: readonly number[]) => joined(times.map(timesOf));

/** The widest step between two neighbours of the sorted list, in whole milliseconds that hold no event. */
function widest(list: readonly number[]): number {
  const sorted = list.map((time) => Math.max(-4e15, Math.min(4e15, time))).sort((a, b) => a - b);
  return Math.max(0, ...sorted.slice(1).map((time, index) => Math.floor(time) - Math.ceil(sorted[index] ?? time)));
}

/** A list cut into pieces, each of which was joined before: what stood in a record, or the blocks of a leaf. */
function inPieces(times: readonly number[], cuts: readonly number[]): Times {
  const at = [0, ...cuts.map((cut) => cut % (times.length + 1)).sort((a, b) => a - b), times.length];
  return joined(at.slice(1).map((to, index) => folded(times.slice(at[index], to))));
}

function expectHeld(times: Times, list: readonly number[]): void {
  const within = list.map((time) => Math.max(-4e15, Math.min(4e15, time)));
  expect(plus(times)?.slice(0, 2)).toEqual([Math.floor(Math.min(...within)) + 0, Math.ceil(Math.max(...within)) + 0]);
  const [, , hole] = times ?? [];
  expect(within.filter((time) => hole !== undefined && time > hole[0] && time < hole[1])).toEqual([]);
}

test('the hole of a list of events is the widest, where it is at least a quarter of all', () => {
  fc.assert(
    fc.property(someTimes, (list) => {
      const times = folded(list);
      expectHeld(times, list);
      const [min = 0, max = 0, hole] = times ?? [];
      const width = widest(list);
      expect(hole === undefined ? 0 : hole[1] - hole[0]).toBe(width > 1 && width * 4 >= max - min ? width : 0);
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
const plus = (times: Times): Times =>
  times && (times[2] ? [times[0] + 0, times[1] + 0, [times[2][0] + 0, times[2][1] + 0]] : [times[0] + 0, times[1] + 0]);

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

  test('gets narrower with an event within it, and the wider half stays', () => {
    expect(joined([live, timesOf(300)])).toEqual([0, 1_010, [300, 1_000]]);
    expect(joined([live, timesOf(700)])).toEqual([0, 1_010, [10, 700]]);
  });

  test('goes where it is less than a quarter of all, and comes no more', () => {
    const without = joined([live, timesOf(100_000)]);
    expect(without).toEqual([0, 100_000, [1_010, 100_000]]);
    expect(joined([without, timesOf(50_000), timesOf(25_000), timesOf(75_000), timesOf(12_000)])).toEqual([
      0,
      100_000,
      [25_000, 50_000],
    ]);
    expect(joined(Array.from({ length: 6 }, (_, index) => timesOf(index * 1_000)))).toEqual([0, 5_000]);
  });

  test('counts for nothing where the events of a range are estimated', () => {
    expect(shareOf(live, { from: 0, to: 11 })).toBe(0.5);
    expect(shareOf(live, { from: 11, to: 1_000 })).toBe(0);
    expect(shareOf([0, 0], { from: null, to: 1 })).toBe(1);
  });
});
