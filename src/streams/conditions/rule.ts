/** The interface of a rule: how one kind of condition judges an event. The rules are in rules.ts. */
import type { Json } from '../../base/json.ts';
import type { WatchedEvent } from './scope.ts';
import type { Subject } from './state.ts';

export interface Judgement<Memory extends Json> {
  holds: boolean;
  /** The condition had already ceased before this event, and no event or tick showed it. */
  lapsed: boolean;
  /** Null: only `holds` has to be remembered. */
  memory: Memory;
  /** The number that decided, where one did. */
  value: number | null;
}

export interface Rule<Condition, Memory extends Json> {
  /**
   * @param before null for the first event of a subject, and for a subject that does not hold and has no memory
   * @param at the event's append time, epoch ms
   * @returns null: the event changes nothing
   */
  judge(
    condition: Condition,
    before: Subject<Memory> | null,
    event: WatchedEvent,
    at: number,
  ): Judgement<Memory> | null;
  /**
   * Epoch ms at which `holds` of the subject flips if no event comes; null: it does not. Without this function it never
   * does.
   */
  dueAt?(condition: Condition, subject: Subject<Memory>): number | null;
  /** The latest time in the memory, epoch ms. Without this function it holds none. */
  latest?(memory: Memory): number;
  /** The memory of a subject whose times lay ahead of the clock. Without this function the subject begins anew. */
  broughtTo?(now: number): Memory;
  /**
   * Whether a subject is remembered for the sake of late events alone: that it was dropped to make room need not be told. Default: no.
   */
  isSpent?(subject: Subject<Memory>): boolean;
  /** Whether a subject may be dropped to make room for another. Default: yes. */
  mayForget?(subject: Subject<Memory>): boolean;
}

/** When the event happened. An event that is dated ahead counts as happened when it arrived. */
export function happenedAt({ time }: WatchedEvent, at: number): number {
  return Math.min(time, at);
}
