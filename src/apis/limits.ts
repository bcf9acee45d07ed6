/**
 * How often an API may be asked: counted in the store, so that all instances count together, and the pause that the API
 * itself asked for. One call to the store for each limit, and one to give back what counted as several; a request that
 * is refused was counted in shorter windows, which loses a place there and breaks no limit.
 */
import type { Runtime } from '../base/runtime.ts';
import type { Reading, Store } from '../store/store.ts';
import { apiPause, limitKey, pauseKey } from './names.ts';
import type { ScopedLimit, Settings } from './settings.ts';

/** Counters stay a little longer than their windows, since clocks differ. */
const SKEW_MS = 5_000;
/** Where an API says 429 and not for how long. */
const DEFAULT_PAUSE_MS = 10_000;

/** Null: it may be sent now; else how long to wait, and which limit says so. */
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
    // What is left is for those who need less.
    if (cost > 1) await store.add(limitKey(scope, perMs, start), -cost, { now, expiresAt: end + SKEW_MS });
    return { waitMs: end - now, limit };
  }
  return null;
}

export function limitText({ requests, perMs }: ScopedLimit): string {
  const every = perMs % 60_000 === 0 ? `${perMs / 60_000} min` : `${perMs / 1_000} s`;
  return `at most ${requests} requests in ${every} are allowed`;
}

/** Until when the API wants to be left alone, epoch ms; 0: it does not. */
export function pausedUntil(reading: Reading): number {
  return apiPause.read(reading) ?? 0;
}

export function pauseMs({ limits }: Settings, retryAfterMs: number | null, now: number): number {
  const [shortest] = limits;
  return retryAfterMs ?? (shortest ? shortest.perMs - (now % shortest.perMs) : DEFAULT_PAUSE_MS);
}

/**
 * Tells the other calls, and answers what this one may go on with. Whoever was faster told them as well, so a conflict
 * is no matter, and neither is a lost answer.
 */
export async function rememberPause(
  { runtime, store, settings, deadline }: { runtime: Runtime; store: Store; settings: Settings; deadline: number },
  until: number,
  found: Reading,
): Promise<Reading> {
  const value = Math.ceil(until);
  const key = pauseKey(settings.scope);
  const put = apiPause.put(key, value, { expects: found.version, expiresAt: value });
  const result = await store.commit([put], { id: runtime.newId(), now: runtime.now(), deadline });
  const { version } = result.status === 'committed' ? result : found;
  return version === null ? found : { ...key, value: put.value, version, expiresAt: value, due: null };
}
