/**
 * Refuses a caller who asks too often, by the platform's rate limiting binding where one is bound as `RATE_LIMIT`. The
 * platform counts at each of its places by itself, and loosely: it bounds floods and is no quota. While it cannot be asked, each isolate
 * counts by itself.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { HttpAppOptions } from '../../http/app-options.ts';
import { networkOf } from '../../net/network-of.ts';

interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The shorter of the two periods that the platform knows, ms; which one is set cannot be read here. */
const RETRY_AFTER_MS = 10_000;
/** Of one key in that time while the binding cannot be asked: as the settings that are deployed have it. */
const OWN_LIMIT = 300;
/** Most keys that are counted; whoever comes beyond them is refused until the time is over. */
const MOST_KEYS = 10_000;

/** Null where nothing is bound. */
export function admitThrough(
  { RATE_LIMIT }: Record<string, unknown>,
  { now, log }: Pick<Runtime, 'now' | 'log'>,
): HttpAppOptions['admit'] | null {
  if (typeof RATE_LIMIT !== 'object' || RATE_LIMIT === null || !('limit' in RATE_LIMIT)) return null;
  const binding = RATE_LIMIT as RateLimit;
  const isWithinOwn = createOwnCount(now);
  return async ({ headers, url }) => {
    // The platform sets it, whatever a client sends.
    const address = headers.get('cf-connecting-ip');
    if (address === null) return null;
    // Whoever chose the kind would have a share for each.
    const kind = /^\/(mcp|ingest)(?:\/|$)/.exec(new URL(url).pathname)?.[1] ?? 'other';
    const key = `${kind} ${networkOf(address)}`;
    try {
      if ((await binding.limit({ key })).success) return null;
    } catch (thrown) {
      log('warn', `the rate limit cannot be asked, and this isolate counts by itself: ${String(thrown)}`);
      if (isWithinOwn(key)) return null;
    }
    return new TidegateError('rate_limited', 'Too many requests from this address', {
      hint: 'send fewer, and the same one again later',
      retryAfterMs: RETRY_AFTER_MS,
    });
  };
}

/** Whether a key is within the limit of this isolate, the request that asks among the counted. */
function createOwnCount(now: () => number): (key: string) => boolean {
  const counts = new Map<string, number>();
  let beganAt = now();
  return (key) => {
    const at = now();
    if (at < beganAt || at - beganAt >= RETRY_AFTER_MS) {
      counts.clear();
      beganAt = at;
    }
    const count = (counts.get(key) ?? 0) + 1;
    if (count > OWN_LIMIT || (count === 1 && counts.size >= MOST_KEYS)) return false;
    counts.set(key, count);
    return true;
  };
}
