/**
 * `ingest`: pulls every feed that is due, each under its own lease, budget and breaker, several at once. A run that is
 * missed, doubled or overlaps harms nothing: the lease decides who pulls, and its version is on every commit.
 *
 * Commits of a burst of n events over k keys of one stream, in batches of 100 or more: at most 3 + n/100 + 2k/90,
 * while 100 events with the feed's record (some kilobytes; up to 64 KiB more with sampling) are within the store's
 * `commitBytes`. On Redis, where those are 420,000, that is 4 KB an event; larger ones take as many commits as their bytes
 * need. Each further stream that gets events adds one. A burst that lasts longer than 5 s adds the commits that keep its
 * lease and the latest events up meanwhile. A connection that is held makes at most 10 commits a second with what it
 * brings, unless its batches are full, and as many for the latest events.
 */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import { openAccount, type Spent } from '../../store/counting.ts';
import { PASS_OVER_MS } from '../../store/due.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import type { Reading } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { feedKey } from '../records/state.ts';
import { createGuardedFetch, type GuardedFetch } from '../../net/guarded-fetch.ts';
import { type FeedOutcome, type FeedReport, runFeed } from './run-feed.ts';
import { seenOf } from './seen.ts';
import { DEFAULT_LEASE_MS, type FeedState, isOfOtherClock, newState, notDue } from '../records/state.ts';
import { readStateOrNewer } from '../records/state-record.ts';
import { NO_COUNTS } from '../records/counts.ts';
import { conditionOf, type FeedCondition } from '../records/status.ts';
import { sharedScope } from '../../streams/scope.ts';
import { type DuePlace, duePlaces, noteWrite } from '../../streams/tenant-work.ts';

export type { FeedOutcome, FeedReport };

/**
 * The runs of this process that hold a connection, by name. A host that stays up makes one and passes it to `ingest`. It
 * decides nothing: `ingest` says which run begins, and each ends by itself.
 */
export interface Holding {
  has(name: string): boolean;
  /** Begins a run; `work` does not reject. */
  begin(name: string, work: () => Promise<void>): void;
  /** Resolves when no run is under way. */
  ended(): Promise<void>;
}

export interface IngestOptions {
  /** Whose streams are filled, as a token names the tenant; those that all share are the app's, `public`. Default: all. */
  tenant?: string;
  /** Only these feeds; default: all. */
  feeds?: readonly string[];
  /** Feeds that are pulled at once; default 4. */
  concurrency?: number;
  /**
   * How long a lease lasts without a commit, ms; default 30,000, at most 120,000. Give less only if all who share the store
   * share a clock.
   */
  leaseMs?: number;
  /** Ends the bursts early, in good order. */
  signal?: AbortSignal;
  /** Default: the guarded fetch, which uses the runtime's fetch. */
  fetch?: GuardedFetch;
  /**
   * For a host that stays up: a feed that listens keeps its connection, in a run that lasts until `signal` aborts and that
   * this call does not wait for. `onReport` is told how it goes, and how it ended. Default: every burst ends by the deadline.
   */
  hold?: { runs: Holding; onReport: (report: FeedReport) => void };
}

export interface IngestReport {
  feeds: FeedReport[];
  /** Epoch ms at which the next feed is due; null where there is none. */
  nextAt: number | null;
  /** What the whole run asked of the store: the look-up of due feeds, and the runs of the feeds. */
  spent: Spent;
}

const CONCURRENCY = 4;
const LEAST_MS = 500;
/** How soon it is looked again whether a paused feed was resumed, ms. */
const PAUSED_LOOK_MS = 60_000;
/** Wait before a feed is run again after the store failed during its burst, ms. */
const STORE_PAUSE_MS = 1_000;

/**
 * @param deadline epoch ms by which it answers
 * @throws TidegateError `store_unavailable` if the records of the feeds cannot be read. The failure of one feed is in its report.
 */
export async function ingest(given: Deps, deadline: number, options: IngestOptions = {}): Promise<IngestReport> {
  const account = openAccount(given.store, given.runtime);
  const deps = { ...given, store: account.store };
  const { runtime } = deps;
  const looks: FeedLook[] = [];
  const { asked, more } = await runsOf(deps, options);
  looks.push(...(await lookAtFeeds(deps, asked)));
  const shared = {
    fetch: options.fetch ?? createGuardedFetch(runtime),
    leaseMs: Math.min(options.leaseMs ?? DEFAULT_LEASE_MS, LONGEST_LEASE_MS),
    signal: options.signal ?? null,
    seen: seenOf(given.store),
  };

  const reports = new Map<FeedLook, FeedReport>();
  const due: { look: FeedLook; state: FeedState | null; nextAt: number }[] = [];
  for (const look of looks) {
    if (options.hold?.runs.has(nameOf(look))) {
      reports.set(look, { ...blankReport(look.feed, 'held', 'running'), nextAt: runtime.now() + shared.leaseMs });
      continue;
    }
    const state = readStateOrNewer(look.reading);
    if (state instanceof TidegateError) {
      reports.set(look, passOver(look, state));
      continue;
    }
    const { nextAt } = state ?? newState();
    const reason = notDue(state ?? newState(), runtime.now());
    if (reason === null) {
      if (state !== null && isOfOtherClock(state, runtime.now())) tellClock(look, state);
      due.push({ look, state, nextAt });
    } else reports.set(look, idleReport(look, state, reason, runtime.now()));
  }
  due.sort((a, b) => a.nextAt - b.nextAt);

  async function run(look: FeedLook, state: FeedState | null, by: number | null): Promise<FeedReport> {
    const { hold } = options;
    const onHeld = by === null && hold ? { onHeld: hold.onReport } : {};
    const settings = { ...shared, ...onHeld, scope: look.scope, deadline: by };
    return runFeed(settings, look.feed, look.reading).catch((thrown: unknown) => {
      const error = asTidegateError(thrown);
      const report = idleReport(look, state, 'failed', runtime.now());
      return { ...report, error, nextAt: runtime.now() + (error.retryAfterMs ?? STORE_PAUSE_MS) };
    });
  }

  const work = due[Symbol.iterator]();
  async function worker(): Promise<void> {
    for (const { look, state } of work) {
      const { hold } = options;
      if (options.signal?.aborted || deadline - runtime.now() < LEAST_MS) {
        reports.set(look, idleReport(look, state, 'no-time', runtime.now()));
      } else if (hold && look.feed.feed.listens) {
        hold.runs.begin(nameOf(look), async () => hold.onReport(await run(look, state, null)));
        reports.set(look, {
          ...idleReport(look, state, 'held', runtime.now()),
          nextAt: runtime.now() + shared.leaseMs,
        });
      } else {
        reports.set(look, await run(look, state, deadline));
      }
    }
  }
  const workers = Math.min(due.length, Math.max(1, options.concurrency ?? CONCURRENCY));
  await Promise.all(Array.from({ length: workers }, worker));

  for (const look of looks) await settle(look, reports.get(look));
  const ordered = looks.flatMap((look) => reports.get(look) ?? []);
  const times = ordered.map((report) => report.nextAt);
  if (more) times.push(runtime.now());
  const nextAt = times.length === 0 ? null : Math.min(...times);
  return { feeds: ordered, nextAt, spent: account.spent() };
}

/** A feed in the name of a tenant, or of all. */
interface FeedAsked extends DuePlace {
  feed: DeclaredFeed;
}

/** The same, and its record as it was read. */
interface FeedLook extends FeedAsked {
  reading: Reading;
}

/** The feeds to look at: those that all tenants share, and those of each tenant that come due. @returns `more`: others are due as well */
async function runsOf(deps: Deps, { feeds, tenant }: IngestOptions): Promise<{ asked: FeedAsked[]; more: boolean }> {
  const asked: FeedAsked[] = [];
  let more = false;
  for (const feed of deps.app.feeds.values()) {
    // A feed to which the app only publishes has nothing to pull, nor has one that is handed what comes.
    if (feed.targets.length === 0 || feed.feed.handed || feeds?.includes(feed.name) === false) continue;
    if (feed.tenants === 'each') {
      const found = await duePlaces(deps, `feed/${feed.name}`, tenant);
      asked.push(...found.due.map((place) => ({ ...place, feed })));
      more ||= found.more;
    } else if (tenant === undefined || tenant === APP_TENANT) {
      asked.push({ scope: sharedScope(deps), feed, settle: async () => {} });
    }
  }
  return { asked, more };
}

/** The feed of a tenant is due again when it says so. What it brought is to be swept. */
async function settle({ scope, feed, settle: put }: FeedLook, report: FeedReport | undefined): Promise<void> {
  if (feed.tenants !== 'each' || report === undefined) return;
  try {
    if (report.events + report.deadLetters > 0) await noteWrite(scope, feed);
    await put(report.nextAt);
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    const { runtime, tenant } = scope;
    runtime.log('warn', 'a feed of a tenant is looked at again too soon', { tenant, feed: feed.name, code, message });
  }
}

function nameOf({ scope: { tenant }, feed }: FeedLook): string {
  return `${tenant}/${feed.name}`;
}

async function lookAtFeeds({ store, runtime }: Deps, asked: readonly FeedAsked[]): Promise<FeedLook[]> {
  const looks: FeedLook[] = [];
  for (let from = 0; from < asked.length; from += GET_MANY_LIMIT) {
    const some = asked.slice(from, from + GET_MANY_LIMIT);
    const keys = some.map(({ scope, feed }) => feedKey(scope.tenant, feed.name));
    const readings = await store.getMany(keys, runtime.now());
    looks.push(...some.flatMap((one, at) => (readings[at] ? [{ ...one, reading: readings[at] }] : [])));
  }
  return looks;
}

function idleReport(
  { feed }: FeedLook,
  state: FeedState | null,
  outcome: Exclude<FeedOutcome, 'pulled' | 'lost'>,
  now: number,
): FeedReport {
  const due = outcome === 'leased' ? (state?.lease?.until ?? now) : (state?.nextAt ?? now);
  const nextAt = outcome === 'paused' ? now + PAUSED_LOOK_MS : due;
  return { ...blankReport(feed, outcome, conditionOf(state ?? newState(), now)), nextAt };
}

/** Reports a feed whose record a newer release wrote, and leaves the record as it is. */
function passOver({ scope: { runtime, tenant }, feed }: FeedLook, error: TidegateError): FeedReport {
  const { message } = error;
  runtime.log('warn', 'a feed of a newer release is passed over', { tenant, feed: feed.name, message });
  return { ...blankReport(feed, 'failed', 'unread'), error, nextAt: runtime.now() + PASS_OVER_MS };
}

function tellClock({ scope: { runtime, tenant }, feed }: FeedLook, { lastStartAt, nextAt, lease }: FeedState): void {
  const hint = 'the record of a feed was written by a clock that was ahead of this one: the feed is run now';
  runtime.log('warn', hint, { tenant, feed: feed.name, lastStartAt, nextAt, leaseUntil: lease?.until ?? null });
}

function blankReport(feed: DeclaredFeed, outcome: FeedOutcome, state: FeedCondition): Omit<FeedReport, 'nextAt'> {
  return { feed: feed.name, outcome, state, ...NO_COUNTS, commits: 0, error: null, spent: { storeCalls: {} } };
}
