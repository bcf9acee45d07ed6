/** The short form of `npm run chaos sigterm`: a few seeded ends on each engine, two servers side by side. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { type Engine, ENGINES } from '../../services/engine.ts';
import { type Ending, endRun, endVerdict } from './run.ts';
import { byDepth } from '../../depth.ts';

const servers = requireService('mosquitto') && requireService('redis') && requireService('dynamodb');
const ENDS: Record<Engine, number> = byDepth(
  { sqlite: 3, redis: 2, dynamodb: 2 },
  { sqlite: 6, redis: 5, dynamodb: 4 },
  { sqlite: 12, redis: 12, dynamodb: 8 },
);

describe.skipIf(!servers)('SIGTERM in the middle of work (needs redis-server, mosquitto and java)', () => {
  test.each(ENGINES)(
    '%s: each server ends with 0 and holds nothing, and nothing is lost or doubled',
    async (engine) => {
      const report = await endRun({ engine, seed: 20_261_129, ends: ENDS[engine], workers: 2 });
      expect(report.endings.some(({ held }) => held)).toBe(true);
      expect(endVerdict(report)).toEqual([]);
    },
    180_000,
  );
});

test('the verdict sees another status, a slow end and a lease that is left', () => {
  const kept = { given: 1, found: { identified: [0], positioned: [0], messages: [0] }, position: 1, gaps: 0 };
  const well: Ending = { how: 0, ms: 300, twice: false, held: true, leftLease: false };
  const endings: Ending[] = [
    well,
    { ...well, how: 'SIGTERM', twice: true, leftLease: true },
    { ...well, how: 'SIGTERM' },
    { ...well, how: 1 },
    { ...well, ms: 10_001 },
    { ...well, leftLease: true },
  ];
  expect(endVerdict({ endings, ...kept })).toEqual([
    'ended with SIGTERM',
    'ended with 1',
    'ended after 10001 ms',
    'ended with 0, and left a lease',
  ]);
  expect(endVerdict({ endings: [well], ...kept, position: 0 })).toEqual(['positioned: stands at 0, not at 1']);
});
