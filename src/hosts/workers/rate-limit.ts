/**
 * Refuses a caller who asks too often, by the platform's rate limiting binding where one is bound as `RATE_LIMIT`. The
 * platform counts at each of its places by itself, and loosely: it bounds floods and is no quota.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Log } from '../../base/runtime.ts';
import type { HttpAppOptions } from '../../http/app.ts';
import { networkOf } from '../../net/network-of.ts';

interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The shorter of the two periods that the platform knows, ms; which one is set cannot be read here. */
const RETRY_AFTER_MS = 10_000;

/** Null where nothing is bound. */
export function admitThrough({ RATE_LIMIT }: Record<string, unknown>, log: Log): HttpAppOptions['admit'] | null {
  if (typeof RATE_LIMIT !== 'object' || RATE_LIMIT === null || !('limit' in RATE_LIMIT)) return null;
  const binding = RATE_LIMIT as RateLimit;
  return async ({ headers, url }) => {
    // The platform sets it, whatever a client sends.
    const address = headers.get('cf-connecting-ip');
    if (address === null) return null;
    // Whoever chose the kind would have a share for each.
    const kind = /^\/(mcp|ingest)(?:\/|$)/.exec(new URL(url).pathname)?.[1] ?? 'other';
    try {
      if ((await binding.limit({ key: `${kind} ${networkOf(address)}` })).success) return null;
    } catch (thrown) {
      log('warn', `the rate limit cannot be asked, and lets pass: ${String(thrown)}`);
      return null;
    }
    return new TidegateError('rate_limited', 'Too many requests from this address', {
      hint: 'send fewer, and the same one again later',
      retryAfterMs: RETRY_AFTER_MS,
    });
  };
}
