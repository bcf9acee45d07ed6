/** The short form of `npm run chaos triggers`: two processes judge, and are killed, on each engine that processes share. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { type Engine, ENGINES, startEngine } from '../../services/engine.ts';
import { triggerRun } from './run.ts';

const servers = requireService('redis') && requireService('dynamodb');
const KILLS: Record<Engine, number> = { sqlite: 4, redis: 3, dynamodb: 3 };

// Most of their time they wait, so that the engines are run beside each other.
describe.concurrent('triggers that are killed (needs redis-server and java)', () => {
  test.skipIf(!servers).each(ENGINES)(
    'each occurrence once, in its order, on %s',
    { timeout: 90_000 },
    async (engine) => {
      const { environment, stop } = await startEngine(engine);
      try {
        const report = await triggerRun({ environment, seed: 20_261_130, kills: KILLS[engine], workers: 2 });
        expect(report.wrong).toEqual([]);
        expect(report.occurrences).toBeGreaterThan(report.events);
      } finally {
        await stop();
      }
    },
  );
});
