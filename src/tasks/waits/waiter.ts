/**
 * A waiter: one wait of one task, as a record in a partition of its stream. Its state is a pure fold over the log up to its
 * cursor, so whoever takes it further (the task itself, a follower, or both at once) comes to the same state. The version of the
 * record decides who writes it. A waiter that holds is due, so its task is taken up. Pure.
 */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import { conditionSchema } from '../../declare/check/condition-schema.ts';
import { timeWithin } from '../../base/time/stored-time.ts';
import type { Condition } from '../../declare/condition.ts';
import type { Occurrence } from '../../declare/task.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { entriesBetween } from '../../store/cursor.ts';
import type { Cursor, LogEntry, Put, RecordKey, StoredRecord, Version } from '../../store/store.ts';
import {
  begin,
  dueAt,
  isStateOf,
  step,
  tick,
  type Transition,
  withinClock,
} from '../../streams/conditions/condition.ts';
import { type ConditionState, STATE_LIMITS, type StateLimits } from '../../streams/conditions/state.ts';
import { loggedEvent, toStreamEvent } from '../../streams/log/stream-log.ts';
import { record } from '../../store/record.ts';
import { TASK_QUEUE } from '../records/names.ts';
import { dueOfParts, partsDue, type PartNotes } from './parts.ts';
import { occurrence } from '../records/occurrence.ts';

export interface Waiting {
  condition: Condition;
  /** What is remembered of the entries up to the cursor. Where it is kept in parts, it has no subjects here. */
  state: ConditionState;
  /** Absent: the state is not kept in parts. */
  parts?: PartNotes;
  cursor: Cursor | null;
  /**
   * Whether its task has read the log to the end since the record was first stored. From then on the entries between the cursor
   * and the follower's position are known to change nothing; before, nobody may have looked at them.
   */
  settled: boolean;
}

interface Held {
  held: Occurrence;
  /** Ids of the parts that the state had, which nobody needs any more. Absent: it had none. */
  parts?: string[];
}

export type Waiter = Waiting | Held;

/** How far clocks may differ, ms. Time alone decides only up to this long ago: what is older cannot be appended any more. */
export const SKEW_MS = 5_000;

export function isHeld(waiter: Waiter): waiter is Held {
  return 'held' in waiter;
}

/** Version 1 had no parts. An older release leaves a waiter of this version to newer ones. */
export const waiterRecord = record<Waiter>(
  'waiter',
  () =>
    z.union([
      z.object({ held: occurrence(), parts: z.array(z.string()).exactOptional() }),
      z.object({
        condition: conditionSchema,
        state: stateSchema(),
        parts: z.record(z.string(), partSchema()).exactOptional(),
        cursor: z.string().nullable(),
        settled: z.boolean(),
      }),
    ]),
  { version: 2, upgrade: { 1: (value) => value } },
);

export const waiterPart = record<ConditionState>('part of a waiter', () => stateSchema());

function partSchema() {
  return z.tuple([z.string(), z.number(), z.number(), z.number().nullable()]);
}

function stateSchema(): z.ZodType<ConditionState> {
  const subject = z.object({ key: z.string().nullable(), holds: z.boolean(), memory: z.custom<Json>() });
  return z.object({
    version: z.literal(1),
    of: z.string(),
    subjects: z.array(subject),
    bytes: z.number(),
    overflow: z.number(),
  });
}

/**
 * A waiter as it was read. A state that is not one of its condition in this release begins anew.
 * @throws TidegateError `newer_version`
 */
export function readWaiter(stored: StoredRecord, now: number): Waiter {
  const waiter = waiterRecord.decode(stored.value);
  if (isHeld(waiter)) return waiter;
  const { condition } = waiter;
  if (isStateOf(condition, waiter.state)) return { ...waiter, state: withinClock(condition, waiter.state, now) };
  const { parts: _, ...rest } = waiter;
  return { ...rest, state: begin(waiter.condition, now) };
}

/** It is due at once where it holds, else when time alone may make it hold. */
export function putWaiter(
  key: RecordKey,
  waiter: Waiter,
  options: { expects: Version | null; expiresAt: number | null },
  now: number,
): Put {
  const at = isHeld(waiter) ? now : dueTime(waiter);
  const due = at === null ? null : { queue: TASK_QUEUE, at };
  return waiterRecord.put(key, waiter, { ...options, due });
}

/** Whether a put is of a waiter that holds. */
export function putsHeld({ value }: Put): boolean {
  return isHeld(waiterRecord.decode(value));
}

/** When time alone may make it hold, epoch ms; null: never. */
function dueTime({ condition, state, parts }: Waiting): number | null {
  const at = parts === undefined ? dueAt(condition, state) : dueOfParts(parts);
  return at === null ? null : Math.round(at) + SKEW_MS;
}

/**
 * Whether it is due at another time than its record says. It is where a clock was ahead when the record was written, and where
 * somebody made it due so that it is looked at.
 */
export function isDueElse(waiter: Waiting, { due }: Pick<StoredRecord, 'due'>, now: number): boolean {
  const { condition, parts } = waiter;
  const isOdd = parts !== undefined && partsDue(parts, condition, -Infinity, now).length > 0;
  return isOdd || dueTime(waiter) !== (due?.at ?? null);
}

/** Those of some consecutive entries that come after a cursor; all of them where the cursor is of another epoch. */
export function entriesAfter(cursor: Cursor | null, entries: readonly LogEntry[]): readonly LogEntry[] {
  const [first] = entries;
  if (first === undefined || cursor === null) return entries;
  const between = entriesBetween(cursor, first.cursor);
  return between === null || between >= 1 ? entries : entries.slice(1 - between);
}

/**
 * Takes in entries that follow its cursor, up to the one with which it holds. Its state is not kept in parts.
 * @param now of which no entry counts as appended later
 */
export function takeIn(
  waiting: Waiting,
  entries: readonly LogEntry[],
  stream: string,
  now: number,
  limits: StateLimits = STATE_LIMITS,
): Waiter {
  const { condition } = waiting;
  let { state } = waiting;
  for (const entry of entries) {
    const stepped = step(condition, state, loggedEvent.read(entry), timeWithin(entry.appendedAt, now, 0), limits);
    const began = stepped.transitions.find(({ became }) => became === 'holding');
    if (began) return { held: occurrenceOf(stream, began) };
    ({ state } = stepped);
  }
  return { ...waiting, state, cursor: entries.at(-1)?.cursor ?? waiting.cursor };
}

/** Judges it by time alone. Its state is not kept in parts. @param now taken before the log was read to its end; see `SKEW_MS` */
export function passTime(waiting: Waiting, now: number, stream: string): Waiter {
  const { state, transitions } = tick<LoggedEvent>(waiting.condition, waiting.state, now - SKEW_MS);
  const began = transitions.find(({ became }) => became === 'holding');
  return began ? { held: occurrenceOf(stream, began) } : { ...waiting, state };
}

export function occurrenceOf(stream: string, { key, at, event, value }: Transition<LoggedEvent>): Occurrence {
  return { key, at, event: event === null ? null : toStreamEvent(stream, event), value };
}
