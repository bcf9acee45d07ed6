/**
 * Runs one feed: it takes the lease, runs a burst, judges how the burst ended, and brings the latest events up to date. The
 * last commit of that gives the lease back. A process that dies meanwhile leaves a lease that runs out. Whoever takes the
 * lease over counts that as a failure, so the breaker opens for a feed that kills its process too.
 */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { asTidegateError, isOfStore, type TidegateError } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import { openAccount, type Spent } from '../../store/counting.ts';
import type { Reading } from '../../store/store.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { feedKey } from '../records/state.ts';
import { BREAKER_FAILURES, pauseAfter } from '../records/breaker.ts';
import { type BurstEnd, runBurst } from './burst.ts';
import { commitIntake } from './commit-intake.ts';
import type { GuardedFetch } from '../../net/guarded-fetch.ts';
import { createIntake, type Intake } from './intake.ts';
import { type Lease, takeLease } from './lease.ts';
import { judgeEnd } from './judge-end.ts';
import { lookBack, type SeenFeeds, seenFeed, takeGaps, tellBack } from './seen.ts';
import { project, projectAndRelease } from './project.ts';
import { addCounts, type FeedCounts, NO_COUNTS } from '../records/counts.ts';
import { type FeedState, isOfOtherClock, lastRunAt, newState } from '../records/state.ts';
import { feedRecord, readState } from '../records/state-record.ts';
import { feedHints } from '../records/told.ts';
import { trimHints } from '../../streams/hints.ts';
import { withinBound } from '../records/rejected.ts';
import { conditionOf, type FeedCondition } from '../records/status.ts';

/**
 * `pulled`: the burst ended well. `failed`: the feed or the store failed, or a newer release wrote the feed's record.
 * `lost`: another process took the lease over. `leased`: another process has the lease. `waiting`: the feed is not due, or its upstream
 * asked not to be asked yet.
 * `no-time`: it is due, but the deadline is too near. `held`: a run of this process holds its connection, and has not ended.
 * `paused`: an operator stopped the feed.
 */
export type FeedOutcome = 'pulled' | 'failed' | 'lost' | 'leased' | 'waiting' | 'no-time' | 'held' | 'paused';

export interface FeedReport extends FeedCounts {
  feed: string;
  outcome: FeedOutcome;
  state: FeedCondition;
  commits: number;
  error: TidegateError | null;
  /** Epoch ms of the next burst. */
  nextAt: number;
  /** What the run asked of the store. `ingest` counts the look-up of due feeds, which is not included here. */
  spent: Spent;
}

interface FeedRun {
  scope: StreamScope;
  /** What this process has seen of the store's feeds. */
  seen: SeenFeeds;
  /** Epoch ms by which the run has to end; null: it lasts until `signal` aborts, and the feed holds its connection. */
  deadline: number | null;
  fetch: GuardedFetch;
  leaseMs: number;
  signal: AbortSignal | null;
  /**
   * Called while a run holds its connection: soon after the first event, and then about as often as a burst would end.
   * Each report counts what came since the one before, and so does the one at the end.
   */
  onHeld?: (report: FeedReport) => void;
}

/** Time that is kept for the commits that end a burst: this much, or a third of the time that is left, ms. */
const CLOSING_MS = 3_000;

/** @throws TidegateError where the store fails; the lease then runs out by itself. */
export async function runFeed(given: FeedRun, feed: DeclaredFeed, reading: Reading): Promise<FeedReport> {
  const account = openAccount(given.scope.store, given.scope.runtime);
  const run = { ...given, scope: { ...given.scope, store: account.store } };
  const tell: Tell = (report) => given.onHeld?.({ ...report, spent: account.spent() });
  const { named } = run.scope.runtime;
  const burst = () => runWith(run, feed, reading, tell);
  return { ...(await (named ? named(`feed ${feed.name}`, burst) : burst())), spent: account.spent() };
}

type Tell = (report: Omit<FeedReport, 'spent'>) => void;

async function runWith(
  run: FeedRun,
  feed: DeclaredFeed,
  reading: Reading,
  tell: Tell,
): Promise<Omit<FeedReport, 'spent'>> {
  const { scope, deadline, leaseMs } = run;
  const { runtime, store, tenant } = scope;
  const startedAt = runtime.now();
  const commitBy = () => deadline ?? runtime.now() + leaseMs;
  // A process that has to end leaves latest events to the next one, rather than its lease.
  const projectBy = () =>
    run.signal?.aborted === true ? Math.min(commitBy(), runtime.now() + CLOSING_MS) : commitBy();
  const key = feedKey(tenant, feed.name);
  const before = readState(reading) ?? newState();
  const name = `${tenant}/${feed.name}`;
  const seen = run.seen.get(name);
  const back = await lookBack(scope, feed, seen, before);
  const begun = begin(before, startedAt, runtime.random());
  const state = back === null ? begun : { ...begun, wentBack: back.note };
  const report = (outcome: FeedOutcome, now: FeedState, counts: FeedCounts, commits: number) => {
    const condition = conditionOf(now, runtime.now());
    return { feed: feed.name, outcome, state: condition, ...counts, commits, error: null, nextAt: now.nextAt };
  };

  const hints = (from: FeedState, to: FeedState) => feedHints(tenant, feed.name, from, to);
  if (state.nextAt > startedAt) {
    const put = feedRecord.put(key, state, { expects: reading.version });
    const { status } = await commitSurely(runtime, store, [put, ...hints(before, state)], commitBy());
    return report(status === 'committed' ? 'failed' : 'leased', state, NO_COUNTS, 1);
  }
  const lease = await takeLease(
    { store, runtime, key, leaseMs, renews: deadline === null, hints },
    reading,
    state,
    commitBy(),
  );
  if (lease === null) return report('leased', state, NO_COUNTS, 1);
  if (back !== null) tellBack(runtime, feed, back);
  const remember = (isLast: boolean) => {
    const before = back === null ? seen?.cursors : {};
    run.seen.set(name, seenFeed(lease.state(), { ...before, ...lease.cursors() }, runtime.now(), isLast));
  };

  const intake = createIntake(scope, feed, state);
  let projections = 0;
  let told = { ...NO_COUNTS };
  let toldAt: number | null = null;
  /** Whether something was refused of what was last told. */
  let isRefusing = false;
  /** What came since it was last told. */
  const untold = () => {
    const counts = addCounts(intake.total(), told, -1);
    told = intake.total();
    toldAt = runtime.now();
    const { rejected, deadLetters } = counts;
    isRefusing = rejected > 0;
    if (isRefusing) {
      const why = withinBound(intake.rejection());
      // What a source lists again with each reading was told when it became a dead letter.
      runtime.log(deadLetters > 0 ? 'warn' : 'debug', 'items that are no events of their stream', {
        feed: feed.name,
        rejected,
        deadLetters,
        ...why,
      });
    }
    return counts;
  };
  /** Whether what came is to be told now. Nothing is told of silence, and what is refused first does not wait. */
  const isDue = () => {
    const { events, thinned, rejected } = addCounts(intake.total(), told, -1);
    if (events + thinned + rejected === 0) return false;
    return toldAt === null || (rejected > 0 && !isRefusing) || runtime.now() >= toldAt + feed.budget.timeMs;
  };
  const projected = async () => {
    projections += (await project({ scope, deadline: commitBy(), behind: intake.behind }, lease)).commits;
    if (deadline === null && isDue()) tell(report('held', lease.state(), untold(), lease.commits() + projections));
  };
  const close = (held: Lease) => closeWindows(held, intake, commitBy);
  const ranUntil = lastRunAt(before);
  const burst = { ...run, feed, lease, intake, commitBy, project: projected, closeWindows: close, ranUntil };
  const isTold = back === null || (await takeGaps(feed, back, lease, intake, commitBy));
  let end: BurstEnd = isTold
    ? await runBurst({ ...burst, endsAt: endOf(feed, startedAt, deadline) })
        .catch((thrown: unknown) => failure(lease, intake, thrown))
        .finally(() => remember(false))
    : { kind: 'lost' };
  if (end.kind === 'ended' && !(await close(lease))) end = { kind: 'lost' };
  if (end.kind !== 'lost') {
    lease.change(judgeEnd(scope, feed, lease.state(), intake, end, startedAt, deadline === null));
    const released = await projectAndRelease(
      { scope, deadline: projectBy(), behind: intake.behind },
      lease,
      commitBy(),
    );
    projections += released.commits;
    if (released.lost) end = { kind: 'lost' };
  }
  if (end.kind === 'lost') intake.revert();
  else remember(true);
  if (lease.hasTold()) await trimHints({ store, runtime }, tenant);
  const counts = untold();
  const outcome = end.kind === 'ended' ? (end.passed ? 'waiting' : 'pulled') : end.kind;
  const done = report(outcome, lease.state(), counts, lease.commits() + projections);
  return end.kind === 'failed' ? { ...done, error: end.error } : done;
}

/** Epoch ms by which the feed has to end; Infinity for a run without a deadline. */
function endOf({ budget }: DeclaredFeed, startedAt: number, deadline: number | null): number {
  if (deadline === null) return Number.POSITIVE_INFINITY;
  const closing = Math.min(CLOSING_MS, (deadline - startedAt) / 3);
  return Math.min(startedAt + budget.timeMs, deadline - closing);
}

/** The state in which a run begins. If the feed is not due in that state, it has killed too many processes. */
function begin(stored: FeedState, now: number, chance: number): FeedState {
  const state = { ...stored, nextAt: Math.min(stored.nextAt, now) };
  // A lease of a clock that was wrong says nothing of its process.
  if (state.lease === null || isOfOtherClock(stored, now))
    return { ...state, lastStartAt: now, bursts: state.bursts + 1 };
  const failures = state.failures + 1;
  const error = { code: 'internal' as const, message: 'the burst before did not end: its process is gone', at: now };
  const failed = { ...state, lease: null, failures, lastError: error };
  if (failures >= BREAKER_FAILURES) return { ...failed, nextAt: now + pauseAfter(failures, chance, null) };
  return { ...failed, lastStartAt: now, bursts: state.bursts + 1 };
}

/** The end of a burst that threw. The error counts as the feed's failure, unless the store failed. */
function failure(lease: Lease, intake: Intake, thrown: unknown): BurstEnd {
  const error = asTidegateError(thrown);
  if (isOfStore(error)) throw error;
  lease.revert();
  intake.revert();
  return { kind: 'failed', error };
}

/** Stores the events of sampling windows that the clock has closed; false: the lease is lost. */
async function closeWindows(lease: Lease, intake: Intake, commitBy: () => number): Promise<boolean> {
  const commit = () => commitIntake(lease, intake, commitBy());
  return (await intake.closeWindows(commit)) && (intake.isEmpty() || commit());
}
