/**
 * A feed's record: its lease, its position, its pacing and its condition. They stand in one record, so that one put changes
 * them together. The record's version is the fencing token of the lease. Pure: it does not read or write the store.
 */
import * as z from 'zod';
import { type ErrorCode, TidegateError } from '../../base/errors.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { type Json, jsonBytes } from '../../base/json.ts';
import { record } from '../../store/record.ts';
import type { Reading, RecordKey } from '../../store/store.ts';
import { TOLD_GAPS_BYTES, type ToldGaps } from './gap-fold.ts';
import { REPEATS_BYTES, type RepeatsState } from './repeats.ts';
import { REPLAY_BYTES } from './replay.ts';
import { MOST_STATE_BYTES, samplingSchema, type SamplingState } from './sampling.ts';

export const DEFAULT_LEASE_MS = 30_000;

export interface FeedCounts {
  /** Events that were appended to streams. Gaps are not counted. */
  events: number;
  /** Events that were not appended, because their stream had their id already. */
  duplicates: number;
  /** Items that were not events of their stream. */
  rejected: number;
  /** Items beyond the budget that the overflow policy gave up. */
  dropped: number;
  /** Events that sampling left out. */
  thinned: number;
  /** Dead letters that were written, for rejected and dropped items, within their bound. */
  deadLetters: number;
  /** Bytes of the items as they came. */
  bytes: number;
}

export interface FeedError {
  code: ErrorCode;
  message: string;
  at: number;
}

/** How many items of the last burst that brought anything were rejected, and why. */
export interface Rejected {
  count: number;
  /** All items that came, including the rejected ones. */
  items: number;
  /** The field that was wrong in the last rejected item; `data.value of pumps` where the feed fills several streams. */
  field: string;
  expected: string;
  /** Epoch ms. */
  at: number;
}

export interface FeedState {
  lease: { holder: string; until: number } | null;
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
  /** Streams whose times came without a zone, and were read as UTC because none is declared; at most `MOST_ZONELESS`. */
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
}

export const NO_COUNTS: Readonly<FeedCounts> = {
  events: 0,
  duplicates: 0,
  rejected: 0,
  dropped: 0,
  thinned: 0,
  deadLetters: 0,
  bytes: 0,
};

/** The record of a feed. */
export function feedKey(tenant: string, feed: string): RecordKey {
  return { partition: `${tenant}/feed`, id: feed };
}

/** What a record lacks that an earlier release wrote. Such a release leaves a member alone that it does not know. */
type Later = 'rejected' | 'gaps' | 'repeats' | 'zoneless' | 'lastGapAt' | 'lastDoubtAt';
type StoredState = Omit<FeedState, Later> & Partial<Pick<FeedState, Later>>;

export const feedRecord = record<StoredState>('feed', () =>
  z.strictObject({
    lease: z.strictObject({ holder: z.string(), until: z.number() }).nullable(),
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
    repeats: z.exactOptional(z.strictObject({ reach: z.record(z.string(), z.number()), open: z.boolean() }).nullable()),
    gaps: z.exactOptional(z.strictObject({ events: z.number(), told: z.record(z.string(), z.number()) }).nullable()),
  }),
);

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
  };
}

/** @param times how often `b` is added; -1 takes it away */
export function addCounts(a: FeedCounts, b: FeedCounts, times: 1 | -1 = 1): FeedCounts {
  return {
    events: a.events + times * b.events,
    duplicates: a.duplicates + times * b.duplicates,
    rejected: a.rejected + times * b.rejected,
    dropped: a.dropped + times * b.dropped,
    thinned: a.thinned + times * b.thinned,
    deadLetters: a.deadLetters + times * b.deadLetters,
    bytes: a.bytes + times * b.bytes,
  };
}

/** Most characters of each text that says why items were rejected. */
const TOLD_CHARACTERS = 200;

/**
 * The report on rejected items after a burst with these counts; `before` if nothing came.
 * @param why the last item was rejected
 */
export function rejectedOf(
  counts: FeedCounts,
  why: { field: string; expected: string },
  before: Rejected | null,
  now: number,
): Rejected | null {
  const { rejected: count, events, duplicates, thinned, dropped } = counts;
  const items = count + events + duplicates + thinned + dropped;
  if (items === 0) return before;
  if (count === 0) return null;
  return { count, items, ...withinBound(why), at: now };
}

/** Why an item was rejected, as it is told. */
export function withinBound({ field, expected }: { field: string; expected: string }) {
  return { field: told(field), expected: told(expected) };
}

function told(text: string): string {
  return text.slice(0, TOLD_CHARACTERS).toWellFormed();
}

/** Most streams that are told to have times without a zone. */
export const MOST_ZONELESS = 20;
const STREAM_NAME_BYTES = 70;

/** Bytes for the record's key, its lease, and the growth of its numbers. */
const GROWTH_BYTES = 2 * 1024;

/**
 * Most bytes that the record takes in the commit that moves the feed's position to `next`, and in those before it: its
 * present size, and the most by which its fields can grow within their bounds.
 */
export function recordBytes(feed: Pick<DeclaredFeed, 'targets' | 'sample'>, state: FeedState, next: Json): number {
  const dirty = [...new Set([...state.dirty, ...feed.targets.map(({ stream }) => stream)])];
  const rest = jsonBytes({
    ...state,
    position: null,
    replay: '',
    sampling: null,
    gaps: null,
    repeats: null,
    dirty,
    zoneless: [],
  });
  const sampling = feed.sample ? MOST_STATE_BYTES : 0;
  const zoneless = Math.min(MOST_ZONELESS, feed.targets.length) * STREAM_NAME_BYTES;
  return (
    zoneless +
    GROWTH_BYTES +
    TOLD_GAPS_BYTES +
    REPEATS_BYTES +
    rest +
    Math.max(jsonBytes(state.position), jsonBytes(next)) +
    REPLAY_BYTES +
    sampling
  );
}

/** Why a feed is not run now; null if it is due and its lease is free. */
export function notDue(state: FeedState, now: number): 'leased' | 'waiting' | null {
  if (state.lease !== null && state.lease.until > now) return 'leased';
  return state.nextAt > now ? 'waiting' : null;
}
