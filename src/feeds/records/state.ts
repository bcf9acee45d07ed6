/**
 * A feed's record: its lease, its position, its pacing and its condition. They stand in one record, so that one put changes
 * them together. The record's version is the fencing token of the lease. Pure: it does not read or write the store.
 */
import * as z from 'zod';
import { type ErrorCode, TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { liesBeyond, isToCome, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import { record } from '../../store/record.ts';
import type { Reading, RecordKey } from '../../store/store.ts';
import { type FeedCounts, NO_COUNTS } from './counts.ts';
import type { ToldGaps } from './gap-fold.ts';
import type { Rejected } from './rejected.ts';
import type { RepeatsState } from './repeats.ts';
import { type TenantGap, tenantGapsSchema } from './tenant-gaps.ts';
import { samplingSchema, type SamplingState } from './sampling.ts';

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

/** What a record lacks that an earlier release wrote. Such a release leaves a member alone that it does not know. */
type Later =
  | 'rejected'
  | 'gaps'
  | 'repeats'
  | 'zoneless'
  | 'lastGapAt'
  | 'lastDoubtAt'
  | 'tenantGaps'
  | 'wentBack'
  | 'paused';
type StoredState = Omit<FeedState, Later> & Partial<Pick<FeedState, Later>>;

/** Nothing makes a feed due that event sources fill, and what looks at what is due has to see that, ms. */
export const NOT_DUE_MS = 30 * 86_400_000;

/** A paused feed is of version 2, so that releases before leave it alone. */
export const feedRecord = record<StoredState>('feed', storedSchema, {
  version: 2,
  writtenAs: ({ paused }) => (paused == null ? 1 : 2),
});

function storedSchema(): z.ZodType<StoredState> {
  return z.strictObject({
    lease: z.strictObject({ holder: z.string(), until: z.number(), renewedAt: z.exactOptional(z.number()) }).nullable(),
    position: z.custom<Json>(),
    replay: z.string(),
    sampling: samplingSchema().nullable(),
    dirty: z.array(z.string()),
    nextAt: z.number(),
    failures: z.number(),
    lastError: z.strictObject({ code: z.custom<ErrorCode>(isText), message: z.string(), at: z.number() }).nullable(),
    zoneless: z.exactOptional(z.array(z.string())),
    rejected: z.exactOptional(
      z
        .strictObject({
          count: z.number(),
          items: z.number(),
          field: z.string(),
          stream: z.exactOptional(z.string()),
          expected: z.string(),
          at: z.number(),
        })
        .nullable(),
    ),
    lastStartAt: z.number().nullable(),
    lastSuccessAt: z.number().nullable(),
    newestTime: z.number().nullable(),
    lastGapAt: z.exactOptional(z.number().nullable()),
    lastDoubtAt: z.exactOptional(z.number().nullable()),
    backlog: z.number().nullable(),
    bursts: z.number(),
    counts: z.strictObject({
      events: z.number(),
      duplicates: z.number(),
      rejected: z.number(),
      dropped: z.number(),
      thinned: z.number(),
      deadLetters: z.number(),
      bytes: z.number(),
    }),
    repeats: z.exactOptional(
      z
        .strictObject({
          reach: z.record(z.string(), z.number()),
          open: z.boolean(),
          since: z.exactOptional(z.record(z.string(), z.tuple([z.number(), z.number()]))),
        })
        .nullable(),
    ),
    wentBack: z.exactOptional(
      z.strictObject({ at: z.number(), from: z.number().nullable(), to: z.number() }).nullable(),
    ),
    tenantGaps: z.exactOptional(tenantGapsSchema()),
    gaps: z.exactOptional(z.strictObject({ events: z.number(), told: z.record(z.string(), z.number()) }).nullable()),
    paused: z.exactOptional(
      z.strictObject({ since: z.number(), by: z.string(), reason: z.string().nullable() }).nullable(),
    ),
  });
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** Null for a feed that never ran. @throws TidegateError `newer_version` */
export function readState(reading: Reading): FeedState | null {
  const stored = feedRecord.read(reading);
  return stored && { ...newState(), ...stored };
}

/**
 * Like `readState`, for callers that read the records of several feeds. For a state that a newer release wrote it returns
 * the error `newer_version` instead of throwing it, so that the other feeds can still be read.
 */
export function readStateOrNewer(reading: Reading): FeedState | TidegateError | null {
  try {
    return readState(reading);
  } catch (thrown) {
    if (thrown instanceof TidegateError && thrown.code === 'newer_version') return thrown;
    throw thrown;
  }
}

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
