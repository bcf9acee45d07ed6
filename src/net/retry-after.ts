/** Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date. Pure. */

const MOST_MS = 24 * 3_600_000;

/** Milliseconds from `now`, 0 to one day; null where there is no header or none that can be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  // Every form of HTTP date begins with a day's name; `Date.parse` alone takes `-5` for a year.
  const isDate = /^[a-z]{3,9},? /i.test(text);
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : isDate ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MOST_MS);
}
