/** Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date. Pure. */

const MOST_MS = 24 * 3_600_000;

/** Milliseconds from `now`, 0 to one day; null where there is no header or none that can be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  if (text === '') return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MOST_MS);
}
