/** The short form of `npm run fuzz -- --oracle`. */
import { describe, expect, it } from 'vitest';
import { byDepth } from '../depth.ts';
import { compareWithSdk } from './oracle.ts';

const SEED = 20_261_201;
const ROUNDS = byDepth(3_000, 10_000, 100_000);

describe('what is answered without the SDK', () => {
  it(`is what the SDK answers: ${ROUNDS} requests, right and wrong (seed ${SEED})`, async () => {
    const { differences, plain, results, skipped, streams } = await compareWithSdk(ROUNDS, SEED);
    expect(differences).toEqual([]);
    // Else nothing was compared.
    expect(skipped).toBeLessThan(ROUNDS / 25);
    expect(plain).toBeGreaterThan(ROUNDS / 25);
    expect(results).toBeGreaterThan(ROUNDS / 10);
    expect(streams).toBeGreaterThan(ROUNDS / 100);
  }, 600_000);
});
