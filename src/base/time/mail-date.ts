/**
 * Reads a date as mail and RSS (RFC 822, 2822, 5322) and HTTP (RFC 9110, with its two older forms) write it, in English:
 * `Fri, 20 Nov 2026 12:00:00 +0100`, `Friday, 20-Nov-26 12:00:00 GMT`, `Fri Nov 20 12:00:00 2026`. It takes what feeds
 * leave out or write otherwise and what still means one thing alone: no day of the week, a wrong one or one of another
 * language before a comma, no seconds, no time, the month in full or before its day, `20th`, `at` or a dash before the
 * time, years of two digits, AM and PM, `GMT+7`, and the name of a zone.
 *
 * It does not guess. Dates of numbers alone, months in other languages and abbreviations of several zones (BST, IST) are
 * refused. Pure.
 */
import { dayOfMonth } from './civil-day.ts';
import { momentOf, type NotRead, type WrittenTime } from './iso-8601.ts';
import { instantOf, zoneOf } from './zone.ts';

const LONGEST = 100;
const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const DAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ');
const TIME = /^(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/;
/** A day of the week in whatever language: a word, a comma, and the day of the month. */
const FOREIGN_DAY = /^\p{L}+\.?,\s*\d/u;
const DAY = /^(\d\d?)(?:st|nd|rd|th)?$/i;
const OFFSET = /^(?:GMT|UTC)?([+-])(\d\d?)(?::?(\d\d))?$/i;
const HOUR_MS = 3_600_000;

/** Hours from UTC of abbreviations that mean one zone alone. */
const HOURS: Readonly<Record<string, number>> = {
  UT: 0,
  GMT: 0,
  UTC: 0,
  Z: 0,
  WET: 0,
  WEST: 1,
  CET: 1,
  CEST: 2,
  MET: 1,
  MEST: 2,
  EET: 2,
  EEST: 3,
  MSK: 3,
  HKT: 8,
  SGT: 8,
  AWST: 8,
  JST: 9,
  KST: 9,
  ACST: 9.5,
  ACDT: 10.5,
  AEST: 10,
  AEDT: 11,
  NZST: 12,
  NZDT: 13,
  NST: -3.5,
  NDT: -2.5,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  AKST: -9,
  AKDT: -8,
  HST: -10,
};
/** North American names that leave open whether it is summer. */
const PLACES: Readonly<Record<string, string>> = {
  AT: 'America/Halifax',
  ET: 'America/New_York',
  CT: 'America/Chicago',
  MT: 'America/Denver',
  PT: 'America/Los_Angeles',
};

export function readMailDate(text: string): WrittenTime | NotRead {
  if (text.length > LONGEST) return 'form';
  const words = wordsOf(text);
  const isDayThere = isNameOf(words[0], DAYS) || (FOREIGN_DAY.test(text) && !isNameOf(words[0], MONTHS));
  if (isDayThere) words.shift();
  const monthFirst = isNameOf(words[0], MONTHS);
  const [month, dayWord = ''] = monthFirst ? words.splice(0, 2) : words.splice(0, 2).toReversed();
  const [, day] = DAY.exec(dayWord) ?? [];
  if (!isNameOf(month, MONTHS) || day === undefined) return 'form';
  // `Fri Nov 20 12:00:00 2026` has the year at its end.
  const year = yearOf((words[0]?.includes(':') ? words.pop() : words.shift()) ?? '');
  const time = words[0]?.includes(':') ? clockOf(words) : { hour: '0', minute: '0', second: '0', fraction: '' };
  if (year === null || time === null || words.length > 1) return 'form';
  const date = dayOfMonth(year, monthOf(month ?? ''), Number(day));
  if (date === null) return 'range';
  const written = momentOf(date, time, null);
  if (typeof written === 'string' || words[0] === undefined) return written;
  const offset = offsetOf(words[0], written.local);
  return typeof offset === 'string' ? offset : momentOf(date, time, offset);
}

/** The words without comments, commas, and what leads to a time. A date that dashes hold together counts as three of them. */
function wordsOf(text: string): string[] {
  const plain = text.replaceAll(/\([^()]*\)/g, ' ').replace(/(\d)-([a-z]{3,9})-(\d)/i, '$1 $2 $3');
  return plain
    .replace(/\s(?:-|at)\s+(?=\d\d?:)/i, ' ')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** Whether a word is such a name, or the beginning of one, as in `Sept.` and `Thurs`. */
function isNameOf(word: string | undefined, names: readonly string[]): boolean {
  const name = word?.replace(/\.$/, '').toLowerCase() ?? '';
  return name.length >= 3 && names.some((each) => each.startsWith(name));
}

/** 1 to 12 */
function monthOf(word: string): number {
  return MONTHS.findIndex((month) => month.startsWith(word.slice(0, 3).toLowerCase())) + 1;
}

/** RFC 5322, 4.3: two digits mean 1950 to 2049, three digits the years since 1900. */
function yearOf(word: string): number | null {
  if (!/^\d{2,4}$/.test(word)) return null;
  const year = Number(word);
  if (word.length === 4) return year;
  return year + (word.length === 2 && year < 50 ? 2_000 : 1_900);
}

/** Takes the time, and AM or PM behind it, from the words. */
function clockOf(words: string[]) {
  const [, time = '', attached] = /^([\d:.]+)([ap]\.?m\.?)?$/i.exec(words.shift() ?? '') ?? [];
  const [, hour, minute, second = '0', fraction = ''] = TIME.exec(time) ?? [];
  if (hour === undefined) return null;
  const half = attached ?? (/^[ap]\.?m\.?$/i.test(words[0] ?? '') ? words.shift() : undefined);
  if (half === undefined) return { hour, minute, second, fraction };
  if (Number(hour) < 1 || Number(hour) > 12) return null;
  const late = half.toLowerCase().startsWith('p') ? 12 : 0;
  return { hour: String((Number(hour) % 12) + late), minute, second, fraction };
}

/** @param local what the clock showed, ms, which decides whether it is summer in a zone that is named */
function offsetOf(word: string, local: number): number | NotRead {
  const [, sign, hours, minutes = '00'] = OFFSET.exec(word) ?? [];
  if (sign !== undefined) {
    if (Number(hours) > 23 || Number(minutes) > 59) return 'range';
    const size = Number(hours) * HOUR_MS + Number(minutes) * 60_000;
    return sign === '+' || size === 0 ? size : -size;
  }
  const name = word.toUpperCase();
  const known = HOURS[name];
  if (known !== undefined) return known * HOUR_MS;
  // RFC 5322, 4.3: the military letters were defined wrongly, and are read as UTC.
  if (/^[A-IK-Z]$/.test(name)) return 0;
  const zone = PLACES[name] ?? (word.includes('/') ? word : null);
  if (zone === null) return 'form';
  try {
    return local - instantOf(zoneOf(zone), local);
  } catch {
    return 'form';
  }
}
