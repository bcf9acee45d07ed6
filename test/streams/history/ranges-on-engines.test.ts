/** Ranges of event time against a plain list on each durable engine: fewer runs of what ranges.test.ts draws. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { fc } from '../../properties.ts';
import { randomId } from '../../../src/base/runtime.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import { ENGINES, type RunningEngine, startEngine } from '../../services/engine.ts';
import { check, past, questions, steps, take } from './past.ts';
import { checkWindows } from './past-windows.ts';

/** A store of its own in a running engine. */
function open({ environment }: RunningEngine): Promise<Store> {
  const SQLITE_PATH = `${environment['SQLITE_PATH']}-${randomId()}`;
  const config = readConfig({ ...environment, SQLITE_PATH }, 'sqlite');
  return openStore(
    config,
    nodeRuntime(() => {}),
    `ranges-${randomId()}`,
  );
}

describe.each(ENGINES)('on %s', (engine) => {
  describe.skipIf(engine !== 'sqlite' && !requireService(engine))('where it runs', () => {
    let running: RunningEngine;
    beforeAll(async () => {
      running = await startEngine(engine);
    }, 60_000);
    afterAll(() => running.stop());

    test('whatever came in whatever order is found', { timeout: 180_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(steps(400), questions, async (list, asked) => {
          const store = await open(running);
          try {
            const at = past(store);
            for (const step of list) await take(at, step);
            await checkWindows(at, asked);
            await check(at, { ...asked, limit: asked.limit === 1 ? 7 : asked.limit });
          } finally {
            await store.close();
          }
        }),
        { numRuns: engine === 'sqlite' ? 15 : 5 },
      );
    });
  });
});
