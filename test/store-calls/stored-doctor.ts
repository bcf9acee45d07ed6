/** Leaves behind what `tidegate doctor` leaves where it is killed while it tries the store. */
import { latencyCheck } from '../../src/hosts/cli/doctor/latency-check.ts';
import type { Store } from '../../src/store/store.ts';
import type { Deps } from '../../src/streams/deps.ts';

export async function driveDoctor({ app, store, runtime }: Deps): Promise<void> {
  const killed = new Error('killed');
  const untilKilled: Store = {
    ...store,
    commit: (operations, options) =>
      operations.some(({ kind }) => kind === 'delete') ? Promise.reject(killed) : store.commit(operations, options),
  };
  const nothing = { platform: 'node', environment: {}, envFile: null, file: null, config: null } as const;
  const examined = { ...nothing, app, store: untilKilled, runtime, clocks: new Map<string, number>() };
  try {
    await latencyCheck.run(examined, new AbortController().signal);
  } catch (error) {
    if (error === killed) return;
    throw error;
  }
  throw new Error('it was not killed');
}
