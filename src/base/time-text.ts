/**
 * Times and durations as text, one entry for each purpose. People and models write times to the millisecond, also before
 * now (`parseTime`), and durations (`parseDuration`); they read `isoTime`, `zonedTime` and `durationText`. Sources write
 * ISO 8601, or a count since 1970 of seconds, milliseconds or nanoseconds (`parseSourceTime`, `writeSourceTime`): such a
 * time is nanoseconds in a bigint, so that the source's own last digit survives. Pure: the clock is an argument.
 */
import { TidegateError } from './errors.ts';
import type { Zone } from './zone.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,12})(ms|s|m|h|d)$/;
/** A date alone, or with a time and its zone. A time without a zone would mean another moment on another machine. */
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

/** A duration as `parseDuration` reads it, in the greatest unit that leaves no fraction: 90000 is `90s`. */
export function durationText(ms: number): string {
  const fits = Object.entries(UNITS).filter(([, unit]) => ms > 0 && ms % unit === 0);
  const [name, unit] = fits.at(-1) ?? ['ms', 1];
  return `${ms / unit}${name}`;
}

/**
 * How many ms before now a time is, where it is written relative to now and so moves with each call. Null for any
 * other.
 */
export function beforeNow(time: number | string | undefined): number | null {
  const text = typeof time === 'string' ? time.trim() : '';
  if (text === 'now') return 0;
  return text.startsWith('-') ? parseDuration(text.slice(1)) : null;
}

/**
 * A time in epoch ms.
 * @param time epoch ms (also as text), ISO 8601, `now`, or a duration before now: `-15m`.
 * @param zone a date alone means the beginning of that day in this zone; null: in UTC.
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
  return Math.abs(time) > LATEST_TIME ? String(time) : new Date(time).toISOString().replace('.000Z', 'Z');
}

/** How a source writes times. */
export type TimeFormat = 'iso' | 's' | 'ms' | 'ns';

export const TIME_FORMATS: readonly TimeFormat[] = ['iso', 's', 'ms', 'ns'];

const NS_PER_MS = 1_000_000n;
/** Decimal places of a nanosecond in each unit. */
const PLACES = { s: 9, ms: 6, ns: 0 } as const;

export function nsFromMs(ms: number): bigint {
  return BigInt(Math.floor(ms)) * NS_PER_MS;
}

/** A source's time in nanoseconds since 1970; null for what is no time in this form. Text and numbers are taken alike; digits behind nanoseconds are cut off. */
export function parseSourceTime(value: unknown, format: TimeFormat): bigint | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value).trim();
  return format === 'iso' ? parseSourceIso(text) : parseCount(text, PLACES[format]);
}

function parseSourceIso(text: string): bigint | null {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) return null;
  const fraction = /:\d\d[.,](\d+)/.exec(text)?.[1] ?? '';
  return nsFromMs(ms) + BigInt(fraction.slice(3, 9).padEnd(6, '0'));
}

function parseCount(text: string, places: number): bigint | null {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d{1,25})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '') return null;
  const ns = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'));
  return sign === '' ? ns : -ns;
}

/** The shortest text that says a source's time exactly. */
export function writeSourceTime(ns: bigint, format: TimeFormat): string {
  if (format === 'iso') {
    const rest = floorMod(ns, NS_PER_MS);
    const text = new Date(Number((ns - rest) / NS_PER_MS)).toISOString();
    return rest === 0n ? text : text.replace('Z', `${String(rest).padStart(6, '0').replace(/0+$/, '')}Z`);
  }
  const places = PLACES[format];
  if (places === 0) return String(ns);
  const digits = String(ns < 0n ? -ns : ns).padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The remainder that is never negative. */
export function floorMod(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}
