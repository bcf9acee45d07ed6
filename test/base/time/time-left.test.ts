import { expect, test } from 'vitest';
import { timeLeft } from '../../../src/base/time/time-left.ts';

test('a span goes on where the clock is set back, and is over where it leaps ahead', () => {
  let now = 1_000_000;
  const left = timeLeft(() => now, 10_000);
  expect(left()).toBe(10_000);
  now += 4_000;
  expect(left()).toBe(6_000);
  now -= 3_600_000;
  expect(left()).toBe(6_000);
  now += 2_000;
  expect(left()).toBe(4_000);
  now += 86_400_000;
  expect(left()).toBeLessThan(0);
});
