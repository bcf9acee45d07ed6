/**
 * Dates that are written in digits alone: 20261120. As a text they are ISO 8601; as a number they could be a count as well,
 * so they are only named in messages. Years lie near ours, so that `1234` and other short counts are no years. Pure.
 */
import { readIso8601 } from './iso-8601.ts';

const FIRST_YEAR = '1700';
const LAST_YEAR = '2299';
/** A year, an ordinal date, a calendar date. */
const ISO = /^\d{4}(?:\d{3}|\d{4})?$/;
const PARTS = /^(\d{4})(?:(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?)?$/;

/** Whether a text of digits is a date in ISO 8601. */
export function isIsoDigits(text: string): boolean {
  return ISO.test(text) && isNear(text) && typeof readIso8601(text) !== 'string';
}

/** The year, date, or date and time that digits show, with its separators. Null: they show none. */
export function dateInDigits(digits: string): string | null {
  const [, year, month, day, hour, minute, second] = PARTS.exec(digits) ?? [];
  if (year === undefined || !isNear(year)) return null;
  const date = month === undefined ? year : `${year}-${month}-${day}`;
  const text = hour === undefined ? date : `${date}T${hour}:${minute}:${second ?? '00'}`;
  return typeof readIso8601(text) === 'string' ? null : text;
}

function isNear(text: string): boolean {
  const year = text.slice(0, 4);
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}
