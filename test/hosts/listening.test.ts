/** How many may listen to a process, by what its heap may hold. */
import { expect, test } from 'vitest';
import { standingIn } from '../../src/hosts/listening.ts';

const MEBIBYTE = 1_048_576;

test('listeners never take more than half of the heap, and are 10,000 at most', () => {
  expect(standingIn(512 * MEBIBYTE).most).toBe(4_096);
  expect(standingIn(64 * MEBIBYTE).most).toBe(512);
  expect(standingIn(8_192 * MEBIBYTE)).toEqual({ streamMs: 3_600_000, most: 10_000, reads: null });
});
