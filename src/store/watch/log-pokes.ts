/** Tells of appends of this process: a store that says to which logs each commit appended. It changes nothing else. */
import type { Store } from '../store.ts';

/** @param poke is told the name of each log, once the commit was answered, also where the answer is unknown */
export function withPokes(store: Store, poke: (log: string) => void): Store {
  const { observed } = store;
  return {
    ...store,
    async commit(operations, options) {
      const result = await store.commit(operations, options);
      if (result.status !== 'conflict') {
        for (const operation of operations) if (operation.kind === 'append') poke(operation.log);
      }
      return result;
    },
    ...(observed ? { observed: (onRequest) => withPokes(observed(onRequest), poke) } : {}),
  };
}
