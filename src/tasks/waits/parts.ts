/**
 * Parts of a waiter's state. A state that has grown is kept in parts, by the hash of the subject's key, so that an event
 * rewrites the part of its key and not the whole. Each part is folded by itself, because a condition judges each key by itself;
 * the head of the waiter notes what is to be known of a part that is not read. A part is never written twice: a changed one is
 * put under a new id together with the head that names it, so a reader of a head finds just the parts that it names. Pure.
 */
import { fnv1a } from '../../base/digest.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { liesBeyond, timeWithin } from '../../base/time/stored-time.ts';
import type { Condition } from '../../declare/condition.ts';
import type { LogEntry } from '../../store/store.ts';
import { dueAt, isLookedAt, step, tick, type Transition } from '../../streams/conditions/condition.ts';
import { isPerKey, subjectOf } from '../../streams/conditions/scope.ts';
import {
  type ConditionState,
  emptyState,
  STATE_LIMITS,
  type StateLimits,
  stateWith,
} from '../../streams/conditions/state.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';

/** Into how many parts a state is divided. */
export const PARTS = 16;
/** A state of several subjects that has more bytes than this is divided. */
export const INLINE_BYTES = 4_096;
/** What each part may hold even where the others hold all that there may be. */
const LEAST_SHARE = { subjects: 64, bytes: 8_192 };

/** What the head knows of a part. */
type PartNote = [id: string, subjects: number, bytes: number, dueAt: number | null];

/** By the number of the part. One that was never needed is left out. */
export type PartNotes = Readonly<Record<string, PartNote>>;

function partOfKey(key: string | null): number {
  return fnv1a(key ?? '') % PARTS;
}

export function isToDivide(condition: Condition, state: ConditionState): boolean {
  return state.bytes > INLINE_BYTES && state.subjects.length > 1 && isPerKey(condition);
}

/** The parts of a state, by number. */
export function divided({ of, subjects }: ConditionState): Map<number, ConditionState> {
  const groups = Map.groupBy(subjects, ({ key }) => partOfKey(key));
  return new Map([...groups].map(([part, some]) => [part, stateWith(of, some)]));
}

/** @param id of the record that holds it */
export function partNote(condition: Condition, state: ConditionState, id: string): PartNote {
  return [id, state.subjects.length, state.bytes, dueAt(condition, state)];
}

/** The earliest time at which time alone may make one of the parts hold; null: never. */
export function dueOfParts(notes: PartNotes): number | null {
  const times = Object.values(notes).flatMap(([, , , due]) => due ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/**
 * Parts that time alone may have changed by then, and those that are due later than silence can last.
 * @param by epoch ms @param now epoch ms
 */
export function partsDue(notes: PartNotes, condition: Condition, by: number, now: number): number[] {
  const furthestMs = condition.kind === 'absence' ? condition.forMs : Infinity;
  const isDue = (due: number | null) => due !== null && (due <= by || liesBeyond(due, now, furthestMs));
  return Object.entries(notes).flatMap(([part, [, , , due]]) => (isDue(due) ? [Number(part)] : []));
}

/** The parts that some entries concern, those that are due by then with them. */
export function partsFor(condition: Condition, notes: PartNotes, entries: readonly LogEntry[], now: number): number[] {
  const own = entries.flatMap((entry) => placeOf(condition, loggedEvent.read(entry)) ?? []);
  const by = timeWithin(entries.at(-1)?.appendedAt ?? Number.NEGATIVE_INFINITY, now, 0);
  return [...new Set([...own, ...partsDue(notes, condition, by, now)])];
}

function placeOf(condition: Condition, event: LoggedEvent): number | null {
  return isLookedAt(condition, event) ? partOfKey(subjectOf(condition, event)) : null;
}

export interface FoldedParts {
  /** The first of all parts to hold; null: none does. */
  began: Transition<LoggedEvent> | null;
  /** Those that have become others. */
  changed: Map<number, ConditionState>;
}

/**
 * Takes in entries.
 * @param states of all the parts that `partsFor` names
 * @param of the digest of the condition, for a part that is new
 * @param now of which no entry counts as appended later
 */
export function foldParts(
  condition: Condition,
  of: string,
  notes: PartNotes,
  states: ReadonlyMap<number, ConditionState>,
  entries: readonly LogEntry[],
  now: number,
  most: StateLimits = STATE_LIMITS,
): FoldedParts {
  const events = entries.map((entry) => ({
    event: loggedEvent.read(entry),
    at: timeWithin(entry.appendedAt, now, 0),
  }));
  const places = events.map(({ event }) => placeOf(condition, event));
  const changed = new Map<number, ConditionState>();
  let spare = spareOf(notes, most);
  let first: { index: number; began: Transition<LoggedEvent> } | null = null;
  for (const part of partsFor(condition, notes, entries, now)) {
    const before = states.get(part) ?? emptyState(of);
    const limits = limitsOf(before, spare, most);
    // Only silence makes a condition hold without an event of its own.
    const isTimed = condition.kind === 'absence';
    let state = before;
    for (const [index, { event, at }] of events.entries()) {
      if (places[index] !== part && !isTimed) continue;
      const stepped =
        places[index] === part ? step(condition, state, event, at, limits) : tick<LoggedEvent>(condition, state, at);
      const began = stepped.transitions.find(({ became }) => became === 'holding');
      if (began !== undefined) {
        if (first === null || index < first.index || (index === first.index && began.at < first.began.at)) {
          first = { index, began };
        }
        break;
      }
      ({ state } = stepped);
    }
    if (state === before) continue;
    changed.set(part, state);
    spare = {
      subjects: spare.subjects - state.subjects.length + before.subjects.length,
      bytes: spare.bytes - state.bytes + before.bytes,
    };
  }
  return { began: first?.began ?? null, changed };
}

/** Judges parts by time alone. Those whose due time is not the one that the head notes have become others. */
export function tickParts(
  condition: Condition,
  notes: PartNotes,
  states: ReadonlyMap<number, ConditionState>,
  now: number,
): FoldedParts {
  const ticked = [...states.values()].map((state) => tick<LoggedEvent>(condition, state, now));
  const began = ticked
    .flatMap(({ transitions }) => transitions.filter(({ became }) => became === 'holding'))
    .toSorted((a, b) => a.at - b.at)[0];
  const changed = [...states].filter(([part, state]) => dueAt(condition, state) !== (notes[part]?.[3] ?? null));
  return { began: began ?? null, changed: new Map(changed) };
}

interface Spare {
  subjects: number;
  bytes: number;
}

function spareOf(notes: PartNotes, most: StateLimits): Spare {
  const spare = { subjects: most.subjects, bytes: most.bytes };
  for (const [, subjects, bytes] of Object.values(notes)) {
    spare.subjects -= subjects;
    spare.bytes -= bytes;
  }
  return spare;
}

/** A part may take all that is spare, and its least share in any case. */
function limitsOf({ subjects, bytes }: ConditionState, spare: Spare, most: StateLimits): StateLimits {
  const share = Math.min(LEAST_SHARE.subjects, Math.ceil(most.subjects / PARTS));
  return {
    subjects: Math.max(share, subjects.length + spare.subjects),
    bytes: Math.max(LEAST_SHARE.bytes, bytes + spare.bytes),
    strict: true,
  };
}
