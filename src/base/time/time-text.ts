/**
 * Times and durations as people and models write and read them: times to the millisecond, also before and after now
 * (`parseTime`), and durations (`parseDuration`); `isoTime`, `zonedTime` and `durationText` write them. What sources write
 * is read in `source-time.ts`. Pure: the clock is an argument.
 */
import { TidegateError } from '../errors.ts';
import { dateInDigits } from './date-digits.ts';
import { LATEST_MS, readIso8601 } from './iso-8601.ts';
import { likelyUnit, PER_SECOND, type TimeUnit, UNIT_NAMES } from './source-time.ts';
import { instantOf, type Zone } from './zone.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,12})(ms|s|m|h|d|w)$/;
/** Counts of seconds from here on (March 1973) are told from milliseconds, which would mean the first days of 1970. */
const FIRST_SECOND = 1e8;
/** Digits from here on may be a whole date, such as 20261120. */
const FIRST_DAY = 1e7;

export const DURATION_EXPECTED = 'a whole number with a unit, such as 30s, 5m, 1h or 1d';
const TIME_EXPECTED =
  'epoch milliseconds, an ISO 8601 time with its zone (2026-11-20T12:00:00Z), or a time before or after now (-15m, +6h)';

/** `1m`, `5m`, `1h`, `1d`, `1w`, … in ms; null where the text is no duration. A week is seven days of 24 hours. */
export function parseDuration(text: string): number | null {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  if (digits === undefined) return null;
  return Number(digits) * (unit === 'w' ? 7 * UNITS.d : UNITS[unit as keyof typeof UNITS]);
}

/** A duration as `parseDuration` reads it, in the greatest unit that leaves no fraction: 90000 is `90s`. */
export function durationText(ms: number): string {
  const fits = Object.entries(UNITS).filter(([, unit]) => ms > 0 && ms % unit === 0);
  const [name, unit] = fits.at(-1) ?? ['ms', 1];
  return `${ms / unit}${name}`;
}

/**
 * How many ms before now a time is, where it is written relative to now and so moves with each call; negative after now.
 * Null for any other.
 */
export function beforeNow(time: number | string | undefined): number | null {
  const text = typeof time === 'string' ? time.trim() : '';
  if (text === 'now') return 0;
  const ms = /^[+-]/.test(text) ? parseDuration(text.slice(1)) : null;
  return ms === null || text.startsWith('-') ? ms : 0 - ms;
}

/**
 * A time in epoch ms. A count that is plainly one of seconds, microseconds or nanoseconds is refused: it would mean the
 * first days of 1970, or a time that never comes. So is a date in digits alone, such as 20261120.
 * @param time epoch ms (also as text), ISO 8601, `now`, or a duration before or after now: `-15m`, `+6h`.
 * @param zone in which a date alone begins, and a time without a zone is read; null: a date begins in UTC, and a time
 * without a zone is refused.
 * @throws TidegateError `invalid_input` with `field`.
 */
export function parseTime(time: number | string, now: number, field: string, zone: Zone | null = null): number {
  const parsed = typeof time === 'number' ? time : timeOf(time.trim(), now, zone);
  const count = typeof time === 'number' || /^\d+$/.test(time.trim()) ? Number(time) : Number.NaN;
  const unit = likelyUnit(count, FIRST_SECOND);
  if (unit !== null && unit !== 'ms') throw otherUnit(count, unit, field);
  const day = count >= FIRST_DAY ? dateInDigits(String(count)) : null;
  if (day !== null) {
    throw new TidegateError('invalid_input', `${field} looks like the date ${day}: ${count}`, {
      field,
      expected: `'${day}', or another time: ${TIME_EXPECTED}`,
    });
  }
  if (parsed === null || !(Math.abs(parsed) <= LATEST_MS)) {
    throw new TidegateError('invalid_input', `${field} is not a time: ${JSON.stringify(time).slice(0, 80)}`, {
      field,
      expected: TIME_EXPECTED,
    });
  }
  return Math.trunc(parsed);
}

function timeOf(text: string, now: number, zone: Zone | null): number | null {
  const before = beforeNow(text);
  if (before !== null) return now - before;
  if (/^\d+$/.test(text)) return /^(?:\d{4}|\d{8})$/.test(text) ? null : Number(text);
  const written = readIso8601(text);
  if (typeof written === 'string') return null;
  const { local, offset } = written;
  if (offset !== null) return local - offset;
  if (zone !== null) return instantOf(zone, local);
  return /[T:\s]/i.test(text) ? null : local;
}

function otherUnit(count: number, unit: TimeUnit, field: string): TidegateError {
  const ms = Math.floor((count / PER_SECOND[unit]) * 1_000);
  return new TidegateError('invalid_input', `${field} is a count of ${UNIT_NAMES[unit]}: ${count}`, {
    field,
    expected: `epoch milliseconds: ${ms} is ${isoTime(ms)}`,
  });
}

/** ISO 8601 as the clocks of a zone show it, with their offset from UTC: `2026-03-29T00:00:00+01:00`. */
export function zonedTime(time: number, zone: Zone): string {
  const offset = zone.offsetAt(time);
  const local = isoTime(time + offset);
  if (!local.endsWith('Z')) return isoTime(time);
  const minutes = Math.abs(Math.trunc(offset / 60_000));
  const shown = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${local.slice(0, -1)}${offset < 0 ? '-' : '+'}${shown}`;
}

/** ISO 8601 in UTC, with the milliseconds left out where they are 0. */
export function isoTime(time: number): string {
  if (Math.abs(time) > LATEST_MS) return String(time);
  const text = new Date(time).toISOString();
  return time % 1_000 === 0 ? `${text.slice(0, -5)}Z` : text;
}
