/**
 * Accounts of what is asked of a store: a view of it that counts its calls by kind, for one request, burst or sweep. What
 * overlaps in a process has a view each, so that nothing is counted for another.
 */
import type { Store } from './store.ts';

/** The operations of a store: all that reaches its engine. */
export type StoreCall = Exclude<keyof Store, 'name' | 'limits' | 'observed' | 'close'>;

const CALLS: readonly StoreCall[] = [
  ...(['get', 'getMany', 'list', 'due', 'read', 'last', 'seek', 'extent'] as const),
  ...(['commit', 'add', 'trim', 'collect', 'ping'] as const),
];

/** How often each was called; those never called are left out. */
export type StoreCalls = Partial<Record<StoreCall, number>>;

export interface CountedStore {
  /** The same store, counted. Closing it closes the store itself. */
  store: Store;
  /** Since the beginning or the last `reset`. */
  calls: () => StoreCalls;
  /** The sum of `calls()`. */
  total: () => number;
  /** Requests sent to the engine, repeated ones too; null for an engine in this process. */
  engineRequests: () => number | null;
  reset: () => void;
}

export function countCalls(inner: Store): CountedStore {
  let counts: StoreCalls = {};
  let requests = 0;
  const { observed } = inner;

  function viewOf(store: Store): Store {
    const counted = CALLS.map((name) => {
      const call = store[name] as (...args: unknown[]) => unknown;
      const count = (...args: unknown[]) => {
        counts[name] = (counts[name] ?? 0) + 1;
        return call.apply(store, args);
      };
      return [name, count] as const;
    });
    return { ...store, ...Object.fromEntries(counted), ...(observed ? { observed: viewFor } : {}) };
  }

  function viewFor(onRequest: () => void): Store {
    const onEach = () => {
      requests += 1;
      onRequest();
    };
    return viewOf(observed?.(onEach) ?? inner);
  }

  return {
    store: viewFor(() => {}),
    calls: () => ({ ...counts }),
    total: () => Object.values(counts).reduce((sum, each) => sum + each, 0),
    engineRequests: () => (observed ? requests : null),
    reset() {
      counts = {};
      requests = 0;
    },
  };
}

/** What something cost, as the log says it. */
export type Spent = {
  storeCalls: StoreCalls;
  /** Left out where a call is no request of its own, and where there was none. */
  engineRequests?: number;
};

export interface Account {
  /** The store, with every call on this account. */
  readonly store: Store;
  /** So far. */
  spent(): Spent;
}

/** An account, whose view of the store is made with the first look at it: who asks for no data pays nothing. */
export function openAccount(inner: Store): Account {
  let counted: CountedStore | null = null;
  return {
    get store() {
      counted ??= countCalls(inner);
      return counted.store;
    },
    spent() {
      const engineRequests = counted?.engineRequests() ?? null;
      return { storeCalls: counted?.calls() ?? {}, ...(engineRequests === null ? {} : { engineRequests }) };
    },
  };
}
