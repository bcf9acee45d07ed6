/**
 * Judges a stored time that was set by some clock, which may have been wrong. Such a time lies at most so far ahead of the
 * moment at which it was set. If it lies further ahead than that of the present clock, either clock was wrong, and nobody may
 * wait for it: a lease is over, and what is due later is due now. Pure.
 */

/** By how much the clocks of two instances may differ, with room to spare, ms. */
export const CLOCK_SLACK_MS = 10_000;
/** The store knows what clocks have shown to within this time, ms. */
export const SEEN_EACH_MS = 5 * 60_000;
/** No lease lasts longer without being renewed, ms. */
export const LONGEST_LEASE_MS = 120_000;

/**
 * Whether a time lies further ahead than a right clock can have set it.
 * @param at epoch ms
 * @param furthestMs how far ahead of its clock it is set at most, ms; 0 for the moment at which something happened
 */
export function liesBeyond(at: number, now: number, furthestMs: number): boolean {
  return at > now + furthestMs + CLOCK_SLACK_MS;
}

/** Whether a time is still to come. One that lies beyond what can have been set is not waited for. */
export function isToCome(at: number, now: number, furthestMs: number): boolean {
  return at > now && !liesBeyond(at, now, furthestMs);
}

/** The time as it counts: one that lies beyond what can have been set is now. */
export function timeWithin(at: number, now: number, furthestMs: number): number {
  return Number.isFinite(at) && liesBeyond(at, now, furthestMs) ? now : at;
}

/**
 * A clock that tells when it was set back: whoever keeps times of it in memory would wait for them.
 * @param onBack called each time that it was
 */
export function watchedClock(now: () => number, onBack: () => void): () => number {
  let latest = -Infinity;
  return () => {
    const time = now();
    const isBack = latest > time + CLOCK_SLACK_MS;
    latest = isBack ? time : Math.max(latest, time);
    if (isBack) onBack();
    return time;
  };
}
