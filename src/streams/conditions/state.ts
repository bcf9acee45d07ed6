/**
 * What is remembered of a condition between two events: JSON, bounded, fit to stand in a record. It changes only where
 * something is to be remembered, so a caller sees by identity whether there is anything to write.
 */
import { type Json, utf8Bytes } from '../../base/json.ts';

/** Keys that a condition keeps in mind at once. */
export const MOST_SUBJECTS = 1_000;
/** Of a state as JSON. */
export const STATE_BYTES = 256 * 1024;
/** All of a state but its subjects, generously: a subject that stands may grow by a digit where none may be forgotten. */
const FRAME_BYTES = 4_096;

/** What is judged by itself: a key, or all events together. */
export type Subject<Memory extends Json = Json> = {
  /** Null: all keys together, or events that have none. */
  key: string | null;
  holds: boolean;
  memory: Memory;
};

export type ConditionState = {
  version: 1;
  /** Mark of the condition that it is the state of. */
  of: string;
  /** Those at rest that have nothing to remember are left out. The one that changed last is the last. */
  subjects: Subject[];
  /** Of the subjects as JSON, at most. */
  bytes: number;
  /** How often a key was forgotten, or not taken in, because there were too many. */
  overflow: number;
};

export interface Placed {
  state: ConditionState;
  /** Those that had to make room. */
  forgotten: readonly Subject[];
}

export function emptyState(of: string): ConditionState {
  return { version: 1, of, subjects: [], bytes: 0, overflow: 0 };
}

/**
 * Puts a subject in, in the stead of what it was before. Where there are too many, the one that changed longest ago and may
 * be forgotten makes room; where none may, a new one is not taken in.
 * @param subject null: nothing is to be remembered any more.
 */
export function place(
  state: ConditionState,
  before: Subject | null,
  subject: Subject | null,
  mayForget: (subject: Subject) => boolean,
): Placed {
  const subjects = state.subjects.filter((other) => other !== before);
  let bytes = state.bytes - (before === null ? 0 : bytesOf(before));
  if (subject === null) return { state: { ...state, subjects, bytes }, forgotten: [] };
  bytes += bytesOf(subject);
  const forgotten: Subject[] = [];
  while (subjects.length >= MOST_SUBJECTS || bytes > STATE_BYTES - FRAME_BYTES) {
    const index = subjects.findIndex(mayForget);
    const [oldest] = index === -1 ? [] : subjects.splice(index, 1);
    if (oldest === undefined && before === null) {
      return { state: { ...state, overflow: state.overflow + 1 }, forgotten: [] };
    }
    if (oldest === undefined) break;
    bytes -= bytesOf(oldest);
    forgotten.push(oldest);
  }
  subjects.push(subject);
  return { state: { ...state, subjects, bytes, overflow: state.overflow + forgotten.length }, forgotten };
}

/** The subjects of a set as their contrary, all in the places that they have. */
export function turn(state: ConditionState, turned: ReadonlySet<Subject>): ConditionState {
  const subjects = state.subjects.map((one) => (turned.has(one) ? { ...one, holds: !one.holds } : one));
  return { ...state, subjects };
}

/** With the comma behind it, and whichever way it turns. */
function bytesOf(subject: Subject): number {
  return utf8Bytes(JSON.stringify({ ...subject, holds: false })) + 1;
}
