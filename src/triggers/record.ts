/**
 * The stored form of a trigger's state. The record of the trigger holds its positions in its streams, and what it remembers of
 * its keys, or, where that is much, the numbers of the parts that do. Whoever commits occurrences puts the record on the version
 * that it read, in the same commit; so of several who judge the same events one commits, and the others read again.
 */
import * as z from 'zod';
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import { record } from '../store/record.ts';
import type { StoredKey } from './judging/key-state.ts';
import type { StreamClock } from './judging/clock.ts';
import type { Moment } from './judging/moment.ts';

/** What became of an event that came too late to be judged. */
export interface LateNote {
  id: string;
  stream: string;
  key: string | null;
  /** When it happened, and when it came, epoch ms. */
  time: number;
  arrivedAt: number;
  /** What it would have changed. `unknown`: the log does not reach back far enough, or there were too many. */
  wouldHave: 'changed nothing' | 'begun' | 'not begun' | 'both' | 'unknown';
}

/** A function of the app that broke at an occurrence. */
export interface TroubleNote {
  at: number;
  occurrence: string;
  what: 'payload' | 'says' | 'dedupe' | 'severity';
  /** For the operator; it may name what the function threw. */
  reason: string;
}

interface TriggerCounts {
  holding: number;
  ceased: number;
  /** Within `cooldownMs` of another one. */
  suppressed: number;
  /** With the text of another one, by `dedupe`. */
  repeated: number;
  late: number;
  /** Judged before their time, because too many waited. */
  hurried: number;
  /** How often a key was forgotten, or not taken in. */
  overflow: number;
  /** Functions of the app that broke. */
  broken: number;
}

export interface StoredTrigger {
  /** Digest of the condition and streams. */
  of: string;
  /** When the trigger began, and when this was stored, epoch ms. */
  begunAt: number;
  storedAt: number;
  clocks: Record<string, StreamClock>;
  judgedTo: number;
  newest: number;
  common: StoredKey;
  /** Where it is little. */
  keys: StoredKey[];
  /** Where it is much: the ids of the pieces that hold it, by the number of the part; empty: it is not. */
  parts: Record<string, string>;
  /** When all pieces were written anew, epoch ms. */
  piecesAt: number;
  /** Found, and not in the log yet, because a commit has its bounds. */
  owed: Moment[];
  /** Ids of the pieces that hold what is owed behind that. */
  owedPieces: string[];
  counts: TriggerCounts;
  /** The last occurrence of a beginning. */
  last: { id: string; key: string | null; time: number; title: string } | null;
  late: LateNote[];
  troubles: TroubleNote[];
}

const storedKey = () =>
  z.tuple([
    z.string().nullable(),
    z.literal([0, 1]),
    z.number().nullable(),
    z.array(
      z.union([
        z.null(),
        z.tuple([z.literal([0, 1]), z.custom<Json>()]),
        z.tuple([z.literal([0, 1]), z.custom<Json>(), z.array(z.custom<StreamEvent>())]),
      ]),
    ),
  ]) as unknown as z.ZodType<StoredKey>;

const moment = (): z.ZodType<Moment> =>
  z.object({
    became: z.enum(['holding', 'ceased']),
    key: z.string().nullable(),
    time: z.number(),
    value: z.number().nullable(),
    events: z.array(z.custom<StreamEvent>()),
    cause: z.string(),
  });

const clock = () =>
  z.object({
    from: z.string().nullable(),
    head: z.string().nullable(),
    newest: z.number().nullable(),
    arrivedAt: z.number(),
    knownTo: z.number(),
  });

export const triggerRecord = record<StoredTrigger>('trigger', () =>
  z.object({
    of: z.string(),
    begunAt: z.number(),
    storedAt: z.number(),
    clocks: z.record(z.string(), clock()),
    judgedTo: z.number(),
    newest: z.number(),
    common: storedKey(),
    keys: z.array(storedKey()),
    parts: z.record(z.string(), z.string()),
    piecesAt: z.number(),
    owed: z.array(moment()),
    owedPieces: z.array(z.string()),
    counts: z.object({
      holding: z.number(),
      ceased: z.number(),
      suppressed: z.number(),
      repeated: z.number(),
      late: z.number(),
      hurried: z.number(),
      overflow: z.number(),
      broken: z.number(),
    }),
    last: z.object({ id: z.string(), key: z.string().nullable(), time: z.number(), title: z.string() }).nullable(),
    late: z.array(
      z.object({
        id: z.string(),
        stream: z.string(),
        key: z.string().nullable(),
        time: z.number(),
        arrivedAt: z.number(),
        wouldHave: z.enum(['changed nothing', 'begun', 'not begun', 'both', 'unknown']),
      }),
    ),
    troubles: z.array(
      z.object({
        at: z.number(),
        occurrence: z.string(),
        what: z.enum(['payload', 'says', 'dedupe', 'severity']),
        reason: z.string(),
      }),
    ),
  }),
);

export const triggerPart = record<StoredKey[]>('part of a trigger', () => z.array(storedKey()));

export const triggerOwed = record<Moment[]>('what a trigger has yet to tell', () => z.array(moment()));

export const triggerOnce = record<{ id: string }>('occurrence by its text', () => z.object({ id: z.string() }));
