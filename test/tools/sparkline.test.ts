import { describe, expect, test } from 'vitest';
import { sparkline } from '../../src/tools/windows-text.ts';

describe('a sparkline', () => {
  test.each<[string, (number | null)[], string]>([
    ['from the least to the greatest', [0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
    ['with places without a value', [0, null, 10], '▁·█'],
    ['of equal values', [3, 3], '▅▅'],
    ['of numbers whose difference is none', [-1.7e308, 1.7e308], '▁█'],
    ['of nothing', [null, null], '··'],
    ['of no place', [], ''],
  ])('%s', (_what, values, line) => {
    expect(sparkline(values, 60)).toEqual({ line, each: 1 });
  });

  test('is as wide as it may be, and then draws the mean of neighbours', () => {
    expect(sparkline([0, 2, 10, 10, 4, null, 5], 4)).toEqual({ line: '▁█▃▄', each: 2 });
    expect(
      sparkline(
        Array.from({ length: 6_000 }, (_, index) => index),
        60,
      ).line.length,
    ).toBe(60);
  });
});
