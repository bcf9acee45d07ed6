import { expect, test } from 'vitest';
import { newState } from '../../../src/feeds/run/state.ts';
import { lagOf } from '../../../src/feeds/run/status.ts';

const NOW = 1_000_000;

test.each([
  ['nothing was brought', null, NOW - 10, null],
  ['the age of the newest event', NOW - 500, NOW - 10, 500],
  ['an event from the future is as old as the last burst', NOW + 10 * 86_400_000, NOW - 300, 300],
  ['an event from the future, and no burst that did not fail', NOW + 1, null, 0],
])('lag: %s', (_name, newestTime, lastSuccessAt, expected) => {
  expect(lagOf({ ...newState(), newestTime, lastSuccessAt }, NOW)).toBe(expected);
});
