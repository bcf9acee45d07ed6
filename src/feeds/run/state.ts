/**
 * A feed's record: its lease, its position, its pacing and how it is doing, in one place, so that one put moves all of
 * them. Pure: what is read, judged and written, not when. The record's version is the fencing token of the lease.
 */
import * as z from 'zod';
import { type ErrorCode, TidegateError } from '../../base/errors.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import { record } from '../../store/record.ts';
import type { Reading, RecordKey } from '../../store/store.ts';
import { REPLAY_BYTES } from './replay.ts';
import { MOST_STATE_BYTES, samplingSchema, type SamplingState } from './sampling.ts';

export const DEFAULT_LEASE_MS = 30_000;

export interface FeedCounts {
  /** Appended to streams. */
  events: number;
  /** Not appended, because their id stood there. */
  duplicates: number;
  /** Not events of their stream. */
  rejected: number;
  /** Beyond the budget, and given up by the overflow policy. */
  dropped: number;
  /** Left out by sampling. */
  thinned: number;
  /** Written to the dead letters: of the rejected and the dropped, within their bound. */
  deadLetters: number;
  /** As they came. */
  bytes: number;
}

export interface FeedError {
  code: ErrorCode;
  message: string;
  at: number;
}

/** Of the last burst that brought anything: how much of it was no event of its stream, and why. */
export interface Rejected {
  count: number;
  /** All that came, the rejected among it. */
  items: number;
  /** Of the last of them: the field that was wrong, and what was expected there. */
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
  /** In a row, without an event in between. */
  failures: number;
  lastError: FeedError | null;
  /** Null where all was taken. */
  rejected: Rejected | null;
  lastStartAt: number | null;
  lastSuccessAt: number | null;
  /** Latest time of an event that was taken in, epoch ms. */
  newestTime: number | null;
  /** Known to wait upstream. */
  backlog: number | null;
  bursts: number;
  /** Since the feed was first run. */
  counts: FeedCounts;
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

/** A record of a release that did not count rejected items lacks `rejected`. */
type StoredState = Omit<FeedState, 'rejected'> & Partial<Pick<FeedState, 'rejected'>>;

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
 * As `readState`, for who reads the records of several feeds: the error `newer_version` takes the place of a state that
 * a newer release wrote, so that this feed keeps nobody from the others.
 */
export function readStateOrNewer(reading: Reading): FeedState | TidegateError | null {
  try {
    return readState(reading);
  } catch (thrown) {
    if (thrown instanceof TidegateError && thrown.code === 'newer_version') return thrown;
    throw thrown;
  }
}

/** The state of a feed that never ran: due at once. */
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
    lastStartAt: null,
    lastSuccessAt: null,
    newestTime: null,
    backlog: null,
    bursts: 0,
    counts: { ...NO_COUNTS },
  };
}

export function addCounts(a: FeedCounts, b: FeedCounts): FeedCounts {
  return {
    events: a.events + b.events,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
    dropped: a.dropped + b.dropped,
    thinned: a.thinned + b.thinned,
    deadLetters: a.deadLetters + b.deadLetters,
    bytes: a.bytes + b.bytes,
  };
}

/** Of each text that tells why items were rejected. */
const TOLD_CHARACTERS = 200;

/**
 * What a burst of these counts has to say of rejected items; `before` where nothing came.
 * @param why of the last one
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
  const [field, expected] = [why.field, why.expected].map((text) => text.slice(0, TOLD_CHARACTERS).toWellFormed());
  return { count, items, field: field ?? '', expected: expected ?? '', at: now };
}

/** The record's key, its lease, and what its numbers grow by. */
const GROWTH_BYTES = 2 * 1024;

/**
 * Most bytes that the record takes in a commit before the feed's position moves on to `next`, and in the one that moves
 * it: as it is now, and what it can grow by, at the bounds of its parts.
 */
export function recordBytes(feed: Pick<DeclaredFeed, 'targets' | 'sample'>, state: FeedState, next: Json): number {
  const dirty = [...new Set([...state.dirty, ...feed.targets.map(({ stream }) => stream)])];
  const rest = sizeOf({ ...state, position: null, replay: '', sampling: null, dirty });
  const sampling = feed.sample ? MOST_STATE_BYTES : 0;
  return GROWTH_BYTES + rest + Math.max(sizeOf(state.position), sizeOf(next)) + REPLAY_BYTES + sampling;
}

function sizeOf(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}

/** Why a feed is not run now; null: it is due, and its lease is free. */
export function notDue(state: FeedState, now: number): 'leased' | 'waiting' | null {
  if (state.lease !== null && state.lease.until > now) return 'leased';
  return state.nextAt > now ? 'waiting' : null;
}
