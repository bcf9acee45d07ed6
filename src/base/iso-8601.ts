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

/** The form that nearly all sources write, in one expression because it is read for each event. */
const USUAL = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-])(\d\d):(\d\d))?$/;
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
  const usual = USUAL.exec(text);
  if (usual) {
    const [, year, month, day, hour, minute, second, fraction = '', utc, sign, hours, minutes] = usual;
    const date = dayOfMonth(Number(year), Number(month), Number(day));
    if (date === null) return 'range';
    const offset = offsetOf(utc, sign, hours, minutes);
    return momentOf(date, { hour, minute, second, fraction }, offset);
  }
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
