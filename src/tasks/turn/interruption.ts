/** What ends a turn from outside `run`: its host, its time, or the loss of its task. It decides nothing. */
import { TidegateError } from '../../base/errors.ts';

export interface Interruption {
  /** Aborts when the turn is over. `run` and its steps get it. */
  signal: AbortSignal;
  /** Rejects when the signal aborts. */
  stopped: Promise<never>;
  /** Whether the host asked for the end of the turn; the task goes on elsewhere. */
  isAsked(): boolean;
  /** Aborts the signal. */
  stop(): void;
}

/** @param asked aborts when the host wants the turn to end */
export function createInterruption(asked: AbortSignal | undefined): Interruption {
  const own = new AbortController();
  const signal = asked ? AbortSignal.any([own.signal, asked]) : own.signal;
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  const halt = () => reject(new TidegateError('cancelled', 'this entry of the task is over'));
  if (signal.aborted) halt();
  signal.addEventListener('abort', halt, { once: true });
  return { signal, stopped, isAsked: () => asked?.aborted === true, stop: () => own.abort() };
}
