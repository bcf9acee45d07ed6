/** When a burst has to end: at its time, when its process has to end, or when its lease is lost. It ends nothing by itself. */
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';

/** How long a feed may take to end after its signal aborts, ms. */
export const GRACE_MS = 1_000;

export interface BurstTime {
  /** Aborts when the feed has to end. */
  signal: AbortSignal;
  /** Epoch ms by which the feed has to have ended; Infinity while no end is known. */
  latestEnd(): number;
  /** Whether the feed had to end before it was ready, and not because its process has to. */
  isSpent(): boolean;
  /** Ends the burst now, and stops the clock. Safe to call twice. */
  end(): void;
}

/** @param endsAt epoch ms; Infinity for a burst that holds its connection */
export function burstTime(runtime: Runtime, endsAt: number, stop: AbortSignal | null): BurstTime {
  const over = new AbortController();
  const finished = new AbortController();
  let abortedAt = Number.POSITIVE_INFINITY;
  const abort = () => {
    if (over.signal.aborted) return;
    abortedAt = runtime.now();
    over.abort(new TidegateError('cancelled', 'the burst is over'));
  };
  if (Number.isFinite(endsAt)) void runtime.sleep(Math.max(0, endsAt - runtime.now()), finished.signal).then(abort);
  stop?.addEventListener('abort', abort, { once: true });
  if (stop?.aborted) abort();
  return {
    signal: over.signal,
    // A clock that was set back does not make the burst last longer.
    latestEnd: () => (stop?.aborted && Number.isFinite(endsAt) ? endsAt : Math.min(endsAt, abortedAt)) + GRACE_MS,
    isSpent: () => over.signal.aborted && !stop?.aborted,
    end() {
      stop?.removeEventListener('abort', abort);
      abort();
      finished.abort();
    },
  };
}
