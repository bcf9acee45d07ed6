/** Times and durations as people and models write them. Pure: the clock is an argument. */
import { TidegateError } from './errors.ts';
import type { Zone } from './zone.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;
/** A date alone, or with a time that says its zone: a time without one would mean another moment on another machine. */
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const LATEST_TIME = 8_640_000_000_000_000;

export const DURATION_EXPECTED = 'a whole number with a unit, such as 30s, 5m, 1h or 1d';
export const TIME_EXPECTED =
  'epoch milliseconds, an ISO 8601 time with its zone (2026-11-20T12:00:00Z), or a time before now (-15m)';

/** `1m`, `5m`, `1h`, `1d`, … in ms; null where the text is no duration. */
export function parseDuration(text: string): number | null {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * UNITS[unit as keyof typeof UNITS];
}

/** As `parseDuration` reads it, in the greatest unit that leaves no fraction: 90000 is `90s`. */
export function durationText(ms: number): string {
  const fits = Object.entries(UNITS).filter(([, unit]) => ms > 0 && ms % unit === 0);
  const [name, unit] = fits.at(-1) ?? ['ms', 1];
  return `${ms / unit}${name}`;
}

/** How long before now a time is told to be, ms: it means another moment with each call. Null for one that is not told so. */
export function beforeNow(time: number | string | undefined): number | null {
  const text = typeof time === 'string' ? time.trim() : '';
  if (text === 'now') return 0;
  return text.startsWith('-') ? parseDuration(text.slice(1)) : null;
}

/**
 * A time in epoch ms.
 * @param time epoch ms (also as text), ISO 8601, `now`, or a duration before now: `-15m`.
 * @param zone in which a date alone is the day's beginning; null: UTC.
 * @throws TidegateError `invalid_input` with `field`.
 */
export function parseTime(time: number | string, now: number, field: string, zone: Zone | null = null): number {
  const parsed = typeof time === 'number' ? time : timeOf(time.trim(), now, zone);
  if (parsed === null || !Number.isFinite(parsed) || Math.abs(parsed) > LATEST_TIME) {
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
  if (/^\d{1,16}$/.test(text) && !/^\d{4}$/.test(text)) return Number(text);
  if (!ISO.test(text)) return null;
  const time = Date.parse(text);
  return zone !== null && DATE.test(text) && !Number.isNaN(time) ? zone.momentOf(time) : time;
}

/** ISO 8601 as the clocks of a zone show it, with how far they are from UTC: `2026-03-29T00:00:00+01:00`. */
export function zonedTime(time: number, zone: Zone): string {
  const offset = zone.offsetAt(time);
  const local = isoTime(time + offset);
  if (!local.endsWith('Z')) return isoTime(time);
  const minutes = Math.abs(Math.trunc(offset / 60_000));
  const shown = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${local.slice(0, -1)}${offset < 0 ? '-' : '+'}${shown}`;
}

/** ISO 8601 with the milliseconds left out where they are 0. */
export function isoTime(time: number): string {
  return Math.abs(time) > LATEST_TIME ? String(time) : new Date(time).toISOString().replace('.000Z', 'Z');
}
