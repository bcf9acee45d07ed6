/** The short form of `npm run chaos`: a few seeded kills for each engine, two processes side by side; and one that goes on alone. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../services/available.ts';
import { type Engine, ENGINES } from '../services/engine.ts';
import { findAll } from './found.ts';
import { killRun } from './kill-run.ts';
import { kill, onStage } from './stage.ts';
import { verdict } from './verdict.ts';
import { byDepth } from '../depth.ts';

const servers = requireService('mosquitto') && requireService('redis') && requireService('dynamodb');
const KILLS: Record<Engine, number> = byDepth(
  { sqlite: 3, redis: 3, dynamodb: 2 },
  { sqlite: 10, redis: 10, dynamodb: 5 },
  { sqlite: 20, redis: 20, dynamodb: 10 },
);

describe.skipIf(!servers)('SIGKILL in the middle of bursts (needs redis-server, mosquitto and java)', () => {
  test.each(ENGINES)(
    '%s: ids exactly once, positions right, nothing lost',
    async (engine) => {
      const report = await killRun({ engine, seed: 20_261_120, kills: KILLS[engine], workers: 2 });
      expect(report.inBurst).toBeGreaterThan(0);
      expect(verdict(report)).toEqual([]);
    },
    180_000,
  );

  test.each(ENGINES)(
    '%s: of two processes one is killed, and the other alone takes up all that follows',
    (engine) =>
      onStage(engine, async (stage) => {
        const victim = await stage.startWorker('victim');
        await stage.startWorker('survivor');
        await stage.give();
        await kill(victim);
        await stage.give();
        const all = [stage.given(), stage.given(), stage.given()];
        await expect
          .poll(async () => Object.values(await findAll(stage.deps.store)).map((n) => new Set(n).size), {
            timeout: 30_000,
          })
          .toEqual(all);
      }),
    60_000,
  );
});

test('the verdict sees what is lost, doubled, out of order or left', () => {
  const found = { identified: [0, 2, 2], positioned: [1, 0, 2], messages: [0, 1] };
  expect(verdict({ given: 3, found, position: 2, gaps: 1 })).toEqual([
    'identified: 1 lost',
    'identified: 1 twice',
    'messages: 1 lost',
    'positioned: 2 out of order',
    'positioned: stands at 2, not at 3',
    'messages: 1 gaps',
  ]);
});
