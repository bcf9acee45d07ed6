/** Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date. Pure. */

const MOST_MS = 24 * 3_600_000;

/** Milliseconds from `now`, at least 0 and at most one day; null where there is no header, or one that cannot be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  // Every form of HTTP date begins with the name of a day. `Date.parse` alone would take `-5` for a year.
  const isDate = /^[a-z]{3,9},? /i.test(text);
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : isDate ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MOST_MS);
}
