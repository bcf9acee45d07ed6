/** Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date; and what some send in their place, a count since 1970. Pure. */
import { readMailDate } from '../base/time/mail-date.ts';

const MOST_MS = 24 * 3_600_000;
/** From here on seconds are a time since 1970, and no wait: they would be 31 years. From the second on they are milliseconds. */
const LEAST_TIME_S = 1e9;
const LEAST_TIME_MS = 1e12;

/** Milliseconds from `now`, at least 0 and at most one day; null where there is no header, or one that cannot be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? untilCount(Number(text), now) : untilDate(text, now);
  return ms === null ? null : Math.min(Math.max(ms, 0), MOST_MS);
}

function untilCount(count: number, now: number): number {
  if (count < LEAST_TIME_S) return count * 1000;
  return (count < LEAST_TIME_MS ? count * 1000 : count) - now;
}

/** A date without a zone is in UTC, as in the oldest form of HTTP. */
function untilDate(text: string, now: number): number | null {
  const date = readMailDate(text);
  return typeof date === 'string' ? null : date.local - (date.offset ?? 0) - now;
}
