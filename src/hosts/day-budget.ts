/**
 * What feeds may ask of the store in a day, so that a feed which runs wild costs no more than that. It counts in the store,
 * over all instances. Agents, pushes, tasks and the sweep are not bounded by it. A burst that has begun goes on, so a day may cost
 * a run more.
 */
import { APP_TENANT } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Spent } from '../store/counting.ts';
import type { Store } from '../store/store.ts';

const DAY_MS = 86_400_000;
/** How much longer than its day a count is kept, ms, because clocks of instances differ. */
const SKEW_MS = 60_000;

/**
 * Counts what was spent, and answers whether something is left of the day (UTC). One store call where there is a bound.
 * @param most requests to the engine, or calls to a store in this process; null: there is no bound
 */
export async function isLeftOfDay(
  { store, runtime }: { store: Store; runtime: Pick<Runtime, 'now'> },
  most: number | null,
  { engineRequests, storeCalls }: Spent,
): Promise<boolean> {
  if (most === null) return true;
  const now = runtime.now();
  const day = Math.floor(now / DAY_MS);
  const spent = engineRequests ?? Object.values(storeCalls).reduce((sum, calls) => sum + calls, 0);
  const options = { now, expiresAt: (day + 1) * DAY_MS + SKEW_MS };
  return (await store.add(`${APP_TENANT}/feed-requests/${day}`, spent, options)) < most;
}
