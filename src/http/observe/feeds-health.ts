/**
 * Whether every feed does what it should: failing, or late beyond its bound. It goes by the records of the feeds, one call for each
 * hundred of them, and writes nothing.
 */
import type { App } from '../../declare/app.ts';
import type { JsonObject } from '../../base/json.ts';
import { type FeedCondition, type FeedStatus, feedStatus } from '../../feeds/records/status.ts';
import type { Deps } from '../../streams/deps.ts';
import { sharedScope } from '../../streams/scope.ts';

/** States in which a feed brings nothing, or nothing that is of use. One burst that failed is not one of them: it is tried again at once. */
const FAILING: ReadonlySet<FeedCondition> = new Set(['open', 'overdue', 'stalled', 'rejecting', 'unread']);
export interface FeedHealthLine {
  feed: string;
  /** `paused`: an operator stopped it. It brings nothing, which is meant, so it is no alarm; whoever wants one looks at the count. */
  verdict: 'ok' | 'late' | 'failing' | 'paused';
  status: FeedStatus;
}

/** Feeds that all tenants share and that fill a stream. Those of each tenant are too many to be looked at. */
export function sharedFeeds({ feeds }: App): string[] {
  return [...feeds.values()].flatMap(({ name, tenants, targets }) =>
    tenants === 'shared' && targets.length > 0 ? [name] : [],
  );
}

/** Errors as the store's. */
export async function feedsHealth(deps: Deps): Promise<FeedHealthLine[]> {
  const { app } = deps;
  const statuses = await feedStatus(sharedScope(deps), sharedFeeds(app));
  return statuses.map((status) => {
    const { feed, state, lagMs } = status;
    if (FAILING.has(state)) return { feed, verdict: 'failing', status };
    if (state === 'paused') return { feed, verdict: 'paused', status };
    const mostMs = app.feeds.get(feed)?.feed.pacing.lateAfterMs;
    const isLate = mostMs !== undefined && lagMs !== null && lagMs > mostMs;
    return { feed, verdict: isLate ? 'late' : 'ok', status };
  });
}

/** What everybody may hear: how many, and no names. */
export function healthCounts(lines: readonly FeedHealthLine[]): JsonObject {
  const of = (wanted: FeedHealthLine['verdict']) => lines.filter(({ verdict }) => verdict === wanted).length;
  return { ok: of('ok'), late: of('late'), failing: of('failing'), paused: of('paused') };
}

/** For who may hear all. Sources and messages have no secrets in them. */
export function healthDetails(lines: readonly FeedHealthLine[], now: number): JsonObject[] {
  return lines.map(({ feed, verdict, status }) => ({
    feed,
    verdict,
    state: status.state,
    lagMs: status.lagMs,
    lastSuccessAt: timeText(status.lastSuccessAt),
    nextDueInMs: status.state === 'never-run' ? 0 : status.nextAt - now,
    failures: status.failures,
    lastError: status.lastError && {
      code: status.lastError.code,
      message: status.lastError.message,
      at: timeText(status.lastError.at),
    },
  }));
}

const timeText = (at: number | null) => (at === null ? null : new Date(at).toISOString());
