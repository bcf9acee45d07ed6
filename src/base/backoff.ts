/** Exponential backoff with jitter: how long to wait before the next try. Pure; it counts no tries and does not wait. */

interface Pauses {
  /** The longest pause after the first failure, ms. */
  firstMs: number;
  /** No pause is longer, ms. */
  mostMs: number;
  /** The share of each pause that is not chance, from 0 (full jitter, the default) to 1 (none). */
  steady?: number;
}

/**
 * Milliseconds, not rounded: the longest pause doubles with each failure.
 * @param doublings how often it has doubled; 0 after the first failure
 * @param chance in [0, 1)
 */
export function backoff({ firstMs, mostMs, steady = 0 }: Pauses, doublings: number, chance: number): number {
  return Math.min(mostMs, firstMs * 2 ** doublings) * (steady + (1 - steady) * chance);
}
