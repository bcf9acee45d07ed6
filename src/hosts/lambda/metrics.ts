/**
 * How late feeds and tasks are and how many feeds keep failing, as CloudWatch metrics in the embedded metric format: one JSON line that CloudWatch makes metrics of,
 * so that no client and no permission is needed. The alarms and the dashboard of `hosts/aws` look at them.
 */
import type { JsonObject } from '../../base/json.ts';
import { feedStatus, type FeedStatus } from '../../feeds/records/status.ts';
import type { Deps } from '../../streams/deps.ts';
import { tenantsOf } from '../../base/principal.ts';
import { TASK_QUEUE } from '../../tasks/records/names.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import { scopeOf, sharedScope } from '../../streams/scope.ts';
import { awsNames } from '../platforms/aws-names.ts';

export const METRICS_NAMESPACE = 'Tidegate';

/** Each with the app's name, and its stage's behind it, as the dimension `App`; times are in milliseconds. */
export const METRICS = {
  /** Age of the newest event of the feed that is furthest behind. */
  feedLag: 'FeedLagMs',
  /** For how long the feed that is due longest has been due. */
  oldestDue: 'OldestDueMs',
  /** For how long the task that is due longest has been due; 0 where none is. */
  oldestTaskDue: 'OldestTaskDueMs',
  /** Feeds whose circuit breaker is open. A feed that never succeeded has no lag and is seldom due, so the other metrics do not show it. */
  openFeeds: 'OpenFeeds',
} as const;

/**
 * One line of the log. An app without feeds writes it too, because the alarm takes silence for a schedule that does not run.
 * One store call for each 100 feeds, and one where there are tasks.
 * @param stage of the deployment, beside others of the same app; null: it has none
 */
export async function feedMetrics(deps: Deps, stage: string | null = null): Promise<string> {
  const { app, store, runtime } = deps;
  const now = runtime.now();
  const feeds: FeedStatus[] = [];
  const namesOf = (of: StreamTenants) =>
    [...app.feeds.values()].filter(({ tenants }) => tenants === of).map(({ name }) => name);
  feeds.push(...(await feedStatus(sharedScope(deps), namesOf('shared'))));
  const each = namesOf('each');
  // Feeds of tenants that nobody lists are too many to be looked at once a minute.
  const listed = each.length === 0 || !deps.tenants ? [] : await tenantsOf(deps);
  for (const tenant of listed) feeds.push(...(await feedStatus(scopeOf(deps, { tenant }), each)));
  // A queue is read from one of its shards on, so this may be less than the oldest where very many are due.
  const due = app.tasks.size === 0 ? [] : await store.due(TASK_QUEUE, { now, limit: MOST_DUE, from: 0 });
  const oldestTaskDue = Math.max(0, ...due.map(({ dueAt }) => now - dueAt));
  return JSON.stringify(metricLine(awsNames(app.name, stage).stack, { ...latenessOf(feeds, now), oldestTaskDue }, now));
}

const MOST_DUE = 100;

interface Lateness {
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

function metricLine(app: string, lateness: Lateness & { oldestTaskDue: number }, now: number): JsonObject {
  const values = Object.entries(lateness).flatMap(([key, value]) =>
    value === null ? [] : [[METRICS[key as keyof typeof METRICS], value] as const],
  );
  const Metrics = values.map(([Name]) => ({ Name, Unit: Name.endsWith('Ms') ? 'Milliseconds' : 'Count' }));
  return {
    _aws: { Timestamp: now, CloudWatchMetrics: [{ Namespace: METRICS_NAMESPACE, Dimensions: [['App']], Metrics }] },
    App: app,
    ...Object.fromEntries(values),
  };
}
