/** Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date. Pure. */
import { readMailDate } from '../base/time/mail-date.ts';

const MOST_MS = 24 * 3_600_000;

/** Milliseconds from `now`, at least 0 and at most one day; null where there is no header, or one that cannot be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : untilDate(text, now);
  return ms === null ? null : Math.min(Math.max(ms, 0), MOST_MS);
}

/** A date without a zone is in UTC, as in the oldest form of HTTP. */
function untilDate(text: string, now: number): number | null {
  const date = readMailDate(text);
  return typeof date === 'string' ? null : date.local - (date.offset ?? 0) - now;
}
