/** Counts a store's calls, for the accounting that tests assert: one call here is one round trip to an engine. */
import type { Store } from './store.ts';

/** The operations of a store: all that reaches its engine. */
export type StoreCall = Exclude<keyof Store, 'name' | 'limits' | 'close'>;

const CALLS: readonly StoreCall[] = [
  ...(['get', 'getMany', 'list', 'due', 'read', 'last', 'seek', 'extent'] as const),
  ...(['commit', 'add', 'trim', 'collect', 'ping'] as const),
];

export interface CountedStore {
  /** The same store, counted. */
  store: Store;
  /** How often each was called since the beginning or the last `reset`; those never called are left out. */
  calls: () => Partial<Record<StoreCall, number>>;
  /** The sum of `calls()`. */
  total: () => number;
  reset: () => void;
}

export function countCalls(inner: Store): CountedStore {
  const counts = new Map<StoreCall, number>();
  const counted = CALLS.map((name) => {
    const call = inner[name] as (...args: unknown[]) => unknown;
    const count = (...args: unknown[]) => {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return call.apply(inner, args);
    };
    return [name, count] as const;
  });
  const store = { ...inner, ...Object.fromEntries(counted) } as Store;

  return {
    store,
    calls: () => Object.fromEntries(counts),
    total: () => [...counts.values()].reduce((sum, each) => sum + each, 0),
    reset: () => counts.clear(),
  };
}
