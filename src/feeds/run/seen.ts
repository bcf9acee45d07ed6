/**
 * What a process has seen of the feeds that it ran, so that it notices a store that went back to an earlier state: a restore, or a
 * replica that took over and was behind. A position that went back with the store is read from again. What a broker was told
 * was taken does not come again, and is told as a gap. Nothing is promised by this memory: where all processes end with the
 * restore, nobody knows what there was.
 */
import { canonicalText, digestOf } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';
import { isoTime } from '../../base/time/time-text.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { wentBack } from '../../store/cursor.ts';
import type { Cursor, Store } from '../../store/store.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import type { LogScope } from '../../streams/scope.ts';
import { gaps, spanText } from '../kit/gap-items.ts';
import { type FeedState, lastRunAt, type WentBack } from '../records/state.ts';
import { commitIntake } from './commit-intake.ts';
import type { Intake } from './intake.ts';
import { type Lease, MOST_CURSORS } from './lease.ts';

interface SeenFeed {
  /** A digest of the record as this process wrote it last; null: somebody else wrote it since. */
  state: string | null;
  bursts: number;
  /** When this process last committed for the feed, epoch ms. */
  at: number;
  /** Behind the last events that it appended, by log. */
  cursors: Readonly<Record<string, Cursor>>;
}

/** By `nameOf` of a feed. */
export type SeenFeeds = Map<string, SeenFeed>;

const OF_STORES = new WeakMap<Store, SeenFeeds>();

/** What this process has seen of the feeds of a store. */
export function seenOf(store: Store): SeenFeeds {
  let seen = OF_STORES.get(store);
  if (seen === undefined) OF_STORES.set(store, (seen = new Map()));
  return seen;
}

export function seenFeed(state: FeedState, cursors: SeenFeed['cursors'], at: number, isLast: boolean): SeenFeed {
  const last = Object.fromEntries(Object.entries(cursors).slice(-MOST_CURSORS));
  return { state: isLast ? markOf(state) : null, bursts: state.bursts, at, cursors: last };
}

interface FoundBack {
  note: WentBack;
  /** Streams that no longer have events which this process appended. */
  lost: ReadonlySet<string>;
}

/**
 * Whether the store went back since this process last ran the feed, by its record as it was read. No store call where the record
 * is as this process left it, else one for each stream that it filled. Errors as the store's `read`.
 */
export async function lookBack(
  { store, runtime, tenant }: LogScope,
  { targets, namesTenants }: Pick<DeclaredFeed, 'targets' | 'namesTenants'>,
  seen: SeenFeed | undefined,
  state: FeedState,
): Promise<FoundBack | null> {
  if (seen === undefined && store.putBack === true && state.bursts > 0) {
    const note = { at: runtime.now(), from: lastRunAt(state), to: runtime.now() };
    return { note, lost: new Set(targets.map(({ stream }) => stream)) };
  }
  if (seen === undefined || seen.state === markOf(state)) return null;
  const asked = targets.flatMap(({ stream }) => {
    const own = seen.cursors[streamLog(tenant, stream)];
    if (own !== undefined) return [{ stream, log: streamLog(tenant, stream), cursor: own }];
    return namesTenants ? lastOf(seen.cursors, stream) : [];
  });
  const pages = await Promise.all(asked.map(({ log, cursor }) => store.read(log, cursor, 1)));
  const lost = asked.filter(({ cursor }, index) => {
    const page = pages[index];
    return page !== undefined && wentBack(page, cursor);
  });
  // Each run counts one burst more.
  if (lost.length === 0 && state.bursts >= seen.bursts) return null;
  const ranAt = lastRunAt(state);
  // Others may have run it since.
  const from = ranAt !== null && ranAt < seen.at ? ranAt : null;
  return { note: { at: runtime.now(), from, to: seen.at }, lost: new Set(lost.map(({ stream }) => stream)) };
}

/** Of the logs that tenants have of a stream, that to which this process appended last. */
function lastOf(cursors: SeenFeed['cursors'], stream: string): { stream: string; log: string; cursor: Cursor }[] {
  const last = Object.entries(cursors).findLast(([log]) => log.endsWith(streamLog('', stream)));
  return last === undefined ? [] : [{ stream, log: last[0], cursor: last[1] }];
}

export function tellBack({ log }: Pick<Runtime, 'log'>, feed: DeclaredFeed, { note, lost }: FoundBack): void {
  const hint =
    'the store went back to an earlier state, such as by a restore: the feed goes on from there, and what its source no longer gives is lost';
  const [from, to] = [note.from === null ? null : isoTime(note.from), isoTime(note.to)];
  log('error', hint, { feed: feed.name, from, to, lostOf: [...lost] });
}

/** Stores gaps where the upstream was told that the store has what it no longer has. False: the lease is lost. */
export async function takeGaps(
  feed: DeclaredFeed,
  { note: { from, to }, lost }: FoundBack,
  lease: Lease,
  intake: Intake,
  commitBy: () => number,
): Promise<boolean> {
  if (feed.feed.acknowledges !== true || lost.size === 0) return true;
  const span = from === null ? `up to ${isoTime(to)}` : spanText(from, to);
  const items = gaps({ feed: feed.name, targets: feed.targets }, 'history_went_back', span, lost);
  const { position } = lease.state();
  await intake.prepare(items, lease.state(), position);
  await intake.load(items, 0);
  for (const item of items) {
    if (intake.take(item) !== 'full') continue;
    if (!(await commitIntake(lease, intake, commitBy()))) return false;
    intake.take(item);
  }
  const told = intake.changes(lease.state()).tenantGaps.length > 0;
  return (intake.isEmpty() && !told) || commitIntake(lease, intake, commitBy());
}

function markOf(state: FeedState): string {
  return digestOf(canonicalText(state as unknown as Json));
}
