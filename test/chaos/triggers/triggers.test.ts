/** The short form of `npm run chaos triggers`: two processes judge, and are killed, on each engine that processes share. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { type Engine, ENGINES, type RunningEngine, startEngine } from '../../services/engine.ts';
import { triggerRun } from './run.ts';

const servers = requireService('redis') && requireService('dynamodb');
const KILLS: Record<Engine, number> = { sqlite: 6, redis: 5, dynamodb: 4 };

describe.skipIf(!servers).each(ENGINES)('triggers that are killed on %s (needs redis-server and java)', (engine) => {
  let running: RunningEngine;
  beforeAll(async () => {
    running = await startEngine(engine);
  }, 30_000);
  afterAll(() => running.stop());

  test('each occurrence once, in its order', async () => {
    const { environment } = running;
    const report = await triggerRun({ environment, seed: 20_261_130, kills: KILLS[engine], workers: 2 });
    expect(report.wrong).toEqual([]);
    expect(report.occurrences).toBeGreaterThan(report.events);
  }, 90_000);
});
