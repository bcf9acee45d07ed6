/**
 * Where windows begin and end. Every moment is in exactly one window of a grid; a window holds start <= time < end.
 *
 * Without a zone windows are all of one length. In a zone they begin where its clocks show a whole multiple of the length:
 * a day has 23 or 25 hours when the clocks change, six hours have five or seven, and of an hour that comes twice each is a
 * window of its own. Pure.
 */
import { TidegateError } from '../../base/errors.ts';
import { QUARTER_MS, type Zone } from '../../base/zone.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface Grid {
  /** Null: one window without bounds. */
  windowMs: number | null;
  startOf(time: number): number;
  /** Of the window that begins at `start`. */
  endOf(start: number): number;
}

/** @param origin epoch ms: a window begins there, and with `windowMs` null the only one. */
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
      // The next window begins a window later, or up to some hours more where clocks are put back.
      let later = windowMs;
      while (startOf(start + later) === start) later += QUARTER_MS;
      return startOf(start + later);
    },
  };
}

/** Within a window clocks may change (by half an hour, on Lord Howe): the change then begins a window too. */
function shortStart(time: number, windowMs: number, zone: Zone): number {
  const offset = zone.offsetAt(time);
  const start = Math.floor((time + offset) / windowMs) * windowMs - offset;
  let begin = start;
  while (zone.offsetAt(begin) !== offset) begin = (Math.floor(begin / QUARTER_MS) + 1) * QUARTER_MS;
  return begin;
}
