/** Who calls in a benchmark: the public principal, without a client that hears anything. */
import { PUBLIC } from '../../src/base/principal.ts';
import type { Caller } from '../../src/calls/caller.ts';

export const silentCaller: Omit<Caller, 'account'> = {
  principal: PUBLIC,
  signal: new AbortController().signal,
  deadline: Number.MAX_SAFE_INTEGER,
  clientCapabilities: null,
  retry: null,
  meta: {},
  log: () => {},
  progress: () => {},
  emit: () => {},
};
