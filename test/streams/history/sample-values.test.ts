import { describe, expect, test } from 'vitest';
import { aggregateOf, merges } from '../../../src/streams/history/aggregate.ts';
import * as of from '../../../src/streams/history/sample-values.ts';

const samples = (...pairs: [time: number, value: number][]) => pairs.map(([time, value]) => ({ time, value }));

describe('what a percentile is', () => {
  test.each([
    [[1, 2, 3, 4], 0.5, 2.5],
    [[1, 2, 3, 4], 0, 1],
    [[1, 2, 3, 4], 1, 4],
    [[10, 20], 0.95, 19.5],
    [[7], 0.99, 7],
    [[], 0.5, null],
  ])('of %j at %d', (sorted, part, value) => {
    const found = of.percentile(sorted, part);
    if (value === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(value, 12);
  });
});

describe('an increase', () => {
  test('begins again at 0 where a counter does, and from the value before where that is known', () => {
    const counter = samples([1, 10], [2, 15], [3, 2], [4, 6]);
    expect(of.increase(counter, null)).toBe(5 + 2 + 4);
    expect(of.increase(counter, { time: 0, value: 4 })).toBe(6 + 5 + 2 + 4);
    expect(of.increase([], { time: 0, value: 4 })).toBe(0);
    expect(of.increase([], null)).toBeNull();
  });
});

describe('a time-weighted mean', () => {
  const span = { start: 0, end: 10 };
  test('lets each value hold until the next, and begins with the one that stood', () => {
    expect(of.timeWeightedMean(samples([2, 10], [4, 20]), null, span)).toBeCloseTo((2 * 10 + 6 * 20) / 8, 12);
    expect(of.timeWeightedMean(samples([5, 10]), { time: -3, value: 0 }, span)).toBeCloseTo(5, 12);
    expect(of.timeWeightedMean([], { time: -3, value: 7 }, span)).toBe(7);
  });
  test('is not known where no value was while time passed', () => {
    expect(of.timeWeightedMean([], null, span)).toBeNull();
    expect(of.timeWeightedMean(samples([10, 3]), null, span)).toBeNull();
  });
  test('of equal times the last to arrive holds', () => {
    expect(of.timeWeightedMean(samples([0, 1], [0, 9]), null, span)).toBe(9);
  });
});

test('gaps are told with the edges of the window', () => {
  expect(of.gapsBetween(samples([3, 0], [4, 0]), { start: 0, end: 10 })).toEqual({ longest: 6, lengths: [3, 1, 6] });
  expect(of.gapsBetween([], { start: 0, end: 10 })).toEqual({ longest: 10, lengths: [10] });
  // An event of a clock that runs ahead stands behind the end.
  expect(of.gapsBetween(samples([12, 0]), { start: 0, end: 10 })).toEqual({ longest: 12, lengths: [12] });
});

test('what is more than a double holds is infinite, and what a double holds is right', () => {
  const great = samples([0, 1e300], [1, -1e300]);
  expect(of.stddev(great)).toBe(1e300);
  expect(of.stddev(samples([0, 1.5e308], [1, 1.5e308], [2, 1.5e308]))).toBe(0);
  expect(of.stddev(samples([0, 1.5e308], [1, -1.5e308]))).toBe(1.5e308);
  expect(of.timeWeightedMean(samples([0, 1.5e308], [1, -1.5e308]), null, { start: 0, end: 2 })).toBe(0);
  expect(of.increase(samples([0, -1.5e308], [1, 1.5e308]), null)).toBe(Infinity);
  expect(of.timeWeightedMean(great, null, { start: 0, end: 2 })).toBe(0);
  expect(of.percentile([-1e300, 1e300], 0.5)).toBe(0);
  expect(of.rate({ time: 0, value: 0 }, { time: 0, value: 5 }, 1_000)).toBeNull();
});

describe('names of aggregates', () => {
  test.each([
    ['p12.5', { kind: 'percentile', part: 0.125 }],
    ['p100', { kind: 'percentile', part: 1 }],
    ['rate/hour', { kind: 'rate', perMs: 3_600_000 }],
    ['gaps>90s', { kind: 'gaps', overMs: 90_000, name: 'gaps>90s' }],
    ['gaps>60m', { kind: 'gaps', overMs: 3_600_000, name: 'gaps>1h' }],
    ['mean', { kind: 'mean' }],
  ])('%s', (name, expected) => {
    expect(aggregateOf(name)).toMatchObject(expected);
  });

  test.each(['p101', 'p', 'p1e3', 'avg', 'rate', 'rate/year', 'rate/constructor', 'gaps', 'gaps>5', 'toString', ''])(
    '%s is none',
    (name) => {
      const refused = expect.objectContaining({
        code: 'invalid_input',
        field: 'aggregates',
        expected: expect.stringContaining('p95'),
      });
      expect(() => aggregateOf(name)).toThrow(refused);
    },
  );

  test('rows of parts merge in what adds up, and in nothing else', () => {
    const names = ['count', 'min', 'mean', 'stddev', 'p50', 'rate/day', 'increase', 'timeWeightedMean', 'longestGap'];
    expect(names.filter((name) => merges(aggregateOf(name)))).toEqual(['count', 'min', 'mean', 'stddev']);
  });
});
