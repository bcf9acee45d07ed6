/** What a burst of a feed runs in when `doctor` tries it: the real network, no store, no position, and a short time. */
import type { BurstContext, DeclaredFeed, GuardedInit } from '../../../declare/feed.ts';
import { APP_TENANT } from '../../../base/principal.ts';
import type { Runtime } from '../../../base/runtime.ts';
import { openFeedSecrets, type OpenSecrets } from '../../../declare/check/open-secrets.ts';
import { createGuardedFetch, type GuardedFetch } from '../../../net/guarded-fetch.ts';
import { createWebSocketDial } from '../../../net/websocket-dial.ts';

/** What was seen of the source beside its items. */
export interface SeenSource {
  /** Headers by which a source says how much it may be asked, as it wrote them. */
  limits: Map<string, string>;
  warnings: string[];
}

const LIMITS = /^(?:x-)?rate-?limit|^retry-after$/;

export function tryingContext(
  feed: DeclaredFeed,
  runtime: Runtime,
  options: { deadline: number; signal: AbortSignal; clocks: Map<string, number> },
): { context: BurstContext; secrets: OpenSecrets; seen: SeenSource } {
  const secrets = openFeedSecrets(feed, runtime.variable);
  const seen: SeenSource = { limits: new Map(), warnings: [] };
  const dated = datedFetch(createGuardedFetch(runtime), runtime, options.clocks);
  const fetch: GuardedFetch = async (url, init) => {
    const response = await dated(url, init);
    for (const [name, value] of response.headers) if (LIMITS.test(name)) seen.limits.set(name, value.slice(0, 100));
    return response;
  };
  const { deadline, signal } = options;
  const context: BurstContext = {
    feed: feed.name,
    tenant: APP_TENANT,
    targets: feed.targets,
    position: null,
    ranUntil: null,
    budget: feed.budget,
    deadline,
    signal,
    hold: null,
    now: () => runtime.now(),
    random: () => runtime.random(),
    newId: () => runtime.newId(),
    sleep: (ms, wake) => runtime.sleep(ms, wake),
    fetch,
    webSocket: createWebSocketDial(runtime),
    connect: runtime.connect,
    secret: secrets.valueOf,
    log: (level, message) => {
      if (level === 'warn' || level === 'error') seen.warnings.push(secrets.redact(message));
    },
  };
  return { context, secrets, seen };
}

/** The same fetch, which notes by how much the clock of who answers is ahead. A date has whole seconds. */
export function datedFetch(
  fetch: GuardedFetch,
  { now }: Pick<Runtime, 'now'>,
  clocks: Map<string, number>,
): GuardedFetch {
  return async (url: string, init?: GuardedInit) => {
    const askedAt = now();
    const response = await fetch(url, init);
    const dated = Date.parse(response.headers.get('date') ?? '');
    // What was kept by a cache has an old date.
    if (Number.isFinite(dated) && response.headers.get('age') === null) {
      const between = (askedAt + now()) / 2;
      clocks.set(new URL(url).host, dated + 500 - between);
    }
    return response;
  };
}
