/**
 * Runs one feed: it takes the lease, runs a burst, judges how the burst ended, and brings the latest events up to date. The
 * last commit of that gives the lease back. A process that dies meanwhile leaves a lease that runs out. Whoever takes the
 * lease over counts that as a failure, so the breaker opens for a feed that kills its process too.
 */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { asTidegateError, causeText, innermostReason, isOfStore, type TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { openAccount, type Spent } from '../../store/counting.ts';
import type { Reading } from '../../store/store.ts';
import type { Scope } from '../../streams/scope.ts';
import { feedKey } from '../records/state.ts';
import { BREAKER_FAILURES, pauseAfter } from '../records/breaker.ts';
import { type BurstEnd, runBurst } from './burst.ts';
import { commitIntake } from './commit-intake.ts';
import type { GuardedFetch } from '../../net/guarded-fetch.ts';
import { createIntake, type Intake } from './intake.ts';
import { type Lease, takeLease } from './lease.ts';
import { project, projectAndRelease } from './project.ts';
import { beyondReach, MOST_REACH, type RepeatsState } from '../records/repeats.ts';
import { addCounts, type FeedCounts, NO_COUNTS } from '../records/counts.ts';
import { feedRecord, type FeedState, isOfOtherClock, lastRunAt, newState, readState } from '../records/state.ts';
import { rejectedOf, withinBound } from '../records/rejected.ts';
import { conditionOf, type FeedCondition } from '../records/status.ts';

/**
 * `pulled`: the burst ended well. `failed`: the feed or the store failed, or a newer release wrote the feed's record.
 * `lost`: another process took the lease over. `leased`: another process has the lease. `waiting`: the feed is not due.
 * `no-time`: it is due, but the deadline is too near. `held`: a run of this process holds its connection, and has not ended.
 */
export type FeedOutcome = 'pulled' | 'failed' | 'lost' | 'leased' | 'waiting' | 'no-time' | 'held';

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

export interface FeedRun {
  scope: Scope;
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
  return { ...(await runWith(run, feed, reading, tell)), spent: account.spent() };
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
  const key = feedKey(tenant, feed.name);
  const before = readState(reading) ?? newState();
  const state = begin(before, startedAt, runtime.random());
  const report = (outcome: FeedOutcome, now: FeedState, counts: FeedCounts, commits: number) => {
    const condition = conditionOf(now, runtime.now());
    return { feed: feed.name, outcome, state: condition, ...counts, commits, error: null, nextAt: now.nextAt };
  };

  if (state.nextAt > startedAt) {
    const put = feedRecord.put(key, state, { expects: reading.version });
    const { status } = await commitSurely(runtime, store, [put], commitBy());
    return report(status === 'committed' ? 'failed' : 'leased', state, NO_COUNTS, 1);
  }
  const lease = await takeLease(
    { store, runtime, key, leaseMs, renews: deadline === null },
    reading,
    state,
    commitBy(),
  );
  if (lease === null) return report('leased', state, NO_COUNTS, 1);

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
      runtime.log('warn', 'items that are no events of their stream', {
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
    projections += (await project({ scope, deadline: commitBy() }, lease)).commits;
    if (deadline === null && isDue()) tell(report('held', lease.state(), untold(), lease.commits() + projections));
  };
  const close = (held: Lease) => closeWindows(held, intake, commitBy);
  const ranUntil = lastRunAt(before);
  const burst = { ...run, feed, lease, intake, commitBy, project: projected, closeWindows: close, ranUntil };
  let end = await runBurst({ ...burst, endsAt: endOf(feed, startedAt, deadline) }).catch((thrown: unknown) =>
    failure(lease, intake, thrown),
  );
  if (end.kind === 'ended' && !(await close(lease))) end = { kind: 'lost' };
  if (end.kind !== 'lost') {
    lease.change(judge(run, feed, lease.state(), intake, end, startedAt));
    const released = await projectAndRelease({ scope, deadline: commitBy() }, lease);
    projections += released.commits;
    if (released.lost) end = { kind: 'lost' };
  }
  if (end.kind === 'lost') intake.revert();
  const counts = untold();
  const outcome = end.kind === 'ended' ? 'pulled' : end.kind;
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

/** Decides what the end of a burst means for the next one. */
function judge(
  { scope: { runtime } }: FeedRun,
  feed: DeclaredFeed,
  state: FeedState,
  intake: Intake,
  end: Exclude<BurstEnd, { kind: 'lost' }>,
  startedAt: number,
): Partial<FeedState> {
  const now = runtime.now();
  const { counts } = intake;
  // What came twice in such a burst stays, also where the next ones do well.
  const lastDoubtAt = beyondReach(state.repeats).length > 0 ? now : state.lastDoubtAt;
  const rejected = rejectedOf(counts, intake.rejection(), state.rejected, now);
  if (end.kind === 'ended') {
    const nextAt = end.more ? now : Math.max(now, startedAt + feed.everyMs);
    const repeats = tellBeyond(runtime, feed, state, intake.repeats(end.more));
    return { failures: 0, lastError: null, rejected, repeats, lastDoubtAt, lastSuccessAt: now, nextAt };
  }
  const { code, retryAfterMs } = end.error;
  // A feed that delivered events before it failed is not down, so its failures are counted anew from 1.
  const failures = (intake.delivered() > 0 ? 0 : state.failures) + 1;
  const nextAt = now + pauseAfter(failures, runtime.random(), retryAfterMs);
  const level = failures === BREAKER_FAILURES ? 'error' : 'warn';
  const { message, logged } = tellable(runtime, end.error);
  runtime.log(level, 'a feed failed', { feed: feed.name, code, ...logged, failures, nextAt });
  const repeats = tellBeyond(runtime, feed, state, intake.repeats(false));
  return {
    failures,
    lastError: { code, message: message.slice(0, 1_000), at: now },
    rejected,
    repeats,
    lastDoubtAt,
    nextAt,
  };
}

/**
 * What is stored of an error, which clients read, and what is logged. What a feed's own code threw may hold secrets: clients
 * read where the log has it.
 */
function tellable(runtime: Scope['runtime'], error: TidegateError): { message: string; logged: JsonObject } {
  const { code, message } = error;
  if (code === 'internal') {
    const reference = runtime.newId();
    const told = `a defect of the feed's own code; the log has it under ${reference}`;
    return { message: told, logged: { message, reference, cause: causeText(error) } };
  }
  const reason = innermostReason(error);
  return { message, logged: { message, ...(message.includes(reason) ? {} : { cause: reason }) } };
}

/** Logs once that readings repeat more than is looked through. `list_streams` says it as long as it is so. */
function tellBeyond(
  runtime: Scope['runtime'],
  feed: DeclaredFeed,
  state: FeedState,
  repeats: RepeatsState | null,
): RepeatsState | null {
  const told = beyondReach(state.repeats);
  const beyond = beyondReach(repeats).filter((stream) => !told.includes(stream));
  if (beyond.length > 0) {
    const hint =
      'the source repeats more events than are looked through, so some come twice: ask for less, or for what is new';
    runtime.log('warn', hint, { feed: feed.name, streams: beyond, lookedThrough: MOST_REACH });
  }
  return repeats;
}
