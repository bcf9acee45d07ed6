/** One test on every store: in memory, and on each engine, whose server is started for it alone. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import type { Store } from '../../src/store/store.ts';
import { requireService } from './available.ts';
import { type Engine, ENGINES, type RunningEngine, startEngine } from './engine.ts';

const ENGINE_MS = 90_000;
const MEMORY_MS = 30_000;

/**
 * @param expectIt what is expected of a store, which is empty and is closed afterwards
 * @param name `memory`, or that of its engine
 * @param longestMs of a test on an engine, its own start apart
 */
export function testEachStore(
  title: string,
  expectIt: (store: Store, name: Engine | 'memory') => Promise<void>,
  longestMs: number = ENGINE_MS,
): void {
  const there: Record<Engine, boolean> = {
    sqlite: true,
    redis: requireService('redis'),
    dynamodb: requireService('dynamodb'),
  };

  test(`memory ${title}`, () => expectIt(createMemoryStore(), 'memory'), Math.max(MEMORY_MS, longestMs));

  describe.each(ENGINES)('%s', (engine) => {
    let running: RunningEngine | null = null;
    beforeAll(async () => {
      if (there[engine]) running = await startEngine(engine);
    }, ENGINE_MS);
    afterAll(async () => {
      await running?.stop();
    });
    test.skipIf(!there[engine])(title, { timeout: longestMs }, async () => {
      if (running === null) throw new Error('there is no engine');
      const runtime = systemRuntime(() => {});
      const store = await openStore(readConfig(running.environment, 'sqlite'), runtime, 'stores');
      try {
        await expectIt(store, engine);
      } finally {
        await store.close();
      }
    });
  });
}
