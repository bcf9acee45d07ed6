/**
 * Waits for code of an app no longer than somebody waits for the answer. The code itself cannot be stopped: it goes on, and what
 * comes of it afterwards is told once and dropped.
 */
import type { TidegateError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { startTimer } from './timer.ts';

/** What came of work that nobody waits for any more. */
type Late = { kind: 'answered' } | { kind: 'failed'; thrown: unknown };

/** A limit that somebody else can lift. */
export interface Lift {
  isLifted: boolean;
  /** Ends the timer; null: there is none yet, or no more. */
  stop: (() => void) | null;
}

export interface TimeLimit {
  /** Epoch ms. */
  overAt: number;
  /** Called once, where the work has not ended by then: what whoever waits is told. */
  over: () => TidegateError;
  /** Called once, when the work ends after `over`. */
  late: (outcome: Late) => void;
}

/** Most work that waits for nothing outside of the process is done within so many turns of the queue of promises. */
const TURNS_AT_ONCE = 8;

export function lift(limit: Lift): void {
  limit.isLifted = true;
  limit.stop?.();
  limit.stop = null;
}

/**
 * Answers what the work answers, and rejects as it does, or with the error of `over`. A late rejection is nobody's.
 * @param limit by which the limit can be lifted before; it is lifted when the work ends
 */
export function inTime<Answer>(
  { now, sleep }: Pick<Runtime, 'now' | 'sleep'>,
  work: Promise<Answer>,
  { overAt, over, late }: TimeLimit,
  limit: Lift = { isLifted: false, stop: null },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const ended = (outcome: Late, settle: () => void) => {
      if (isOver) return late(outcome);
      lift(limit);
      settle();
    };
    work.then(
      (answer) => ended({ kind: 'answered' }, () => resolve(answer)),
      (thrown: unknown) => ended({ kind: 'failed', thrown }, () => reject(thrown)),
    );
    const end = () => {
      if (limit.isLifted) return;
      isOver = true;
      reject(over());
    };
    const begin = async () => {
      // A timer costs more than most handlers.
      for (let turn = 0; turn < TURNS_AT_ONCE && !limit.isLifted; turn += 1) await Promise.resolve();
      if (limit.isLifted) return;
      limit.stop = startTimer(sleep, Math.max(0, overAt - now()), end, true);
    };
    void begin();
  });
}
