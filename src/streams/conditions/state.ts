/**
 * The state of a condition between two events. It is JSON of bounded size, so a record can hold it. A step that has
 * nothing to remember returns the same object, so the caller sees by identity whether it has to write.
 */
import { type Json, utf8Bytes } from '../../base/json.ts';

/** Most keys that a condition remembers at once. */
export const MOST_SUBJECTS = 1_000;
/** Most bytes of a state as JSON. */
export const STATE_BYTES = 256 * 1024;
/**
 * Bytes reserved for everything but the subjects. The reserve is large, since a subject may grow a little where none
 * may be dropped.
 */
const FRAME_BYTES = 4_096;

/** How much a state may hold. */
export interface StateLimits {
  subjects: number;
  bytes: number;
  /** Whether a subject is forgotten that has grown where no other may be dropped. Default: it may grow a little. */
  strict?: boolean;
}

export const STATE_LIMITS: StateLimits = { subjects: MOST_SUBJECTS, bytes: STATE_BYTES - FRAME_BYTES };

/** What a condition judges by itself: one key, or all events together. */
export type Subject<Memory extends Json = Json> = {
  /** Null: all keys together, or events without a key. */
  key: string | null;
  holds: boolean;
  memory: Memory;
};

export type ConditionState = {
  version: 1;
  /** Digest of the condition that this is the state of. */
  of: string;
  /** Subjects that do not hold and have no memory are left out. The subject that changed last is the last. */
  subjects: Subject[];
  /** Upper bound of the size of the subjects as JSON. */
  bytes: number;
  /** How often a key was dropped, or not added, because there were too many. */
  overflow: number;
};

/** The state of some of the subjects of another. */
export function stateWith(of: string, subjects: Subject[]): ConditionState {
  return { ...emptyState(of), subjects, bytes: subjects.reduce((sum, subject) => sum + bytesOf(subject), 0) };
}

interface Placed {
  state: ConditionState;
  /** The subjects that were dropped to make room. */
  forgotten: readonly Subject[];
}

export function emptyState(of: string): ConditionState {
  return { version: 1, of, subjects: [], bytes: 0, overflow: 0 };
}

/**
 * Puts a subject into the state, in place of its earlier form. Where there are too many, it drops the subject that
 * changed longest ago among those that may be dropped. Where none may be dropped, a new subject is not added.
 * @param subject null: nothing is to be remembered any more
 */
export function place(
  state: ConditionState,
  before: Subject | null,
  subject: Subject | null,
  mayForget: (subject: Subject) => boolean,
  limits: StateLimits = STATE_LIMITS,
): Placed {
  const subjects = state.subjects.filter((other) => other !== before);
  let bytes = state.bytes - (before === null ? 0 : bytesOf(before));
  if (subject === null) return { state: { ...state, subjects, bytes }, forgotten: [] };
  bytes += bytesOf(subject);
  const forgotten: Subject[] = [];
  while (subjects.length >= limits.subjects || bytes > limits.bytes) {
    const index = subjects.findIndex(mayForget);
    const [oldest] = index === -1 ? [] : subjects.splice(index, 1);
    if (oldest === undefined && before === null) {
      return { state: { ...state, overflow: state.overflow + 1 }, forgotten: [] };
    }
    if (oldest === undefined) {
      if (limits.strict !== true) break;
      const left = { ...state, subjects, bytes: bytes - bytesOf(subject), overflow: state.overflow + 1 };
      return { state: left, forgotten: before === null ? forgotten : [before] };
    }
    bytes -= bytesOf(oldest);
    forgotten.push(oldest);
  }
  subjects.push(subject);
  return { state: { ...state, subjects, bytes, overflow: state.overflow + forgotten.length }, forgotten };
}

/** Flips `holds` of the given subjects, and keeps the order of all. */
export function turn(state: ConditionState, turned: ReadonlySet<Subject>): ConditionState {
  const subjects = state.subjects.map((one) => (turned.has(one) ? { ...one, holds: !one.holds } : one));
  return { ...state, subjects };
}

/** Bytes of a subject with the comma after it. `false` is the longer value of `holds`, so a flip never needs more. */
function bytesOf(subject: Subject): number {
  return utf8Bytes(JSON.stringify({ ...subject, holds: false })) + 1;
}
