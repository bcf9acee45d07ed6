/**
 * Lengths of windows as callers write them. `1w` and `1mo` are units of the calendar: a week begins on a Monday, a month on
 * its first, and neither has one length where clocks change. All others are spans of time. Pure.
 */
import { TidegateError } from '../../base/errors.ts';
import { DURATION_EXPECTED, durationText, parseDuration } from '../../base/time/time-text.ts';

/** The `window` that makes one window of the whole range. */
export const ALL = 'all';

export type WindowLength =
  | { kind: 'all' }
  | { kind: 'span'; ms: number }
  | { kind: 'weeks'; count: number }
  | { kind: 'months'; count: number };

const DAY_MS = 86_400_000;
const LONGEST_MS = 366 * DAY_MS;
const MOST_WEEKS = 52;
/** Of these a year is a whole multiple, so that each begins with a January. */
const MONTHS: readonly number[] = [1, 2, 3, 4, 6, 12];
/** The mean of 400 years. */
const MONTH_MS = (146_097 * DAY_MS) / 4_800;

export const WINDOW_EXPECTED = `${DURATION_EXPECTED}, 366d at most; 1w (from Monday) or 1mo (a calendar month), or a few of them; or ${ALL}`;

/** @throws TidegateError `invalid_input`: `window` */
export function windowLength(text: string): WindowLength {
  if (text === ALL) return { kind: 'all' };
  const [, digits = '', unit] = /^([1-9]\d?)(w|mo)$/.exec(text) ?? [];
  const count = Number(digits);
  if (unit === 'w' && count <= MOST_WEEKS) return { kind: 'weeks', count };
  if (unit === 'mo' && MONTHS.includes(count)) return { kind: 'months', count };
  const ms = unit === undefined ? parseDuration(text) : null;
  if (ms !== null && ms > 0 && ms <= LONGEST_MS) return { kind: 'span', ms };
  throw new TidegateError('invalid_input', `not a length of a window: ${text.slice(0, 40)}`, {
    field: 'window',
    expected: unit === 'mo' ? `${MONTHS.join(', ')} months (mo), of which a year is a whole multiple` : WINDOW_EXPECTED,
  });
}

/** The one text of a length, which `windowLength` reads. */
export function windowText(length: WindowLength): string {
  if (length.kind === 'all') return ALL;
  if (length.kind === 'span') return durationText(length.ms);
  return `${length.count}${length.kind === 'weeks' ? 'w' : 'mo'}`;
}

/** How long such a window lasts on average, ms; null for the one over the whole range. */
export function meanMs(length: WindowLength): number | null {
  if (length.kind === 'all') return null;
  if (length.kind === 'span') return length.ms;
  return length.count * (length.kind === 'weeks' ? 7 * DAY_MS : MONTH_MS);
}
