import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/net/retry-after.ts';

const NOON = Date.UTC(2026, 10, 20, 12);

test.each([
  ['120', 120_000],
  ['0', 0],
  ['Fri, 20 Nov 2026 12:02:00 GMT', 120_000],
  ['Friday, 20-Nov-26 12:02:00 GMT', 120_000],
  ['Fri Nov 20 12:02:00 2026', 120_000],
  ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
  ['Sat, 20 Nov 2027 12:00:00 GMT', 86_400_000],
  [String(NOON / 1000 + 15), 15_000],
  [String(NOON + 15_000), 15_000],
  [String(NOON / 1000 - 15), 0],
  ['99999999999999', 86_400_000],
  [null, null],
  ['', null],
  ['-5', null],
  ['soon', null],
  ['Fri, 31 Nov 2026 12:00:00 GMT', null],
  ['05/04/2026', null],
])('%j waits %j ms', (header, ms) => {
  expect(retryAfterMs(header, NOON)).toBe(ms);
});
