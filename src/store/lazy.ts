/**
 * A store whose driver is loaded and opened by the first call, so that an instance that needs no data loads no client.
 */
import type { Store, StoreLimits } from './store.ts';

/** @param open opens the store; where it fails, the next call tries again */
export function createLazyStore(name: string, limits: StoreLimits, open: () => Promise<Store>): Store {
  let opened: Promise<Store> | null = null;

  function store(): Promise<Store> {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  }

  // Required: a member that stores get later is missed here by the compiler.
  const lazy: Omit<Required<Store>, 'putBack'> = {
    name,
    limits,
    get: async (...args) => (await store()).get(...args),
    getMany: async (...args) => (await store()).getMany(...args),
    list: async (...args) => (await store()).list(...args),
    due: async (...args) => (await store()).due(...args),
    read: async (...args) => (await store()).read(...args),
    last: async (...args) => (await store()).last(...args),
    seek: async (...args) => (await store()).seek(...args),
    extent: async (...args) => (await store()).extent(...args),
    commit: async (...args) => (await store()).commit(...args),
    add: async (...args) => (await store()).add(...args),
    trim: async (...args) => (await store()).trim(...args),
    erase: async (...args) => (await store()).erase(...args),
    collect: async (...args) => (await store()).collect(...args),
    ping: async () => (await store()).ping(),
    findings: async (...args) => (await (await store()).findings?.(...args)) ?? [],
    transfer: async () => (await store()).transfer?.(),
    observed: (onRequest) =>
      createLazyStore(name, limits, async () => {
        const inner = await store();
        return inner.observed?.(onRequest) ?? inner;
      }),
    close: async () => (await opened)?.close(),
  };
  return lazy;
}
