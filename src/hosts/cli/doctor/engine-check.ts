/** How the engine behind the store is set up: what survives its end, what it evicts, where its copies are. */
import type { EngineFact } from '../../../store/driver.ts';
import type { DoctorCheck } from './finding.ts';

export const engineCheck: DoctorCheck = {
  name: 'engine',
  mostMs: 15_000,
  async run({ store, config, app, runtime, clocks }) {
    if (store === null || config === null || app === null) return [];
    const { values } = config.store;
    const tellClock = (where: string, aheadMs: number) => void clocks.set(where, aheadMs);
    if (config.store.name === 'redis') {
      const { inspectRedis } = await import('../../../store/redis/inspect.ts');
      return found(await inspectRedis(values, { app: app.name, runtime, tellClock }));
    }
    if (config.store.name === 'dynamodb') {
      const { inspectTable } = await import('../../../store/dynamodb/inspect.ts');
      return found(await inspectTable(values, { runtime, tellClock }));
    }
    return [];
  },
};

const found = (facts: readonly EngineFact[]) => [...facts];
