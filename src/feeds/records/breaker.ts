/**
 * When a feed is run again: exponential backoff with jitter while it fails, a circuit breaker where it keeps failing.
 * Pure: it knows nothing but the count of failures in a row, which the feed's record holds. The burst after an open
 * breaker's pause is a probe: it closes the breaker, or opens it for longer.
 */
import { backoff } from '../../base/backoff.ts';

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;
/** Failures in a row that open the breaker. */
export const BREAKER_FAILURES = 5;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** The longest wait that a source may ask for, by `Retry-After` or otherwise. */
export const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/**
 * Milliseconds to wait after the `failures`th failure in a row: from 1 s doubling up to 30 s, and from the fifth on
 * from 1 min doubling up to 5 min. Half of each wait is random, but it is never below 1 s. A longer `retryAfterMs` counts.
 * @param chance in [0, 1)
 */
export function pauseAfter(failures: number, chance: number, retryAfterMs: number | null): number {
  const open = failures >= BREAKER_FAILURES;
  const pause = open
    ? backoff({ firstMs: FIRST_PAUSE_MS, mostMs: LONGEST_PAUSE_MS, steady: 0.5 }, failures - BREAKER_FAILURES, chance)
    : backoff({ firstMs: FIRST_BACKOFF_MS, mostMs: LONGEST_BACKOFF_MS, steady: 0.5 }, failures - 1, chance);
  const jittered = Math.max(FIRST_BACKOFF_MS, Math.round(pause));
  return Math.max(jittered, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
}
