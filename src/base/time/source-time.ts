/**
 * The one reader of times that come from a source: the times of events, the cursors of ranges, the dates of RSS. A text is
 * ISO 8601 or a mail date, in which a missing zone is the declared one or UTC. A number is a count since 1970 of a
 * declared unit; where none is declared, it is read only as milliseconds of 2001 to 2103, and digits as text in the same
 * way. Everything else is refused with what was expected: nothing is guessed, and the zone and the language of the machine
 * play no part. A time is told to the nanosecond, so that the source's own last digit survives. Pure.
 */
import { dateInDigits, isIsoDigits } from './date-digits.ts';
import { LATEST_MS, type NotRead, readIso8601, type WrittenTime } from './iso-8601.ts';
import { readMailDate } from './mail-date.ts';
import { instantOf, type Zone } from './zone.ts';
import { jsonText } from '../plain.ts';

/** Units of a count since 1970. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';
export const TIME_UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];

/** How a source writes times: as text, or as a count. */
export type TimeFormat = 'iso' | TimeUnit;
export const TIME_FORMATS: readonly TimeFormat[] = ['iso', ...TIME_UNITS];

export const UNIT_NAMES = { s: 'seconds', ms: 'milliseconds', us: 'microseconds', ns: 'nanoseconds' } as const;
/** Decimal places of a nanosecond in each unit. */
const PLACES = { s: 9, ms: 6, us: 3, ns: 0 } as const;
export const PER_SECOND = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const;
const NS_PER_MS = 1_000_000n;
const COUNT = /^(-?)(\d{1,25})(?:\.(\d+))?$/;
/** Counts of seconds that are taken for dates: from September 2001 to 2103. */
const FIRST_SECOND = 1e9;
const LAST_SECOND = 4.2e9;
const SHOWN_CHARACTERS = 40;
const FORMS = 'a time in ISO 8601 (2026-11-20T12:00:00Z) or RFC 2822, or milliseconds since 1970';

interface TimeReading {
  /** Numbers, and texts of digits, are counts of this unit. Null: milliseconds, where they can be nothing else. */
  unit: TimeUnit | null;
  /** The field that the declaration names, for messages. */
  field?: string;
  /** The zone of a text without one. Null: UTC. */
  zone: Zone | null;
}

/** `zoneless`: the text had no zone, and none was declared. */
export type ReadTime =
  | { ok: true; /** Epoch ms, whole. */ time: number; /** Nanoseconds behind it. */ ns: number; zoneless: boolean }
  | { ok: false; expected: string };

export function readSourceTime(value: unknown, reading: TimeReading): ReadTime {
  const { unit, zone } = reading;
  if (value instanceof Date) return ofMs(value.getTime(), 'a Date that is valid');
  if (typeof value === 'number') {
    // What most sources send, without a way through text.
    if ((unit ?? 'ms') === 'ms' && Number.isInteger(value) && isUsualMs(value)) return ofMs(value, '');
    const digits = numberText(value);
    return unit === null ? readUncounted(digits, value, reading) : readCount(digits, value, unit);
  }
  if (typeof value !== 'string') return { ok: false, expected: 'a time, as a text or a number' };
  const text = value.trim();
  if (unit !== null) return readCount(text, Number(text), unit);
  return COUNT.test(text) && !isIsoDigits(text) ? readUncounted(text, text, reading) : readText(text, zone);
}

function readText(text: string, zone: Zone | null): ReadTime {
  const written = readWritten(text);
  if (written === 'range') return { ok: false, expected: `a day and a time that there are, not ${shown(text)}` };
  if (written === 'form') return { ok: false, expected: `${FORMS}, not ${shown(text)}` };
  const { local, ns, offset } = written;
  if (offset !== null) return { ok: true, time: local - offset, ns, zoneless: false };
  return { ok: true, time: zone === null ? local : instantOf(zone, local), ns, zoneless: zone === null };
}

function readWritten(text: string): WrittenTime | NotRead {
  const iso = readIso8601(text);
  return iso === 'form' ? readMailDate(text) : iso;
}

/**
 * The same time in ISO 8601: in UTC, or without a zone where the text has none, so that the zone of its stream decides.
 * Null: the text is no time.
 */
export function asIso8601(text: string): string | null {
  const written = readWritten(text.trim());
  if (typeof written === 'string') return null;
  const { local, ns, offset } = written;
  const iso = writeSourceTime(nsFromMs(local - (offset ?? 0)) + BigInt(ns), 'iso');
  return offset === null ? iso.slice(0, -1) : iso;
}

/** @param value as the source wrote it, a text or a number, which has these digits */
function readUncounted(digits: string, value: string | number, { field }: TimeReading): ReadTime {
  if (isUsualMs(Number(digits))) return readCount(digits, Number(digits), 'ms');
  const written = typeof value === 'string' ? shown(value) : String(value);
  return { ok: false, expected: `${FORMS}, not ${written}${adviceOn(digits, field)}` };
}

/** What to declare for a count, as the end of a sentence that has named it. */
function adviceOn(digits: string, field: string | undefined): string {
  const count = Number(digits);
  if (!Number.isFinite(count)) return '';
  const [likely, date] = [likelyUnit(count), dateInDigits(digits)];
  // Seconds would lie beyond 2103.
  const unit = likely ?? (Math.abs(count) < LAST_SECOND ? 's' : 'ms');
  const declared = `time: { field${field === undefined ? '' : `: '${field}'`}, unit: '${unit}' }`;
  if (likely !== null) return `, which looks like ${UNIT_NAMES[likely]}: declare ${declared}`;
  if (date !== null) return `, which looks like the date ${date}: let a function of the data make that text of it`;
  return `: a count since 1970 needs its unit, such as ${declared}, or one of 's', 'ms', 'us', 'ns'`;
}

/** @param value of the text, which decides only whether the unit can be right */
function readCount(text: string, value: number, unit: TimeUnit): ReadTime {
  const name = UNIT_NAMES[unit];
  const likely = likelyUnit(value);
  if (likely !== null && likely !== unit) {
    const expected = `${name} since 1970; ${shown(text)} looks like ${UNIT_NAMES[likely]}: declare unit: '${likely}'`;
    return { ok: false, expected };
  }
  const expected = `a count of ${name} since 1970, not ${shown(text)}`;
  const factor = unit === 's' ? 1_000 : unit === 'ms' ? 1 : null;
  if (factor !== null && Number.isSafeInteger(value) && /^-?\d+$/.test(text)) return ofMs(value * factor, expected);
  const ns = countedNs(text, unit);
  if (ns === null) return { ok: false, expected };
  const rest = floorMod(ns, NS_PER_MS);
  const read = ofMs(Number((ns - rest) / NS_PER_MS), expected);
  return read.ok ? { ...read, ns: Number(rest) } : read;
}

function isUsualMs(value: number): boolean {
  return value >= FIRST_SECOND * 1e3 && value < LAST_SECOND * 1e3;
}

function ofMs(time: number, expected: string): ReadTime {
  const isTime = Math.abs(time) <= LATEST_MS;
  return isTime ? { ok: true, time: Math.floor(time), ns: 0, zoneless: false } : { ok: false, expected };
}

/**
 * The unit in which a count since 1970 is a time between 2001 and 2103. Null: there is none, so that the count says
 * nothing of its unit.
 * @param earliestS the first time that is taken for one, in seconds
 */
export function likelyUnit(count: number, earliestS = FIRST_SECOND): TimeUnit | null {
  return (
    TIME_UNITS.find((unit) => count >= earliestS * PER_SECOND[unit] && count < LAST_SECOND * PER_SECOND[unit]) ?? null
  );
}

function countedNs(text: string, unit: TimeUnit): bigint | null {
  const [, sign = '', whole = '', fraction = ''] = COUNT.exec(text) ?? [];
  if (whole === '') return null;
  const places = PLACES[unit];
  const ns = BigInt(whole + fraction.slice(0, places).padEnd(places, '0'));
  return sign === '' ? ns : -ns;
}

/** Its shortest digits, without an exponent. */
function numberText(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(9) : text;
}

function shown(text: string): string {
  const cut = text.slice(0, SHOWN_CHARACTERS).toWellFormed();
  return jsonText(cut.length < text.length ? `${cut}…` : cut);
}

export function nsFromMs(ms: number): bigint {
  return BigInt(Math.floor(ms)) * NS_PER_MS;
}

/** A source's time in nanoseconds since 1970; null for what is no time in this form. Of a format, text and numbers are taken alike. */
export function parseSourceTime(value: unknown, format: TimeFormat, zone: Zone | null = null): bigint | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const read = format === 'iso' ? readText(String(value).trim(), zone) : readSourceTime(value, { unit: format, zone });
  return read.ok ? nsFromMs(read.time) + BigInt(read.ns) : null;
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
