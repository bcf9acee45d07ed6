/**
 * What is told of a feed to those who listen to `feed://{name}`: a hint in the commit that changes how the feed is. What changes with each
 * burst that does well, such as counts, is not told, nor is what the passing of time alone changes (overdue, stalled): no commit says it.
 */
import { APP_TENANT } from '../../base/principal.ts';
import type { Append } from '../../store/store.ts';
import { hinting } from '../../streams/hints.ts';
import { BREAKER_FAILURES } from './breaker.ts';
import type { FeedState } from './state.ts';

export function feedUri(feed: string): string {
  return `feed://${encodeURIComponent(feed)}`;
}

/** Nothing where the feed is as it was. A feed that all tenants share is told to all of them. */
export function feedHints(tenant: string, feed: string, before: FeedState, now: FeedState): Append[] {
  if (shownOf(before) === shownOf(now)) return [];
  return [hinting(tenant, [{ resource: feedUri(feed), ...(tenant === APP_TENANT ? { all: true } : {}) }])];
}

/** The same text for states that read alike. */
function shownOf({
  failures,
  lastError,
  rejected,
  counts,
  gaps,
  lastGapAt,
  lastSuccessAt,
  wentBack,
  paused,
}: FeedState): string {
  return JSON.stringify([
    Math.min(failures, 1),
    failures >= BREAKER_FAILURES,
    lastError && [lastError.code, lastError.message],
    rejected && [rejected.field, rejected.expected, rejected.count === rejected.items],
    counts.deadLetters,
    gaps?.events === counts.events,
    lastGapAt,
    lastSuccessAt !== null,
    wentBack?.at ?? null,
    paused && [paused.since, paused.reason],
  ]);
}
