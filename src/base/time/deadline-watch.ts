/** The signal of a handler: it aborts when nobody waits for the answer any more. */
import { TidegateError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';

/** Who waits for an answer: until it goes away, and at most until the deadline, epoch ms. */
interface Watched {
  signal: AbortSignal;
  deadline: number;
}

export interface DeadlineWatch {
  signal: AbortSignal;
  end(): void;
  /** Ends the watch and aborts the signal, because the handler waits for an answer that comes with another request. */
  leave(): void;
}

/** A signal that aborts when the caller goes away, its time is over or the process ends. */
export function watchDeadline(
  runtime: Pick<Runtime, 'now' | 'sleep' | 'ending'>,
  { signal, deadline }: Watched,
): DeadlineWatch {
  const stopped = new AbortController();
  const timer = new AbortController();
  const stop = (message: string) => {
    if (!timer.signal.aborted) stopped.abort(new TidegateError('cancelled', message));
  };
  const gone = () => stop('The caller went away');
  if (signal.aborted) gone();
  signal.addEventListener('abort', gone, { once: true });
  const over = runtime.ending?.over;
  const close = () => stopped.abort(serverEnds());
  if (over?.aborted === true) close();
  over?.addEventListener('abort', close, { once: true });
  void runtime
    .sleep(Math.max(0, deadline - runtime.now()), timer.signal)
    .then(() => stop('The time for this request is over'));
  function end() {
    timer.abort();
    signal.removeEventListener('abort', gone);
    over?.removeEventListener('abort', close);
  }
  return {
    signal: stopped.signal,
    end,
    leave() {
      stop('The request ended with a question; its retry enters the handler again');
      end();
    },
  };
}

/** Told to callers whose work is broken off because the process ends. */
export function serverEnds(): TidegateError {
  return new TidegateError('cancelled', 'The server ends before this is done', {
    hint: 'call again: what answers then is another instance, or this one started anew',
    retryAfterMs: 1_000,
  });
}
