/** Instances that serve callers on one store, each with a memory and a clock of its own, for tests of shares. */
import { createRequestShares, type RequestLimit } from '../../../src/store/shares/request-shares.ts';
import type { Store } from '../../../src/store/store.ts';

export const WINDOW_MS = 60_000;
/** The beginning of a window. */
export const START = 500_000 * 3_600_000;

export function limitOf(limit: number, counter = 't/requests//ada'): RequestLimit {
  return { name: 'quotas.requests', whose: 'of one caller', counter, limit, windowMs: WINDOW_MS };
}

export interface Instance {
  /** Resolves with whether the request was let through; rejects where the store failed. */
  ask(): Promise<boolean>;
}

/** @param sleep default: it never ends, as one request alone never sleeps */
export function instanceOn(
  store: Store,
  limits: RequestLimit | readonly RequestLimit[],
  now: () => number,
  sleep: (ms: number) => Promise<void> = () => new Promise(() => {}),
): Instance {
  const shares = createRequestShares({ now, sleep });
  const all: readonly RequestLimit[] = 'name' in limits ? [limits] : limits;
  return {
    async ask() {
      try {
        await shares.take(store, all);
        return true;
      } catch (thrown) {
        if ((thrown as { code?: unknown }).code === 'rate_limited') return false;
        throw thrown;
      }
    },
  };
}

/** The same store, with its `add` counted, and changed where `change` is given. */
export function watched(store: Store, change: (add: Store['add']) => Store['add'] = (add) => add) {
  let calls = 0;
  const add = change((...asked) => store.add(...asked));
  const view: Store = {
    ...store,
    add(...asked) {
      calls += 1;
      return add(...asked);
    },
  };
  return { store: view, calls: () => calls };
}

/** Asks `count` times, evenly over `spanMs`. Answers how many were let through. */
export async function paced(
  clock: { now: number },
  count: number,
  spanMs: number,
  ask: (n: number) => Promise<boolean>,
): Promise<number> {
  const from = clock.now;
  let passed = 0;
  for (let n = 0; n < count; n += 1) {
    clock.now = Math.floor(from + (n * spanMs) / count);
    if (await ask(n)) passed += 1;
  }
  return passed;
}
