/** The condition of feeds, for those who read their streams: whether data are stale, and why. It only reads. */
import type { FeedHealth } from '../../declare/app-feeds.ts';
import { TidegateError } from '../../base/errors.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { findFeed } from './find-feed.ts';
import { feedKey } from './state.ts';
import { conditionForTenant, isOfOthers } from './tenant-view.ts';
import { beyondReach } from './repeats.ts';
import { BREAKER_FAILURES } from './breaker.ts';
import { type FeedCounts, NO_COUNTS } from './counts.ts';
import {
  type FeedError,
  type FeedState,
  holdsLease,
  isOfOtherClock,
  lastRunAt,
  newState,
  NOT_DUE_MS,
  type Paused,
  type WentBack,
} from './state.ts';
import { readStateOrNewer } from './state-record.ts';
import type { Rejected } from './rejected.ts';
import type { Reading } from '../../store/store.ts';
import { ofFeed, type Scope } from '../../streams/scope.ts';

/**
 * How a feed is. Of several that apply, the first counts.
 *
 * - `unread`: a newer release wrote the feed's record, and this one cannot read it. The last error says so.
 * - `paused`: an operator stopped it.
 * - `overdue`: nobody has run the feed for five minutes after it was due, so no host works on it; or its record was written
 *   by a clock that was ahead of this one, and nobody has run it since that was set right.
 * - `stalled`: the process that runs the feed has not renewed its lease in time, so it stands still or is gone. Another takes
 *   over once the lease has run out. The last error says since when.
 * - `open`: bursts failed so often that the feed is tried again only after a longer pause.
 * - `backing-off`: the last burst failed, and the feed is tried again soon. Both stay until a burst did not fail, or a
 *   connection that is held brought an event and stood for 5 s, or brought none and stood for 30 s. The last error says why.
 * - `rejecting`: all items that came last were rejected.
 * - `running`: a burst is under way, and the one before did not fail.
 * - `missing`: events are known to be missing, and none came since.
 * - `ok`: the last burst did not fail, or the connection is held and does what it should.
 * - `never-run`: there was no burst yet.
 */
export type FeedCondition = FeedHealth['state'];

/** A feed that nobody runs for so long after it was due, ms, is overdue. Schedules of hosts are shorter. */
const OVERDUE_MS = 5 * 60_000;

/** How late the renewal of a lease may be, ms: clocks may differ by so much. */
const SKEW_MS = 5_000;

export interface FeedStatus {
  feed: string;
  /** `http`, `mqtt`, `function`, … */
  type: string;
  source: string;
  streams: string[];
  state: FeedCondition;
  /** Age of the newest event that it brought, by the event's time, ms; null where it brought none. */
  lagMs: number | null;
  /** How far the newest event that it brought is dated ahead of the clock, ms. Absent: it is not. */
  aheadMs?: number;
  /** Absent: it is not. */
  paused?: Paused;
  /** Items known to wait upstream; null where that is not known. */
  backlog: number | null;
  /** Why the last burst failed, or why the state is unread; null otherwise. */
  lastError: FeedError | null;
  /** The rejected items of the last burst that brought anything; null if it had none. */
  rejected: Rejected | null;
  /** Streams that declare no zone, and whose times came without one: they are read as UTC. Absent: there are none. */
  zoneless?: readonly string[];
  /** Epoch ms of the end of the last burst that did not fail. */
  lastSuccessAt: number | null;
  /** Epoch ms of the next burst; far ahead where none is run, because event sources fill the feed. */
  nextAt: number;
  /** Streams of which the source repeats more events than are looked through, so that some come twice. */
  repeatsBeyond: string[];
  /** When it was told last that events are missing, or an item was given up, epoch ms; null: never. */
  lastGapAt: number | null;
  /** When a burst last read a source that repeats more than is looked through, epoch ms; null: never. */
  lastDoubtAt: number | null;
  /** When the store last went back to an earlier state, as far as it was noticed. Absent: never. */
  wentBack?: WentBack;
  /** Failed bursts in a row. */
  failures: number;
  bursts: number;
  counts: FeedCounts;
}

/**
 * @param names default: all feeds of the app. One store call for each 100.
 * @throws TidegateError `not_found` for a feed that is not declared.
 */
export async function feedStatus(
  scope: Scope,
  names: readonly string[] = [...scope.app.feeds.keys()],
): Promise<FeedStatus[]> {
  const { app, store, runtime } = scope;
  const now = runtime.now();
  const found: FeedStatus[] = [];
  for (let from = 0; from < names.length; from += GET_MANY_LIMIT) {
    const some = names.slice(from, from + GET_MANY_LIMIT).map((name) => findFeed(app, name));
    const readings = await store.getMany(
      some.map((feed) => feedKey(ofFeed(scope, feed).tenant, feed.name)),
      now,
    );
    for (const [index, reading] of readings.entries()) {
      const feed = some[index];
      if (feed === undefined) continue;
      const { record, ...condition } = judgeRecord(reading, now);
      const zoneless = record.zoneless.filter((name) => app.streams.get(name)?.zone === null);
      const { backlog, lastSuccessAt, nextAt, failures, bursts, counts, repeats, lastGapAt, lastDoubtAt, wentBack } =
        record;
      const status: FeedStatus = {
        feed: feed.name,
        type: feed.feed.type,
        source: feed.feed.source,
        streams: feed.targets.map(({ stream }) => stream),
        ...condition,
        ...(zoneless.length === 0 ? {} : { zoneless }),
        repeatsBeyond: beyondReach(repeats),
        lastGapAt,
        lastDoubtAt,
        ...(wentBack === null ? {} : { wentBack }),
        backlog,
        lastSuccessAt,
        nextAt: feed.feed.handed ? now + NOT_DUE_MS : nextAt,
        failures,
        bursts,
        counts,
      };
      found.push(isOfOthers(scope, feed) ? statusForTenant(status) : status);
    }
  }
  return found;
}

function statusForTenant(all: FeedStatus): FeedStatus {
  const status = { ...all };
  delete status.aheadMs;
  return { ...status, ...conditionForTenant(status), backlog: null, counts: { ...NO_COUNTS } };
}

/**
 * The condition of a feed, and its state as read. If the record cannot be read, the state is that of a feed that never
 * ran.
 */
export function judgeRecord(
  reading: Reading,
  now: number,
): Pick<FeedStatus, 'state' | 'lagMs' | 'aheadMs' | 'paused' | 'lastError' | 'rejected'> & { record: FeedState } {
  const read = readStateOrNewer(reading);
  if (read instanceof TidegateError) {
    const lastError: FeedError = { code: read.code, message: read.message, at: now };
    return { record: newState(), state: 'unread', lagMs: null, lastError, rejected: null };
  }
  const record = read ?? newState();
  const { lastError, rejected } = record;
  const state = conditionOf(record, now);
  const told = state === 'stalled' ? stalledError(record) : lastError;
  const { newestTime } = record;
  const ahead = newestTime !== null && liesBeyond(newestTime, now, 0) ? { aheadMs: newestTime - now } : {};
  const paused = record.paused === null ? {} : { paused: record.paused };
  return { record, state, lagMs: lagOf(record, now), ...ahead, ...paused, lastError: told, rejected };
}

/**
 * Age of the newest event that a feed brought, ms; null if it brought none. An event that is dated in the future counts as
 * one of the last burst that did not fail. Otherwise a single wrong date would hide until that day that the feed is stale.
 */
export function lagOf({ newestTime, lastSuccessAt }: FeedState, now: number): number | null {
  if (newestTime === null) return null;
  return Math.max(0, now - (newestTime > now ? (lastSuccessAt ?? now) : newestTime));
}

export function conditionOf(state: FeedState, now: number): FeedCondition {
  const { lastStartAt } = state;
  if (state.paused !== null) return 'paused';
  if (lastStartAt !== null && now > Math.max(state.nextAt, state.lease?.until ?? 0) + OVERDUE_MS) return 'overdue';
  // It is due whatever its record says, and who works on it writes the record anew.
  if (lastStartAt !== null && isOfOtherClock(state, now)) return 'overdue';
  if (isStalled(state, now)) return 'stalled';
  // A burst that is under way does not show yet whether what failed before is mended.
  if (state.failures >= BREAKER_FAILURES) return 'open';
  if (state.failures > 0) return 'backing-off';
  if (state.rejected !== null && state.rejected.count === state.rejected.items) return 'rejecting';
  if (holdsLease(state, now) && !isHeldWell(state)) return 'running';
  if (state.gaps?.events === state.counts.events) return 'missing';
  return state.lastSuccessAt === null ? 'never-run' : 'ok';
}

/** Whether the run under way has been judged already. Only one that holds its connection is, before it ends. */
function isHeldWell({ lastSuccessAt, lastStartAt }: FeedState): boolean {
  return lastSuccessAt !== null && lastStartAt !== null && lastSuccessAt >= lastStartAt;
}

/** A holder renews its lease when half of it is left. A lease that is over was not given back, so its process is gone. */
function isStalled({ lease }: FeedState, now: number): boolean {
  if (lease === null) return false;
  const { until, renewedAt } = lease;
  const dueBy = renewedAt === undefined ? until : (renewedAt + until) / 2;
  return now > dueBy + SKEW_MS;
}

function stalledError(state: FeedState): FeedError {
  const since = lastRunAt(state) ?? 0;
  const message = `its process has not been heard of since ${new Date(since).toISOString()}: it stands still or is gone`;
  return { code: 'internal', message, at: since };
}
