/**
 * How often an API may be asked, and the pause that it asked for itself. Requests are counted in the store, so that all
 * instances count together: one call for each limit, and one more to give places back. A request that a longer window
 * refuses stays counted in the shorter ones; that wastes places and breaks no limit.
 *
 * Limits and pauses are the app's, since it has one account with an API. Where callers are known, no tenant can use up a limit:
 * its second half is for tenants that have taken less than their part, which is the limit divided by the tenants that asked in
 * this window or the one before. One that comes new may find a window used up, and has its part from the next one on.
 */
import { liesBeyond } from '../base/time/stored-time.ts';
import type { Runtime } from '../base/runtime.ts';
import { commitIfTaken } from '../store/commit.ts';
import type { Reading, Store } from '../store/store.ts';
import { apiPause, limitKey, pauseKey, tenantLimitKey, tenantsKey } from './names.ts';
import type { ScopedLimit, Settings } from './settings.ts';

/** Counters are kept a little longer than their windows, because clocks differ. */
const SKEW_MS = 5_000;
/** No pause is longer, ms. */
const LONGEST_PAUSE_MS = 86_400_000;
/** For a 429 that does not say how long. */
const DEFAULT_PAUSE_MS = 10_000;

interface NoPlace {
  waitMs: number;
  limit: ScopedLimit;
  /** How many tenants share the limit; 1: it is used up, by whomever. */
  shares: number;
}

/**
 * Takes places in the windows for a request that counts `cost` times. Null: it may be sent now; else the wait, and the
 * limit that is reached.
 * @param tenant who asks; null: nobody knows, and all are one
 */
export async function takePlace(
  store: Store,
  { limits }: Settings,
  cost: number,
  now: number,
  tenant: string | null = null,
): Promise<NoPlace | null> {
  for (const limit of limits) {
    const { scope, perMs, requests } = limit;
    const start = now - (now % perMs);
    const end = start + perMs;
    const expiresAt = tenant === null ? end + SKEW_MS : keptUntil(start, perMs);
    const add = (key: string, amount: number) => store.add(key, amount, { now, expiresAt });
    const key = limitKey(scope, perMs, start);
    const own = tenant === null ? null : tenantLimitKey(scope, perMs, start, tenant);
    const [taken, mine] = await Promise.all([add(key, cost), own === null ? 0 : add(own, cost)]);
    const isNew = cost > 0 && mine === cost;
    const shares = tenant === null ? 1 : await sharesOf(store, limit, start, { tenant, taken, isNew, now });
    // A call that costs more than a part may still be the first of its tenant.
    const isOver = shares > 1 && mine > Math.max(cost, Math.floor(requests / shares));
    if (taken <= requests && !isOver) continue;
    // The places go back to requests that cost less, or are another tenant's.
    const isGivenBack = cost > 1 || isOver;
    // One stays: a tenant is new in a window once.
    const ownBack = mine > cost ? cost : cost - 1;
    await Promise.all([isGivenBack && add(key, -cost), isGivenBack && own !== null && add(own, -ownBack)]);
    return { waitMs: end - now, limit, shares: isOver ? shares : 1 };
  }
  return null;
}

interface Asking {
  tenant: string;
  /** What all have taken of the window, with this request. */
  taken: number;
  /** It is the tenant's first in this window. */
  isNew: boolean;
  now: number;
}

/** Of how many tenants each has its part now: those of this window and the one before. 1: whoever asks may take what there is. */
async function sharesOf(
  store: Store,
  { scope, perMs, requests }: ScopedLimit,
  start: number,
  { tenant, taken, isNew, now }: Asking,
): Promise<number> {
  const isScarce = taken > requests / 2;
  const last = start - perMs;
  const add = (key: string, amount: number) => store.add(key, amount, { now, expiresAt: keptUntil(start, perMs) });
  if (isNew) {
    const before = await add(tenantLimitKey(scope, perMs, last, tenant), 0);
    await Promise.all([
      add(tenantsKey(scope, perMs, start, 'all'), 1),
      before > 0 ? null : add(tenantsKey(scope, perMs, start, 'new'), 1),
    ]);
  }
  if (!isScarce) return 1;
  const [before, added] = await Promise.all([
    add(tenantsKey(scope, perMs, last, 'all'), 0),
    add(tenantsKey(scope, perMs, start, 'new'), 0),
  ]);
  return Math.max(1, before + added);
}

/** What tells tenants apart is read in the window after it too. */
function keptUntil(start: number, perMs: number): number {
  return start + 2 * perMs + SKEW_MS;
}

/** @param shares how many tenants share it; 1: it is said as it is */
export function limitText({ requests, perMs }: ScopedLimit, shares = 1): string {
  const every = perMs % 60_000 === 0 ? `${perMs / 60_000} min` : `${perMs / 1_000} s`;
  const of = shares > 1 ? `, shared by ${shares} tenants,` : '';
  return `at most ${requests} requests in ${every}${of} are allowed`;
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
 * because a faster call has stored the pause too; so is a lost answer, and a store that takes nothing: the others ask the API once.
 */
export async function rememberPause(
  { runtime, store, settings, deadline }: { runtime: Runtime; store: Store; settings: Settings; deadline: number },
  until: number,
  found: Reading,
): Promise<Reading> {
  const [now, expiresAt] = [runtime.now(), Math.ceil(until)];
  const key = pauseKey(settings.scope);
  const put = apiPause.put(key, { at: now, until: expiresAt }, { expects: found.version, expiresAt });
  const result = await commitIfTaken(runtime, store, [put], deadline, 'a pause of an API is not stored');
  const { version } = result?.status === 'committed' ? result : found;
  return version === null ? found : { ...key, value: put.value, version, expiresAt, due: null };
}
