/**
 * Days of the Gregorian calendar as counts since 1970, also before its introduction, as ISO 8601 counts them. Years have
 * the number 0, and days their true number: `Date.UTC` would read the year 99 as 1999, and 30 February as 2 March. Pure.
 */
export const DAY_MS = 86_400_000;

/** Days from 1970-01-01 to this day. The month is 1 to 12; the day may lie outside of the month. */
export function dayNumber(year: number, month: number, day: number): number {
  // Years that begin in March have their leap day at their end.
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

/** Null: there is no such day. */
export function dayOfMonth(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1) return null;
  const number = dayNumber(year, month, day);
  return number < firstOfNext(year, month) ? number : null;
}

/** The day by its number in the year, 1 to 366. Null: there is no such day. */
export function dayOfYear(year: number, day: number): number | null {
  const number = dayNumber(year, 1, 1) + day - 1;
  return day >= 1 && number < dayNumber(year + 1, 1, 1) ? number : null;
}

/** The day by its week, 1 to 53, and its number in it, 1 for Monday. Null: there is no such day. */
export function dayOfWeek(year: number, week: number, day: number): number | null {
  if (week < 1 || day < 1 || day > 7) return null;
  const monday = firstMonday(year) + (week - 1) * 7;
  return monday < firstMonday(year + 1) ? monday + day - 1 : null;
}

/** The Monday of the week that holds 4 January. */
function firstMonday(year: number): number {
  return mondayOf(dayNumber(year, 1, 4));
}

/** The Monday of the week that holds a day. 1970-01-05 was a Monday. */
function mondayOf(day: number): number {
  return Math.floor((day - 4) / 7) * 7 + 4;
}

function firstOfNext(year: number, month: number): number {
  return month === 12 ? dayNumber(year + 1, 1, 1) : dayNumber(year, month + 1, 1);
}
