/**
 * Limits the requests to one host, over all HTTP feeds of this process: how many are open at once, and how many begin in a
 * second. It knows no other process, so the limit holds for each instance by itself. A request that waits looks again by its
 * own clock. No request wakes another, because requests of a Worker may not.
 */
import * as z from 'zod';
import type { BurstContext } from '../declare/feed.ts';
import { bounded, judged, whole, withDefaults } from '../declare/spec/options.ts';

export interface Politeness {
  /**
   * Requests to the host that are open at once. An event stream and a long poll are open for as long as their bursts last.
   * @default 4
   */
  concurrency?: number;
  /**
   * Requests to the host that begin within any second. A number below one allows one request in several seconds: 0.1 is
   * one in ten seconds.
   * @default 10
   */
  perSecond?: number;
}

const LEAST_PER_SECOND = 0.001;
const MOST_PER_SECOND = 1_000;

export const politenessSpec = z.strictObject(
  {
    concurrency: whole(1, undefined, { expected: 'a whole number from 1 on' }).default(4),
    perSecond: bounded(
      judged<number>(
        `a number from ${LEAST_PER_SECOND} to ${MOST_PER_SECOND}`,
        (value) => typeof value === 'number' && value >= LEAST_PER_SECOND && value <= MOST_PER_SECOND,
      ),
      '0.001 to 1,000',
    ).default(10),
  },
  { error: '{ concurrency, perSecond }, either or both' },
);

/** How long a request waits before it looks again whether the host has a place. */
const LOOK_MS = 25;
/** Hosts that are remembered. Beyond that, those that no request is open to are forgotten. */
const MOST_HOSTS = 1_000;

interface Host {
  /** Open requests. Each has the time at which it is over at the latest, so that one that was never given back blocks nobody for ever. */
  open: Set<{ until: number }>;
  /** When the last requests began, the oldest first. */
  begun: number[];
}

interface HostLimiter {
  /**
   * Waits for a place at the host. Answers the function that gives it back; null where `signal` aborts before.
   * @param until epoch ms at which the request is over at the latest
   */
  enter(host: string, politeness: Politeness, until: number, context: Clock): Promise<(() => void) | null>;
}

type Clock = Pick<BurstContext, 'now' | 'sleep' | 'signal'>;

export function createHostLimiter(): HostLimiter {
  const hosts = new Map<string, Host>();

  const hostOf = (name: string): Host => {
    const host = hosts.get(name) ?? { open: new Set(), begun: [] };
    hosts.delete(name);
    hosts.set(name, host);
    for (const [other, { open }] of hosts) {
      if (hosts.size <= MOST_HOSTS) break;
      if (open.size === 0) hosts.delete(other);
    }
    return host;
  };

  return {
    async enter(name, politeness, until, clock) {
      const { concurrency, perSecond } = withDefaults(politenessSpec, politeness);
      const most = Math.max(1, Math.floor(perSecond));
      const windowMs = (1_000 * most) / perSecond;
      while (!clock.signal.aborted) {
        const host = hostOf(name);
        const now = clock.now();
        for (const place of host.open) if (place.until <= now) host.open.delete(place);
        const since = host.begun.length < most ? null : (host.begun.at(-most) ?? null);
        // A clock that was set back must not make a request wait for it.
        const waitMs = since === null || since > now ? 0 : since + windowMs - now;
        if (host.open.size < concurrency && waitMs <= 0) {
          const place = { until };
          host.open.add(place);
          host.begun.push(now);
          if (host.begun.length > MOST_PER_SECOND) host.begun.shift();
          return () => void host.open.delete(place);
        }
        await clock.sleep(Math.max(waitMs, LOOK_MS), clock.signal);
      }
      return null;
    },
  };
}

/** The limiter of this process. */
export const hostLimiter: HostLimiter = createHostLimiter();
