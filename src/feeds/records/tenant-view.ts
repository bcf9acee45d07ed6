/**
 * What a caller is told of a feed that fills the logs of many tenants: how it is, and nothing by which what it brought others could be
 * told. The app's own tenant is told all. Pure.
 */
import { APP_TENANT } from '../../base/principal.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import type { Rejected } from './rejected.ts';
import type { FeedError, Paused } from './state.ts';

interface Condition<State> {
  state: State;
  lagMs: number | null;
  aheadMs?: number;
  paused?: Paused;
  lastError: FeedError | null;
  rejected: Rejected | null;
}

const UNTOLD = 'the feed failed; those who run the server find out why';

/** Whether what is told of a feed is kept from a caller, because it is of other tenants too. */
export function isOfOthers(
  { tenant }: { tenant: string },
  feed: Pick<DeclaredFeed, 'namesTenants'> | undefined,
): boolean {
  return feed?.namesTenants === true && tenant !== APP_TENANT;
}

/** Messages of sources may name anything, and how old the newest event is shows when others got theirs. */
export function conditionForTenant<State>({ state, paused, lastError }: Condition<State>): Condition<State> {
  const stopped = paused === undefined ? {} : { paused: { ...paused, reason: null } };
  return { state, lagMs: null, ...stopped, lastError: lastError && { ...lastError, message: UNTOLD }, rejected: null };
}
