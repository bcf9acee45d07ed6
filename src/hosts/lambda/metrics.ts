/**
 * How late feeds are and how many keep failing, as CloudWatch metrics in the embedded metric format: one JSON line that CloudWatch makes metrics of,
 * so that no client and no permission is needed. The alarms of `infra/aws` look at them.
 */
import type { JsonObject } from '../../base/json.ts';
import { feedStatus, type FeedStatus } from '../../feeds/records/status.ts';
import type { Deps } from '../../streams/deps.ts';
import { tenantsOf } from '../../base/principal.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import { scopeOf, sharedScope } from '../../streams/scope.ts';

export const METRICS_NAMESPACE = 'Tidegate';

/** Each with the app's name as the dimension `App`; times are in milliseconds. */
export const METRICS = {
  /** Age of the newest event of the feed that is furthest behind. */
  feedLag: 'FeedLagMs',
  /** For how long the feed that is due longest has been due. */
  oldestDue: 'OldestDueMs',
  /** Feeds whose circuit breaker is open. A feed that never succeeded has no lag and is seldom due, so the other metrics do not show it. */
  openFeeds: 'OpenFeeds',
} as const;

/** One line of the log. An app without feeds writes it too, because the alarm takes silence for a schedule that does not run. One store call for each 100 feeds. */
export async function feedMetrics(deps: Deps): Promise<string> {
  const now = deps.runtime.now();
  const feeds: FeedStatus[] = [];
  const namesOf = (of: StreamTenants) =>
    [...deps.app.feeds.values()].filter(({ tenants }) => tenants === of).map(({ name }) => name);
  feeds.push(...(await feedStatus(sharedScope(deps), namesOf('shared'))));
  const each = namesOf('each');
  // Feeds of tenants that nobody lists are too many to be looked at once a minute.
  const listed = each.length === 0 || !deps.tenants ? [] : await tenantsOf(deps);
  for (const tenant of listed) feeds.push(...(await feedStatus(scopeOf(deps, { tenant }), each)));
  return JSON.stringify(metricLine(deps.app.name, latenessOf(feeds, now), now));
}

export interface Lateness {
  /** Null where no feed ever brought an event. */
  feedLag: number | null;
  oldestDue: number;
  openFeeds: number;
}

const NOT_WAITING: ReadonlySet<FeedStatus['state']> = new Set(['running', 'never-run', 'unread', 'paused']);

export function latenessOf(feeds: readonly FeedStatus[], now: number): Lateness {
  const lags = feeds.flatMap(({ lagMs }) => lagMs ?? []);
  // A feed that runs is not waiting, and neither is one that is paused. Nobody knows when a feed became due that never ran, or whose record cannot be read.
  const waiting = feeds.filter(({ state }) => !NOT_WAITING.has(state));
  return {
    feedLag: lags.length === 0 ? null : Math.max(...lags),
    oldestDue: Math.max(0, ...waiting.map(({ nextAt }) => now - nextAt)),
    openFeeds: feeds.filter(({ state }) => state === 'open').length,
  };
}

function metricLine(app: string, lateness: Lateness, now: number): JsonObject {
  const values = Object.entries(lateness).flatMap(([key, value]) =>
    value === null ? [] : [[METRICS[key as keyof Lateness], value] as const],
  );
  const Metrics = values.map(([Name]) => ({ Name, Unit: Name.endsWith('Ms') ? 'Milliseconds' : 'Count' }));
  return {
    _aws: { Timestamp: now, CloudWatchMetrics: [{ Namespace: METRICS_NAMESPACE, Dimensions: [['App']], Metrics }] },
    App: app,
    ...Object.fromEntries(values),
  };
}
