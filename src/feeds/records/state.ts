/**
 * A feed's record: its lease, its position, its pacing and its condition. They stand in one record, so that one put changes
 * them together. The record's version is the fencing token of the lease. Pure; `state-record.ts` has its written form.
 */
import type { ErrorCode } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { liesBeyond, isToCome, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import type { RecordKey } from '../../store/store.ts';
import { type FeedCounts, NO_COUNTS } from './counts.ts';
import type { ToldGaps } from './gap-fold.ts';
import type { Rejected } from './rejected.ts';
import type { RepeatsState } from './repeats.ts';
import type { TenantGap } from './tenant-gaps.ts';
import type { SamplingState } from './sampling.ts';

export const DEFAULT_LEASE_MS = 30_000;

export interface FeedError {
  code: ErrorCode;
  message: string;
  at: number;
}

interface FeedLease {
  holder: string;
  /** Epoch ms until which nobody else may take it. */
  until: number;
  /**
   * When it was renewed last, epoch ms, where the holder keeps renewing it because it holds a connection. Absent: the run
   * ends by itself.
   */
  renewedAt?: number;
}

/** That the store went back to an earlier state, such as by a restore, as a process noticed that knew the later one. */
export interface WentBack {
  /** When it was noticed, epoch ms. */
  at: number;
  /** When the feed was last run in the state that the store went back to; null: others have run it since. */
  from: number | null;
  /** Up to when what came is known to have been stored, epoch ms. */
  to: number;
}

/** That an operator stopped a feed. No burst begins until it is resumed. */
export interface Paused {
  /** Epoch ms. */
  since: number;
  /** Who did it. */
  by: string;
  /** Why, for readers of its streams; null: nothing was said. */
  reason: string | null;
}

export interface FeedState {
  lease: FeedLease | null;
  /** As the feed's last committed batch left it. */
  position: Json;
  /** Which of the items behind the position are committed already (see replay.ts). */
  replay: string;
  /** Of sampling (see sampling.ts). */
  sampling: SamplingState | null;
  /** Streams whose latest events are behind their log. */
  dirty: string[];
  /** Epoch ms of the next burst. */
  nextAt: number;
  /** Failed bursts in a row, without an event in between. */
  failures: number;
  lastError: FeedError | null;
  /** Null if no item was rejected. */
  rejected: Rejected | null;
  /** Streams whose times came without a zone, and were read as UTC because none is declared; at most `MOST_ZONELESS` of `record-bytes.ts`. */
  zoneless: readonly string[];
  lastStartAt: number | null;
  lastSuccessAt: number | null;
  /** Latest time of an event that was taken in, epoch ms. */
  newestTime: number | null;
  /** When it was told last that events are missing, or an item was given up, epoch ms; null: never. */
  lastGapAt: number | null;
  /** When a burst last read a source that repeats more than is looked through, epoch ms; null: never. */
  lastDoubtAt: number | null;
  /** Items that are known to wait upstream; null if that is not known. */
  backlog: number | null;
  bursts: number;
  /** Counts since the feed was first run. */
  counts: FeedCounts;
  /** How far back readings reach, where that is more than `dedupe`; null otherwise. */
  repeats: RepeatsState | null;
  /** The gaps that were told since the last event; null where there are none. */
  gaps: ToldGaps | null;
  /** The gaps that tenants are told before their next event, of streams whose events name theirs. */
  tenantGaps: readonly TenantGap[];
  /** When the store last went back to an earlier state; null: never that is known. */
  wentBack: WentBack | null;
  /** Null: it is not. */
  paused: Paused | null;
}

/** The record of a feed. */
export function feedKey(tenant: string, feed: string): RecordKey {
  return { partition: `${tenant}/feed`, id: feed };
}

/** Nothing makes a feed due that event sources fill, and what looks at what is due has to see that, ms. */
export const NOT_DUE_MS = 30 * 86_400_000;

/** The state of a feed that never ran. It is due at once. */
export function newState(): FeedState {
  return {
    lease: null,
    position: null,
    replay: '',
    sampling: null,
    dirty: [],
    nextAt: 0,
    failures: 0,
    lastError: null,
    rejected: null,
    zoneless: [],
    lastStartAt: null,
    lastSuccessAt: null,
    newestTime: null,
    lastGapAt: null,
    lastDoubtAt: null,
    backlog: null,
    bursts: 0,
    counts: { ...NO_COUNTS },
    gaps: null,
    repeats: null,
    tenantGaps: [],
    wentBack: null,
    paused: null,
  };
}

/** When a feed was last known to be run, epoch ms; null: never. Of a run whose process died, that is when it renewed its lease. */
export function lastRunAt({ lease, lastStartAt, lastSuccessAt, lastError }: FeedState): number | null {
  if (lease !== null) return lease.renewedAt ?? lastStartAt;
  const at = Math.max(lastStartAt ?? 0, lastSuccessAt ?? 0, lastError?.at ?? 0);
  return at === 0 ? null : at;
}

/** Why a feed is not run now; null if it is due and its lease is free. */
export function notDue(state: FeedState, now: number): 'paused' | 'leased' | 'waiting' | null {
  if (state.paused !== null) return 'paused';
  if (holdsLease(state, now)) return 'leased';
  return state.nextAt > now && !isOfOtherClock(state, now) ? 'waiting' : null;
}

/** Whether another process may hold the lease. One that lies further ahead than a lease lasts is none. */
export function holdsLease({ lease }: FeedState, now: number): boolean {
  return lease !== null && isToCome(lease.until, now, LONGEST_LEASE_MS);
}

/**
 * Whether the record was written by a clock that was ahead of this one, such as one that was set right since. What it says
 * of the next burst then counts for nothing: it was set when the feed was last started, did well or failed.
 */
export function isOfOtherClock({ lastStartAt, lastSuccessAt, lastError, lease }: FeedState, now: number): boolean {
  const writtenAt = Math.max(lastStartAt ?? 0, lastSuccessAt ?? 0, lastError?.at ?? 0);
  return liesBeyond(writtenAt, now, 0) || (lease !== null && liesBeyond(lease.until, now, LONGEST_LEASE_MS));
}
