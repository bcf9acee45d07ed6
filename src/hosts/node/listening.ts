/** How Node listens: which address a name means, and for how long connections are kept. */
import { lookup } from 'node:dns/promises';
import type { ServerOptions } from 'node:http';

/** The address that a name means on this machine, as listening finds it too. What has none is refused there. */
export async function addressOf(hostname: string): Promise<string> {
  const found = await lookup(hostname).catch(() => null);
  return found?.address ?? hostname;
}

/** Node gives a request this long, ms, and its headers no longer. */
const REQUEST_MS = 300_000;
const LEAST_HEADERS_MS = 60_000;

/**
 * @param keepAliveMs longer than a balancer in front keeps idle connections: whoever ends one first may cut off a request
 * that is on its way.
 */
export function timeoutsFor(keepAliveMs: number): ServerOptions {
  const headersTimeout = Math.max(LEAST_HEADERS_MS, Math.min(keepAliveMs + 1_000, REQUEST_MS));
  return { keepAliveTimeout: keepAliveMs, headersTimeout, requestTimeout: REQUEST_MS };
}
