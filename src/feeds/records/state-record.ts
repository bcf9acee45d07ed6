/** The written form of a feed's state: its codec, its version, and what a record of an earlier release lacks. Pure. */
import * as z from 'zod';
import { type ErrorCode, TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { record } from '../../store/record.ts';
import type { Reading } from '../../store/store.ts';
import { samplingSchema } from './sampling.ts';
import { type FeedState, newState } from './state.ts';
import { tenantGapsSchema } from './tenant-gaps.ts';

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
