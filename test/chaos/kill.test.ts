/** The short form of `npm run chaos`: 20 seeded kills for each engine, two processes side by side. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../services/available.ts';
import { type Engine, killRun } from './kill-run.ts';
import { verdict } from './verdict.ts';

const whole = process.env['TIDEGATE_TEST_ALL'] === 'true';
const servers = requireService('mosquitto') && requireService('redis');
const KILLS = whole ? 20 : 4;

describe.skipIf(!servers)('SIGKILL in the middle of bursts (needs redis-server and mosquitto)', () => {
  test.each<Engine>(['sqlite', 'redis'])(
    '%s: ids exactly once, positions right, nothing lost',
    async (engine) => {
      const report = await killRun({ engine, seed: 20_261_120, kills: KILLS, workers: 2 });
      expect(report.inBurst).toBeGreaterThan(0);
      expect(verdict(report)).toEqual([]);
    },
    180_000,
  );
});

test('the verdict sees what is lost, doubled, out of order or left', () => {
  const found = { identified: [0, 2, 2], positioned: [1, 0, 2], messages: [0, 1] };
  expect(verdict({ kills: 0, inBurst: 0, given: 3, found, position: 2, gaps: 1 })).toEqual([
    'identified: 1 lost',
    'identified: 1 twice',
    'messages: 1 lost',
    'positioned: 2 out of order',
    'positioned: stands at 2, not at 3',
    'messages: 1 gaps',
  ]);
});
