/**
 * Where windows begin and end. Every moment is in exactly one window of a grid; a window holds start <= time < end.
 * Pure.
 *
 * Without a zone all windows have the same length. In a zone a window begins where the zone's clocks show a whole
 * multiple of the length. When the clocks change, a window of a day therefore has 23 or 25 hours, and a window of six
 * hours has five or seven. An hour that comes twice gives two windows.
 */
import { TidegateError } from '../../base/errors.ts';
import { QUARTER_MS, type Zone } from '../../base/zone.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface Grid {
  /** Null: one window without bounds. */
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
  const startOf = (time: number) => (windowMs <= HOUR_MS ? shortStart(time, windowMs, zone) : longStart(time));

  function longStart(time: number): number {
    return zone.momentOf(Math.floor((time + zone.offsetAt(time)) / windowMs) * windowMs);
  }

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

/** Clocks may change within an hour (by half an hour, on Lord Howe Island). Such a change also begins a window. */
function shortStart(time: number, windowMs: number, zone: Zone): number {
  const offset = zone.offsetAt(time);
  const start = Math.floor((time + offset) / windowMs) * windowMs - offset;
  let begin = start;
  while (zone.offsetAt(begin) !== offset) begin = (Math.floor(begin / QUARTER_MS) + 1) * QUARTER_MS;
  return begin;
}
