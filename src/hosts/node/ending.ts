/** How a process that was told to end does it: first what waits is told, then what works, each within its time. */
import type { Ending, Runtime } from '../../base/runtime.ts';

/** Of the whole time, so much is kept for handlers that heed their signal to answer, and at most so many ms. */
const CLOSING_SHARE = 0.1;
const MOST_CLOSING_MS = 1_000;

interface ProcessEnding {
  /** For the runtime of what the process serves. */
  signals: Ending;
  /**
   * Tells all that the end has begun and waits for `work`, for `withinMs` at most. What lasts longer is asked to stop shortly before
   * that. Never rejects. Called again it does nothing but wait.
   */
  wait(withinMs: number, work: () => Promise<unknown>): Promise<void>;
}

export function createEnding({ sleep }: Pick<Runtime, 'sleep'>): ProcessEnding {
  const begun = new AbortController();
  const over = new AbortController();

  /** Answers when the work is done or the time over, whichever is first. */
  async function within(ms: number, done: AbortSignal): Promise<void> {
    if (!done.aborted) await sleep(ms, done);
  }

  return {
    signals: { begun: begun.signal, over: over.signal },
    async wait(withinMs, work) {
      const done = new AbortController();
      begun.abort();
      void work()
        .catch(() => {})
        .finally(() => done.abort());
      const closingMs = Math.min(MOST_CLOSING_MS, withinMs * CLOSING_SHARE);
      await within(withinMs - closingMs, done.signal);
      over.abort();
      await within(closingMs, done.signal);
    },
  };
}
