/**
 * `/healthz/feeds`: 200 where every feed does what it should or is paused, 503 where one is failing or late, and where the store does not say. Anybody
 * hears how many there are of each; names, lags and errors are for who may read metrics. Probes share an answer for 5 s.
 */
import { sentJsonResponse } from '../../base/json.ts';
import { openAccount } from '../../store/counting.ts';
import type { Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import type { HttpApp, RouteParts } from '../app-options.ts';
import { methodResponse } from '../problem.ts';
import { type FeedHealthLine, feedsHealth, healthCounts, healthDetails } from './feeds-health.ts';
import type { Guard } from './guard.ts';

const PATH = '/healthz/feeds';
const HEALTH_KEPT_MS = 5_000;
const MOST_MS = 2_000;

export function mountFeedsHealth(
  http: HttpApp,
  deps: Deps,
  { isOpen, refusal }: Pick<RouteParts, 'isOpen'> & { refusal: Guard },
): void {
  const { runtime } = deps;
  let latest: { at: number; lines: Promise<FeedHealthLine[] | null>; isKnown: boolean } | null = null;

  function look(store: Store): Promise<FeedHealthLine[] | null> {
    if (latest !== null && Math.abs(runtime.now() - latest.at) < (latest.isKnown ? HEALTH_KEPT_MS : MOST_MS))
      return latest.lines;
    const reading = { at: runtime.now(), isKnown: false, lines: read(store) };
    void reading.lines.then((lines) => (reading.isKnown = lines !== null));
    latest = reading;
    return reading.lines;
  }

  const read = (store: Store) => feedsHealth({ ...deps, store }).catch(() => null);

  /** Who brings a credential that does not count is told so. */
  async function seesAll(request: Request): Promise<boolean | Response> {
    if (!isOpen && !request.headers.has('authorization')) return false;
    const refused = await refusal(request);
    if (refused === null) return true;
    return request.headers.has('authorization') ? refused : false;
  }

  http.get(PATH, async (context) => {
    const account = openAccount(deps.store, deps.runtime);
    context.set('report', { account });
    const isAll = await seesAll(context.req.raw);
    if (isAll instanceof Response) return isAll;
    const answered = new AbortController();
    const lines = await Promise.race([look(account.store), runtime.sleep(MOST_MS, answered.signal).then(() => null)]);
    answered.abort();
    if (lines === null) return sentJsonResponse({ status: 'unknown', part: 'store' }, { status: 503 });
    const isWell = lines.every(({ verdict }) => verdict === 'ok' || verdict === 'paused');
    const body = {
      status: isWell ? 'ok' : 'failing',
      feeds: healthCounts(lines),
      ...(isAll ? { details: healthDetails(lines, runtime.now()) } : {}),
    };
    return sentJsonResponse(body, { status: isWell ? 200 : 503 });
  });
  http.all(PATH, (context) => methodResponse(context.req.path, 'GET, HEAD'));
}
