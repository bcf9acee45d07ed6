/**
 * Waits for code of an app no longer than somebody waits for the answer. The code itself cannot be stopped: it goes on, and what
 * comes of it afterwards is told once and dropped.
 */
import type { TidegateError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';

/** What came of work that nobody waits for any more. */
export type Late = { kind: 'answered' } | { kind: 'failed'; thrown: unknown };

export interface TimeLimit {
  /** Epoch ms. */
  overAt: number;
  /** Aborted: there is no limit any more. It is aborted here when the work ends in time. */
  lifted: AbortController;
  /** Called once, where the work has not ended by then: what whoever waits is told. */
  over: () => TidegateError;
  /** Called once, when the work ends after `over`. */
  late: (outcome: Late) => void;
}

/** Answers what the work answers, and rejects as it does, or with the error of `over`. A late rejection is nobody's. */
export function inTime<Answer>(
  { now, sleep }: Pick<Runtime, 'now' | 'sleep'>,
  work: Promise<Answer>,
  { overAt, lifted, over, late }: TimeLimit,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const ended = (outcome: Late, settle: () => void) => {
      if (isOver) return late(outcome);
      lifted.abort();
      settle();
    };
    work.then(
      (answer) => ended({ kind: 'answered' }, () => resolve(answer)),
      (thrown: unknown) => ended({ kind: 'failed', thrown }, () => reject(thrown)),
    );
    const end = () => {
      if (lifted.signal.aborted) return;
      isOver = true;
      reject(over());
    };
    void sleep(Math.max(0, overAt - now()), lifted.signal).then(end);
  });
}
