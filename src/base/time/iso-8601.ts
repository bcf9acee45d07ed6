/**
 * Reads a moment as ISO 8601 writes it: calendar, ordinal and week dates, basic and extended, with a decimal fraction of
 * the last unit, `24:00`, a leap second, and an offset of hours or of hours and minutes. With RFC 3339 it takes lower-case
 * `t` and `z` and a space for `T`, with RFC 9557 the name of a zone in brackets behind an offset, which the offset makes
 * needless. A space before the offset and `UTC` for `Z` are taken as well, because they can mean only one thing.
 *
 * It does not guess: the zone of the machine plays no part, and what no calendar has is refused. Intervals, durations,
 * centuries and years of two digits are no moments here. Pure.
 */
import { DAY_MS, dayOfMonth, dayOfWeek, dayOfYear } from './civil-day.ts';

export interface WrittenTime {
  /** What the clock of the source showed, in whole ms since 1970 as if it were UTC. */
  local: number;
  /** Nanoseconds behind it, 0 to 999,999. Further digits are cut off. */
  ns: number;
  /** Local time less UTC, ms. Null: no zone was written. */
  offset: number | null;
}

/** `form`: a text of another form. `range`: of this form, but no calendar or clock shows it. */
export type NotRead = 'form' | 'range';

const PARTS = /^([^Tt\s]+)(?:(?:[Tt]| )(.+))?$/;
const CALENDAR = /^(?:(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d))$/;
const ORDINAL = /^(\d{4})-?(\d{3})$/;
const WEEK = /^(?:(\d{4})-[Ww](\d\d)(?:-(\d))?|(\d{4})[Ww](\d\d)(\d)?)$/;
/** Of reduced precision: it names the beginning of a year or a month, and no time stands with it. */
const REDUCED = /^(\d{4})(?:-(\d\d))?$/;
const CLOCK =
  /^(?:(\d\d):(\d\d)(?::(\d\d))?|(\d\d)(?:(\d\d)(\d\d)?)?)(?:[.,](\d+))?(?: ?(?:(Z|UTC|GMT)|([+\-\u2212])(\d\d)(?::?(\d\d))?))?(?:\[[\w+\-/=]+\])*$/i;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export function readIso8601(text: string): WrittenTime | NotRead {
  const usual = readUsual(text);
  if (usual !== null) return usual;
  const [, date = '', clock] = PARTS.exec(text) ?? [];
  const day = readDate(date, clock === undefined);
  if (typeof day === 'string') return day;
  if (clock === undefined) return { local: day * DAY_MS, ns: 0, offset: null };
  const parts = CLOCK.exec(clock);
  if (!parts || (clock.includes('[') && parts[8] === undefined && parts[9] === undefined)) return 'form';
  const [, hour = parts[4], minute = parts[5], second = parts[6], , , , fraction = '', utc, sign, hours, minutes] =
    parts;
  return momentOf(day, { hour, minute, second, fraction }, offsetOf(utc, sign, hours, minutes));
}

/**
 * The form that nearly all sources write, `2026-11-20T12:00:00.123Z`, digit by digit, because it is read for each event:
 * several times faster than by expressions. Null: another form, or a clock that shows 24:00 or a leap second.
 */
function readUsual(text: string): WrittenTime | NotRead | null {
  const separator = text[10];
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return null;
  if (separator !== 'T' && separator !== ' ') return null;
  const year = numberAt(text, 0, 4);
  const hour = numberAt(text, 11, 2);
  const minute = numberAt(text, 14, 2);
  const second = numberAt(text, 17, 2);
  const [month, ofMonth] = [numberAt(text, 5, 2), numberAt(text, 8, 2)];
  if (!(year >= 0 && month >= 0 && ofMonth >= 0 && hour <= 23 && minute <= 59 && second <= 59)) return null;
  let at = 19;
  let fraction = 0;
  if (text[at] === '.') {
    const begin = at + 1;
    for (at = begin; isDigit(text.charCodeAt(at)); at += 1) {
      if (at < begin + 9) fraction = fraction * 10 + text.charCodeAt(at) - ZERO;
    }
    if (at === begin) return null;
    for (let place = at - begin; place < 9; place += 1) fraction *= 10;
  }
  const offset = usualOffset(text, at);
  if (offset === undefined) return null;
  const day = dayOfMonth(year, month, ofMonth);
  if (day === null) return 'range';
  const ms = Math.floor(fraction / 1e6);
  const local = day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + ms;
  return { local, ns: fraction - ms * 1e6, offset };
}

/** Undefined: the text goes on in another form. */
function usualOffset(text: string, at: number): number | null | undefined {
  if (at === text.length) return null;
  if (text[at] === 'Z') return at + 1 === text.length ? 0 : undefined;
  const sign = text[at];
  if ((sign !== '+' && sign !== '-') || text[at + 3] !== ':' || text.length !== at + 6) return undefined;
  const [hours, minutes] = [numberAt(text, at + 1, 2), numberAt(text, at + 4, 2)];
  if (!(hours <= 23 && minutes <= 59)) return undefined;
  const size = hours * HOUR_MS + minutes * MINUTE_MS;
  return sign === '+' || size === 0 ? size : -size;
}

const ZERO = 48;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

/** NaN where one of the characters is no digit. */
function numberAt(text: string, at: number, length: number): number {
  let number = 0;
  for (let place = at; place < at + length; place += 1) {
    const code = text.charCodeAt(place);
    if (!isDigit(code)) return Number.NaN;
    number = number * 10 + code - ZERO;
  }
  return number;
}

/** Days since 1970. */
function readDate(text: string, isAlone: boolean): number | NotRead {
  const calendar = CALENDAR.exec(text);
  if (calendar) {
    const [, year = calendar[4], month = calendar[5], day = calendar[6]] = calendar;
    if (year === '-000000') return 'range';
    return dayOfMonth(Number(year), Number(month), Number(day)) ?? 'range';
  }
  const ordinal = ORDINAL.exec(text);
  if (ordinal) return dayOfYear(Number(ordinal[1]), Number(ordinal[2])) ?? 'range';
  const week = WEEK.exec(text);
  if (week) {
    const [, year = week[4], number = week[5], day = week[6]] = week;
    if (day === undefined && !isAlone) return 'form';
    return dayOfWeek(Number(year), Number(number), Number(day ?? 1)) ?? 'range';
  }
  const [, year, month = '01'] = (isAlone && REDUCED.exec(text)) || [];
  if (year === undefined) return 'form';
  return dayOfMonth(Number(year), Number(month), 1) ?? 'range';
}

/** Ms; null where nothing was written; NaN where no clock has it. */
function offsetOf(
  utc: string | undefined,
  sign: string | undefined,
  hours: string | undefined,
  minutes = '00',
): number | null {
  if (utc !== undefined) return 0;
  if (sign === undefined) return null;
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  const size = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
  return sign === '+' || size === 0 ? size : -size;
}

interface Clock {
  hour: string | undefined;
  minute: string | undefined;
  second: string | undefined;
  /** Digits of the fraction of the last of the three that is there. */
  fraction: string;
}

export function momentOf(day: number, clock: Clock, offset: number | null): WrittenTime | NotRead {
  const [hour, minute, second] = [Number(clock.hour), Number(clock.minute ?? 0), Number(clock.second ?? 0)];
  if (hour > 24 || minute > 59 || second > 60 || Number.isNaN(offset)) return 'range';
  const { ms, ns } = fractionOf(clock);
  const local = day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + ms;
  const end = (day + 1) * DAY_MS;
  if (hour === 24 && (local > end || (local === end && ns > 0))) return 'range';
  // A leap second is the last of a day in UTC. Of a time without a zone only the minute can tell.
  const minuteOfDay = hour * 60 + minute - (offset ?? 0) / MINUTE_MS;
  const isLast = offset === null ? minute === 59 : ((minuteOfDay % 1_440) + 1_440) % 1_440 === 1_439;
  if (second === 60 && !isLast) return 'range';
  return Math.abs(local - (offset ?? 0)) > LATEST_MS ? 'range' : { local, ns, offset };
}

/** The greatest time that a Date holds, epoch ms. */
export const LATEST_MS = 8.64e15;

function fractionOf({ minute, second, fraction }: Clock): { ms: number; ns: number } {
  if (fraction === '') return { ms: 0, ns: 0 };
  if (second !== undefined) {
    const digits = fraction.slice(0, 9).padEnd(9, '0');
    return { ms: Number(digits.slice(0, 3)), ns: Number(digits.slice(3)) };
  }
  // Of a minute or an hour: 18 digits of it are more than nanoseconds.
  const unit = minute === undefined ? 3_600_000_000_000n : 60_000_000_000n;
  const digits = fraction.slice(0, 18);
  const ns = (BigInt(digits) * unit) / 10n ** BigInt(digits.length);
  return { ms: Number(ns / 1_000_000n), ns: Number(ns % 1_000_000n) };
}
