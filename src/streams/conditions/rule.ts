/** What each kind of condition makes of an event; see rules.ts for them. */
import type { Json } from '../../base/json.ts';
import type { WatchedEvent } from './scope.ts';
import type { Subject } from './state.ts';

export interface Judgement<Memory extends Json> {
  holds: boolean;
  /** It had ceased before this event, though nothing was there to tell it by. */
  lapsed: boolean;
  /** Null: there is nothing to remember but whether it holds. */
  memory: Memory;
  /** The number that decided, where one did. */
  value: number | null;
}

export interface Rule<Condition, Memory extends Json> {
  /**
   * @param before null for the first event of a subject, and for a subject at rest that has nothing to remember.
   * @param at when the event was appended, epoch ms.
   * @returns null: the event says nothing here, and nothing changes.
   */
  judge(
    condition: Condition,
    before: Subject<Memory> | null,
    event: WatchedEvent,
    at: number,
  ): Judgement<Memory> | null;
  /** When time alone turns the subject, epoch ms; null: it does not. Absent: never. */
  dueAt?(condition: Condition, subject: Subject<Memory>): number | null;
  /** Whether a subject may make room for another; default: yes. */
  mayForget?(subject: Subject<Memory>): boolean;
}

/** When it happened; of an event that is dated ahead, when it came. */
export function happenedAt({ time }: WatchedEvent, at: number): number {
  return Math.min(time, at);
}
