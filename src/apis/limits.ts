/**
 * How often an API may be asked, and the pause that it asked for itself. Requests are counted in the store, so that all
 * instances count together: one call for each limit, and one more to give places back. A request that a longer window
 * refuses stays counted in the shorter ones; that wastes places and breaks no limit.
 */
import { liesBeyond } from '../base/time/stored-time.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Reading, Store } from '../store/store.ts';
import { apiPause, limitKey, pauseKey } from './names.ts';
import type { ScopedLimit, Settings } from './settings.ts';

/** Counters are kept a little longer than their windows, because clocks differ. */
const SKEW_MS = 5_000;
/** No pause is longer, ms. */
const LONGEST_PAUSE_MS = 86_400_000;
/** For a 429 that does not say how long. */
const DEFAULT_PAUSE_MS = 10_000;

/**
 * Takes places in the windows for a request that counts `cost` times. Null: it may be sent now; else the wait, and the
 * limit that is reached.
 */
export async function takePlace(
  store: Store,
  { limits }: Settings,
  cost: number,
  now: number,
): Promise<{ waitMs: number; limit: ScopedLimit } | null> {
  for (const limit of limits) {
    const { scope, perMs, requests } = limit;
    const start = now - (now % perMs);
    const end = start + perMs;
    const taken = await store.add(limitKey(scope, perMs, start), cost, { now, expiresAt: end + SKEW_MS });
    if (taken <= requests) continue;
    // The places go back to requests that cost less.
    if (cost > 1) await store.add(limitKey(scope, perMs, start), -cost, { now, expiresAt: end + SKEW_MS });
    return { waitMs: end - now, limit };
  }
  return null;
}

export function limitText({ requests, perMs }: ScopedLimit): string {
  const every = perMs % 60_000 === 0 ? `${perMs / 60_000} min` : `${perMs / 1_000} s`;
  return `at most ${requests} requests in ${every} are allowed`;
}

/** The end of the pause that the API asked for, epoch ms. 0: it asked for none, or by a clock that was ahead of this one. */
export function pausedUntil(reading: Reading, now: number): number {
  const pause = apiPause.read(reading) ?? 0;
  const { at, until } = typeof pause === 'number' ? { at: pause - LONGEST_PAUSE_MS, until: pause } : pause;
  return liesBeyond(at, now, 0) ? 0 : until;
}

export function pauseMs({ limits }: Settings, retryAfterMs: number | null, now: number): number {
  const [shortest] = limits;
  return retryAfterMs ?? (shortest ? shortest.perMs - (now % shortest.perMs) : DEFAULT_PAUSE_MS);
}

/**
 * Stores a pause for the other calls, and answers the record that this call goes on with. A conflict is ignored,
 * because a faster call has stored the pause too; so is a lost answer.
 */
export async function rememberPause(
  { runtime, store, settings, deadline }: { runtime: Runtime; store: Store; settings: Settings; deadline: number },
  until: number,
  found: Reading,
): Promise<Reading> {
  const [now, expiresAt] = [runtime.now(), Math.ceil(until)];
  const key = pauseKey(settings.scope);
  const put = apiPause.put(key, { at: now, until: expiresAt }, { expects: found.version, expiresAt });
  const result = await store.commit([put], { id: runtime.newId(), now, deadline });
  const { version } = result.status === 'committed' ? result : found;
  return version === null ? found : { ...key, value: put.value, version, expiresAt, due: null };
}
