import { expect, test } from 'vitest';
import { backoff } from '../../src/base/backoff.ts';

const pauses = { firstMs: 100, mostMs: 1_000 };

test('the longest pause doubles up to its bound', () => {
  const longest = [0, 1, 2, 3, 4, 60].map((doublings) => backoff(pauses, doublings, 1));
  expect(longest).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test.each([
  [undefined, 0, 50, 100],
  [0.5, 50, 75, 100],
  [1, 100, 100, 100],
])('chance decides all of it but the steady share: %s', (steady, least, middle, most) => {
  const options = { ...pauses, ...(steady === undefined ? {} : { steady }) };
  expect([0, 0.5, 1].map((chance) => backoff(options, 0, chance))).toEqual([least, middle, most]);
});
