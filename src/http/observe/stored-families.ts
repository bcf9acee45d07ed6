/**
 * What the store has of feeds, tasks and deliveries, as metrics. How many calls that takes is bounded, however many tenants, tasks and
 * events there are. What is counted is bounded too, and a number that stands at its bound says so.
 */
import { NO_COUNTS } from '../../feeds/records/counts.ts';
import { type FeedStatus, feedStatus } from '../../feeds/records/status.ts';
import { DELIVERY_QUEUE, deliveryKey, nameOfDue } from '../../deliveries/records/names.ts';
import { deliveryState } from '../../deliveries/records/state.ts';
import { DUE_LIMIT, GET_MANY_LIMIT } from '../../store/limits.ts';
import type { Deps } from '../../streams/deps.ts';
import { sharedScope } from '../../streams/scope.ts';
import { TASK_QUEUE } from '../../tasks/records/names.ts';
import { type Family, gauge, type MetricSample } from './exposition.ts';
import { sharedFeeds } from './feeds-health.ts';
import { letterFamily } from './stored-letters.ts';
import { type Queued, taskFamilies } from './stored-tasks.ts';

/** All of them, by their type. */
const NAMED: Record<FeedStatus['state'], true> = {
  ...({ ok: true, running: true, paused: true, 'never-run': true, 'backing-off': true, open: true } as const),
  ...({ stalled: true, overdue: true, rejecting: true, missing: true, unread: true } as const),
};
const STATES = Object.keys(NAMED) as FeedStatus['state'][];

/** Errors as the store's. */
export async function storedFamilies(deps: Deps): Promise<Family[]> {
  const now = deps.runtime.now();
  const shared = sharedScope(deps);
  const [feeds, tasks, deliveries] = await Promise.all([
    feedStatus(shared, sharedFeeds(deps.app)),
    queued(deps, TASK_QUEUE, now),
    queued(deps, DELIVERY_QUEUE, now),
  ]);
  const { store } = deps;
  const more = await Promise.all([
    letterFamily(store, shared.tenant, feeds, now).then((family) => [family]),
    taskFamilies(store, tasks, now),
    deliveryFamilies(deps, deliveries, now),
  ]);
  return [...feedFamilies(feeds, now), ...more.flat()];
}

async function queued({ store }: Deps, queue: string, now: number): Promise<Queued> {
  const asked = { now, limit: DUE_LIMIT, from: 0 };
  const [due, later] = await Promise.all([store.due(queue, asked), store.due(queue, { ...asked, after: now })]);
  return { due, later };
}

function feedFamilies(feeds: readonly FeedStatus[], now: number): Family[] {
  const each = (value: (feed: FeedStatus) => number | null): MetricSample[] =>
    feeds.flatMap((status) => {
      const found = value(status);
      return found === null ? [] : [{ labels: { feed: status.feed }, value: found }];
    });
  const states = feeds.flatMap(({ feed, state }) =>
    STATES.map((one) => ({ labels: { feed, state: one }, value: one === state ? 1 : 0 })),
  );
  const counted = Object.keys(NO_COUNTS) as (keyof typeof NO_COUNTS)[];
  const counts = counted.map((what): Family => ({
    name: `tidegate_feed_${snake(what)}_total`,
    help: `${snake(what).replace('_', ' ')} of a feed since it was first run, of all instances`,
    type: 'counter',
    samples: each((status) => status.counts[what]),
  }));
  return [
    gauge('tidegate_feed_state', 'How a feed is: 1 for the state that it has', states),
    gauge(
      'tidegate_feed_breaker_open',
      'Whether a feed failed so often that it is tried seldom',
      each(({ state }) => (state === 'open' ? 1 : 0)),
    ),
    gauge(
      'tidegate_feed_lag_seconds',
      'Age of the newest event of a feed',
      each(({ lagMs }) => (lagMs === null ? null : lagMs / 1_000)),
    ),
    gauge(
      'tidegate_feed_backlog',
      'Items that are known to wait at the source',
      each(({ backlog }) => backlog),
    ),
    gauge(
      'tidegate_feed_failures_in_a_row',
      'Bursts that failed, one after another',
      each(({ failures }) => failures),
    ),
    gauge(
      'tidegate_feed_due_seconds',
      'For how long a feed has been due',
      each(({ state, nextAt }) =>
        state === 'never-run' || state === 'unread' ? null : Math.max(0, now - nextAt) / 1_000,
      ),
    ),
    gauge(
      'tidegate_feed_last_success_timestamp_seconds',
      'When a burst last did not fail',
      each(({ lastSuccessAt }) => (lastSuccessAt === null ? null : lastSuccessAt / 1_000)),
    ),
    {
      name: 'tidegate_feed_bursts_total',
      help: 'Bursts of a feed since it was first run; a reset keeps it',
      type: 'counter',
      samples: each(({ bursts }) => bursts),
    },
    ...counts,
  ];
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function deliveryFamilies({ store }: Deps, { due, later }: Queued, now: number): Promise<Family[]> {
  const keys = new Map(
    [...due, ...later].map((record) => {
      const key = deliveryKey(nameOfDue(record));
      return [`${key.partition} ${key.id}`, key] as const;
    }),
  );
  const read = [...keys.values()].slice(0, GET_MANY_LIMIT);
  const readings = read.length === 0 ? [] : await store.getMany(read, now);
  // Those of a newer release are left out.
  const states = readings.flatMap((reading) => {
    try {
      return deliveryState.read(reading) ?? [];
    } catch {
      return [];
    }
  });
  const pending = states.flatMap((state) => state.pending);
  const oldest = pending.reduce((most, { since }) => Math.max(most, now - since), 0) / 1_000;
  return [
    gauge(
      'tidegate_deliveries_pending',
      `Deliveries that were not acknowledged yet, of ${GET_MANY_LIMIT} subscriptions at most`,
      [{ value: pending.length }],
    ),
    gauge('tidegate_deliveries_oldest_seconds', 'For how long the oldest of these has waited', [{ value: oldest }]),
    gauge('tidegate_subscriptions_busy', 'Subscriptions with something to send, now or later', [{ value: keys.size }]),
    gauge('tidegate_subscriptions_failing', 'Those of them whose last try failed', [
      { value: states.filter(({ failures }) => failures > 0).length },
    ]),
    gauge(
      'tidegate_deliveries_abandoned',
      'Deliveries that were given up and are kept for a replay, of the same subscriptions',
      [{ value: states.reduce((sum, { abandoned }) => sum + abandoned.length, 0) }],
    ),
  ];
}
