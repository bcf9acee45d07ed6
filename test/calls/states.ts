/** Request states for tests: of handlers that never ask, and what their answers are then. */
import { createSealer, type Secrets } from '../../src/base/seal.ts';
import type { Runtime } from '../../src/base/runtime.ts';
import { createRequestStates, type RequestStates } from '../../src/calls/request-state.ts';
import { takeOnce } from '../../src/store/take-once.ts';
import type { Store } from '../../src/store/store.ts';
import { usedStateKey } from '../../src/calls/names.ts';

export const NO_STATES: RequestStates = {
  open: () => Promise.reject(new Error('nobody asks here')),
  seal: () => Promise.reject(new Error('nobody asks here')),
};

export const SECRETS: Secrets = { current: 'a secret of the tests, of 32 characters', previous: null };

export function statesOn(runtime: Runtime, store: Store, secrets: Secrets | null = SECRETS): RequestStates {
  return createRequestStates({
    runtime,
    sealer: createSealer(secrets, 'test'),
    takeOnce: ({ principal, deadline }, id, expiresAt) =>
      takeOnce(runtime, store, usedStateKey(principal.tenant, id), expiresAt, deadline),
  });
}
