/**
 * Changes a feed's record from outside of its bursts, as operators do. The change takes the lease away: whoever runs the feed finds with
 * its next commit that the lease is lost, stores nothing more, and acknowledges nothing of what it has not stored.
 */
import { TidegateError } from '../../base/errors.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { commitSurely } from '../../store/commit.ts';
import { trimHints } from '../../streams/hints.ts';
import { ofFeed, type Scope } from '../../streams/scope.ts';
import { feedHints } from './told.ts';
import { feedKey, type FeedState, newState } from './state.ts';
import { feedRecord, readState } from './state-record.ts';

/** A feed writes its record with each commit, so somebody else may be faster a few times. */
const MOST_RACES = 50;

/**
 * @param change answers the members that change; null: nothing does
 * @param deadline epoch ms
 * @returns the state as it stands then, and whether it changed
 * @throws TidegateError `newer_version`, and as `commitSurely`
 */
export async function changeFeed(
  scope: Scope,
  feed: DeclaredFeed,
  change: (state: FeedState, now: number) => Partial<FeedState> | null,
  deadline: number,
): Promise<{ state: FeedState; changed: boolean }> {
  const { store, runtime, tenant } = ofFeed(scope, feed);
  const key = feedKey(tenant, feed.name);
  for (let race = 0; race < MOST_RACES; race += 1) {
    const now = runtime.now();
    const reading = await store.get(key, now);
    const before = readState(reading) ?? newState();
    const changes = change(before, now);
    if (changes === null) return { state: before, changed: false };
    const state = { ...before, lease: null, ...changes };
    const { status } = await commitSurely(
      runtime,
      store,
      [feedRecord.put(key, state, { expects: reading.version }), ...feedHints(tenant, feed.name, before, state)],
      deadline,
    );
    if (status !== 'committed') continue;
    await trimHints({ store, runtime }, tenant);
    return { state, changed: true };
  }
  throw new TidegateError('store_unavailable', `the feed ${feed.name} changes too often at once`, {
    retryAfterMs: 1_000,
  });
}
