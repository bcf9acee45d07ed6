/**
 * Where windows begin and end. Every moment is in exactly one window of a grid; a window holds start <= time < end.
 * Pure.
 *
 * Without a zone all windows have the same length. In a zone a window begins where the zone's clocks show a whole
 * multiple of the length. When the clocks change, a window of a day therefore has 23 or 25 hours, and a window of six
 * hours has five or seven. An hour that comes twice gives two windows. Weeks and months are of the calendar, in a zone or
 * in UTC.
 */
import { dayNumber } from '../../base/time/civil-day.ts';
import { TidegateError } from '../../base/errors.ts';
import { LATEST_MS } from '../../base/time/iso-8601.ts';
import { QUARTER_MS, type Zone } from '../../base/time/zone.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The first Monday after the epoch began, a Thursday. */
const MONDAY_MS = 4 * DAY_MS;

export interface Grid {
  /** Null: windows differ in length by the calendar, or there is one window without bounds. */
  windowMs: number | null;
  startOf(time: number): number;
  /** End of the window that begins at `start`. */
  endOf(start: number): number;
}

/** @param origin epoch ms at which a window begins; the only window where `windowMs` is null */
export function evenGrid(windowMs: number | null, origin: number): Grid {
  if (windowMs === null) return { windowMs, startOf: () => origin, endOf: () => Infinity };
  return {
    windowMs,
    startOf: (time) => origin + Math.floor((time - origin) / windowMs) * windowMs,
    endOf: (start) => start + windowMs,
  };
}

/** @throws TidegateError `invalid_input`: `window`, for lengths that do not fit into hours and days. */
export function zonedGrid(windowMs: number, zone: Zone): Grid {
  const fits = HOUR_MS % windowMs === 0 || (windowMs % HOUR_MS === 0 && DAY_MS % windowMs === 0);
  if (!fits && windowMs % DAY_MS !== 0) {
    throw new TidegateError('invalid_input', `windows of ${windowMs} ms do not fit into the days of a time zone`, {
      field: 'window',
      expected: 'with zone: a length of which an hour or a day is a whole multiple, such as 15m or 6h, or whole days',
    });
  }
  if (windowMs > HOUR_MS) {
    const first = (local: number) => Math.floor(local / windowMs) * windowMs;
    return clockGrid(windowMs, zone, first, (start) => start + windowMs);
  }
  const startOf = (time: number) => shortStart(time, windowMs, zone);
  return {
    windowMs,
    startOf,
    endOf(start) {
      // The next window begins one length later, or up to some hours more where clocks are put back.
      let later = windowMs;
      while (startOf(start + later) === start) later += QUARTER_MS;
      return startOf(start + later);
    },
  };
}

/** Windows of so many weeks, which begin on a Monday; several are counted from 5 January 1970. @param zone null: UTC */
export function weekGrid(weeks: number, zone: Zone | null): Grid {
  const ms = weeks * 7 * DAY_MS;
  const first = (local: number) => Math.floor((local - MONDAY_MS) / ms) * ms + MONDAY_MS;
  return clockGrid(ms, zone, first, (start) => start + ms);
}

/** Windows of so many calendar months; several are counted from January. @param zone null: UTC */
export function monthGrid(months: number, zone: Zone | null): Grid {
  const place = (local: number) => {
    const day = new Date(Math.min(Math.max(local, -LATEST_MS), LATEST_MS));
    return Math.floor((day.getUTCFullYear() * 12 + day.getUTCMonth()) / months);
  };
  const begin = (at: number) => {
    const month = at * months;
    const year = Math.floor(month / 12);
    return dayNumber(year, month - year * 12 + 1, 1) * DAY_MS;
  };
  return clockGrid(
    null,
    zone,
    (local) => begin(place(local)),
    (start) => begin(place(start) + 1),
  );
}

/**
 * Windows that begin where clocks show certain times.
 * @param first the last of these times up to a local time, as if it were UTC
 * @param next the one after such a time
 */
function clockGrid(
  windowMs: number | null,
  zone: Zone | null,
  first: (local: number) => number,
  next: (start: number) => number,
): Grid {
  const momentOf = (local: number) => (zone === null ? local : zone.momentOf(local));
  // Events are read in the order of their time for the most part, so the window before is tried first.
  let last = { start: Number.NaN, end: Number.NaN };

  function windowAt(time: number): { start: number; end: number } {
    if (time >= last.start && time < last.end) return last;
    let shown = first(time + (zone?.offsetAt(time) ?? 0));
    // Clocks that are put back may show the time before a window once more when it has begun already.
    if (momentOf(next(shown)) <= time) shown = next(shown);
    last = { start: momentOf(shown), end: momentOf(next(shown)) };
    return last;
  }

  return { windowMs, startOf: (time) => windowAt(time).start, endOf: (start) => windowAt(start).end };
}

/** Clocks may change within an hour (by half an hour, on Lord Howe Island). Such a change also begins a window. */
function shortStart(time: number, windowMs: number, zone: Zone): number {
  const offset = zone.offsetAt(time);
  const start = Math.floor((time + offset) / windowMs) * windowMs - offset;
  let begin = start;
  while (zone.offsetAt(begin) !== offset) begin = (Math.floor(begin / QUARTER_MS) + 1) * QUARTER_MS;
  return begin;
}
