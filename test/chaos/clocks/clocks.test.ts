/** The short form of `npm run chaos clocks`. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { clockRounds } from './rounds.ts';
import { byDepth } from '../../depth.ts';

const SEED = 20_261_129;

test.each([
  ['memory', byDepth(6, 12, 12)],
  ['sqlite', byDepth(2, 3, 3)],
] as const)(
  'under clocks that jump all promises hold: %s',
  async (driver, runs) => {
    const { reports, wrong } = await clockRounds(driver, runs, SEED);
    expect(wrong).toEqual([]);
    expect(reports.reduce((sum, { jumps }) => sum + jumps, 0)).toBeGreaterThan(4 * runs);
  },
  60_000,
);

describe.skipIf(!requireService('redis'))('on redis (needs redis-server)', () => {
  test('all promises hold as well', async () => {
    expect((await clockRounds('redis', 1, SEED)).wrong).toEqual([]);
  }, 60_000);
});
