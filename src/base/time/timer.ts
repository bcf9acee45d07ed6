/** A timer that its owner stops: what ends something that takes too long, and is hardly ever due. */
import type { Sleep } from '../runtime.ts';

/** A reason of one's own: the engine makes an error with a stack for who gives none. */
const STOPPED = 'stopped';

/**
 * Runs something after `ms`.
 * @param isGuard as that of `Sleep`
 * @returns stops it, if it has not run by then
 */
export function startTimer(sleep: Sleep, ms: number, run: () => void, isGuard = false): () => void {
  if (sleep.timer !== undefined) return sleep.timer(ms, run);
  const stopped = new AbortController();
  void sleep(ms, stopped.signal, isGuard).then(() => (stopped.signal.aborted ? undefined : run()));
  return () => stopped.abort(STOPPED);
}
