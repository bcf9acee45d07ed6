/** The short form of `npm run chaos shares`: a limit over instances that share nothing but the engine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { type Engine, ENGINES, type RunningEngine, startEngine } from '../../services/engine.ts';
import { shareRun, shareVerdict } from './run.ts';
import { byDepth } from '../../depth.ts';

const SEED = 20_261_129;
const NEEDS: Record<Engine, () => boolean> = {
  sqlite: () => true,
  redis: () => requireService('redis'),
  dynamodb: () => requireService('dynamodb'),
};

type Shared = readonly [instances: number, lost: number];
const MORE: readonly Shared[] = [
  [4, 0],
  [16, 0],
];
const MORE_ON_SERVERS = byDepth([], MORE, MORE);

for (const engine of ENGINES) {
  describe.skipIf(!NEEDS[engine]())(`${engine}: never above the limit, and nine tenths of it used`, () => {
    let running: RunningEngine;
    beforeAll(async () => {
      running = await startEngine(engine);
    });
    afterAll(() => running.stop());

    test.each([...(engine === 'sqlite' ? MORE : MORE_ON_SERVERS), [16, 0.05] as const])(
      '%i instances, of whose calls %d are lost',
      { timeout: 60_000 },
      async (instances, lost) => {
        const prefix = `shares-${instances}-${lost * 100}`;
        const { environment } = running;
        const options = { environment, prefix, seed: SEED, instances, limit: 500, offered: 1_000, lost };
        expect(shareVerdict(await shareRun(options), options)).toEqual([]);
      },
    );
  });
}
