/**
 * A span of time in which something is waited for, within one call. It goes on where the clock is set back meanwhile, so nobody waits
 * for the same time again. Pure.
 */

/** Answers how much of a span is left, ms, 0 or less when it is over. The span begins now. */
export function timeLeft(now: () => number, ms: number): () => number {
  let last = now();
  let left = ms;
  return () => {
    const time = now();
    left -= Math.max(0, time - last);
    last = time;
    return left;
  };
}
