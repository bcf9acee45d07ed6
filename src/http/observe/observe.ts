/**
 * What a host observes of itself: `/metrics`, what is counted for it, and `/healthz/feeds`. A host that stays up passes it in; elsewhere an instance
 * would count only its share, and counters would go back with each scrape, so there is no more than what the store has.
 */
import type { App } from '../../declare/app.ts';
import { isPublic, type Principal } from '../../base/principal.ts';
import { whenKnown } from '../../base/time/when-known.ts';
import type { Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { openAccount } from '../../store/counting.ts';
import type { HttpApp, Observed, RouteParts } from '../app-options.ts';
import { methodResponse } from '../problem.ts';
import { expose, type Family, formatFor, METRICS_TYPES } from './exposition.ts';
import { createGuard } from './guard.ts';
import { mountFeedsHealth } from './health-path.ts';
import { createScrape } from './scrape.ts';
import { createRequestLine } from './request-line.ts';
import { createSeenRequests } from './seen-requests.ts';
import { createTimedStore } from './timed-store.ts';
import { observeVariables } from './variables.ts';

export interface ObserveOptions {
  /** Reads what the platform tells of the process. Absent: nothing of this process is counted. */
  process?: () => Family[];
  /** Milliseconds of a clock that only goes forward. Default: `performance.now`. */
  elapsed?: () => number;
}

export interface Observe extends Observed {
  /** The same store, with its calls timed. */
  timed(store: Store): Store;
}

const ALLOWED = 'GET, HEAD';

/** What `createHost`, `createWorker` and `createLambdaHost` take as `observe`. One for each host. */
export function createObserve(app: App, { process, elapsed = () => performance.now() }: ObserveOptions = {}): Observe {
  const requests = process ? createSeenRequests(app) : null;
  const calls = process ? createTimedStore(elapsed) : null;
  const callers = new WeakMap<Request, Principal>();
  const own = () => [...(requests?.families() ?? []), ...(calls?.families() ?? []), ...(process?.() ?? [])];

  function mount(http: HttpApp, deps: Deps, parts: RouteParts): void {
    const refusal = createGuard(observeVariables(deps.runtime).metricsToken, parts);
    const scrape = createScrape(deps, own);
    mountFeedsHealth(http, deps, { ...parts, refusal });
    http.get('/metrics', async (context) => {
      const refused = await refusal(context.req.raw);
      if (refused !== null) return refused;
      const account = openAccount(deps.store, deps.runtime);
      context.set('report', { account });
      const format = formatFor(context.req.header('accept') ?? null);
      const headers = { 'Content-Type': METRICS_TYPES[format] };
      return new Response(expose(await scrape(account.store), format), { headers });
    });
    http.all('/metrics', (context) => methodResponse(context.req.path, ALLOWED));
  }

  return {
    mount,
    log: (runtime) =>
      createRequestLine(runtime, { observed: requests ?? undefined, callerOf: (request) => callers.get(request) }),
    noting: (authenticate) => (request) =>
      whenKnown(authenticate(request), (found) => {
        // Where nobody is asked who calls, all are one.
        if (!(found instanceof Response) && !isPublic(found)) callers.set(request, found);
        return found;
      }),
    timed: (store) => calls?.of(store) ?? store,
  };
}

/** For hosts that do not stay up, where the app is known when the host is made. */
export function observeStore(app: App): Observed {
  return createObserve(app);
}
