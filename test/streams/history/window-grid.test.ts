import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { evenGrid, type Grid, monthGrid, weekGrid, zonedGrid } from '../../../src/streams/history/window-grid.ts';
import { zoneOf } from '../../../src/base/time/zone.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The windows from one moment to another, as hours each. */
function lengths(grid: Grid, from: string, to: string): number[] {
  const hours: number[] = [];
  for (let start = grid.startOf(Date.parse(from)); start < Date.parse(to); start = grid.endOf(start)) {
    hours.push((grid.endOf(start) - start) / HOUR);
    expect(hours.length).toBeLessThan(200);
  }
  return hours;
}

/** The same as days. */
const days = (grid: Grid, from: string, to: string) => lengths(grid, from, to).map((hours) => hours / 24);

describe('days of a zone have as many hours as its clocks show', () => {
  test.each([
    ['Europe/Berlin', '2026-03-28T12:00Z', '2026-03-30T12:00Z', [24, 23, 24]],
    ['Europe/Berlin', '2026-10-24T12:00Z', '2026-10-26T12:00Z', [24, 25, 24]],
    ['Australia/Lord_Howe', '2026-04-04T00:00Z', '2026-04-06T00:00Z', [24, 24.5, 24]],
    // The clocks show midnight twice, and never.
    ['America/Havana', '2026-10-31T12:00Z', '2026-11-02T12:00Z', [24, 25, 24]],
    ['Africa/Cairo', '2026-04-23T12:00Z', '2026-04-25T12:00Z', [24, 23, 24]],
    // A day was left out altogether.
    ['Pacific/Apia', '2011-12-29T20:00Z', '2012-01-01T05:00Z', [24, 24, 24]],
    ['UTC', '2026-03-28T12:00Z', '2026-03-30T12:00Z', [24, 24, 24]],
  ])('%s from %s', (zone, from, to, hours) => {
    expect(lengths(zonedGrid(DAY, zoneOf(zone)), from, to)).toEqual(hours);
  });
});

describe('shorter windows', () => {
  test.each([
    [6 * HOUR, '2026-10-24T22:00Z', '2026-10-25T23:00Z', [7, 6, 6, 6]],
    [6 * HOUR, '2026-03-28T23:00Z', '2026-03-29T22:00Z', [5, 6, 6, 6]],
    [2 * HOUR, '2026-10-24T22:00Z', '2026-10-25T05:00Z', [2, 3, 2]],
    [2 * HOUR, '2026-03-28T23:00Z', '2026-03-29T04:00Z', [2, 1, 2]],
    [HOUR, '2026-10-24T22:00Z', '2026-10-25T03:00Z', [1, 1, 1, 1, 1]],
    [HOUR / 2, '2026-03-29T00:00Z', '2026-03-29T02:00Z', [0.5, 0.5, 0.5, 0.5]],
  ])('of %i ms from %s', (windowMs, from, to, hours) => {
    expect(lengths(zonedGrid(windowMs, zoneOf('Europe/Berlin')), from, to)).toEqual(hours);
  });

  test('begin where the clocks of a zone show whole hours, not where those of UTC do', () => {
    const grid = zonedGrid(HOUR, zoneOf('Asia/Kathmandu'));
    expect(grid.startOf(Date.parse('2026-06-01T12:00Z'))).toBe(Date.parse('2026-06-01T11:15Z'));
  });

  test('a change of the clocks within an hour begins a window too', () => {
    const grid = zonedGrid(HOUR, zoneOf('Australia/Lord_Howe'));
    expect(lengths(grid, '2026-04-04T14:00Z', '2026-04-04T17:00Z')).toEqual([1, 0.5, 1, 1]);
  });
});

describe('weeks and months of the calendar', () => {
  test('weeks begin on Mondays, in UTC and where clocks change', () => {
    expect(weekGrid(1, null).startOf(Date.parse('2026-11-29T23:59Z'))).toBe(Date.parse('2026-11-23T00:00Z'));
    const berlin = weekGrid(1, zoneOf('Europe/Berlin'));
    expect(berlin.startOf(Date.parse('2026-10-26T00:00+01:00'))).toBe(Date.parse('2026-10-26T00:00+01:00'));
    expect(lengths(berlin, '2026-03-20T00:00Z', '2026-04-05T00:00Z')).toEqual([168, 167, 168]);
    expect(lengths(berlin, '2026-10-21T00:00Z', '2026-10-27T00:00Z')).toEqual([169, 168]);
    expect(weekGrid(2, null).startOf(0)).toBe(Date.parse('1969-12-22T00:00Z'));
  });

  test('months have 28 to 31 days, and an hour more or less where clocks change', () => {
    expect(days(monthGrid(1, null), '2024-01-15T00:00Z', '2024-05-01T00:00Z')).toEqual([31, 29, 31, 30]);
    expect(days(monthGrid(1, null), '2026-02-01T00:00Z', '2026-03-01T00:00Z')).toEqual([28]);
    const berlin = monthGrid(1, zoneOf('Europe/Berlin'));
    expect(lengths(berlin, '2026-03-10T00:00Z', '2026-04-10T00:00Z')).toEqual([31 * 24 - 1, 30 * 24]);
    expect(lengths(berlin, '2026-10-10T00:00Z', '2026-10-20T00:00Z')).toEqual([31 * 24 + 1]);
    expect(berlin.startOf(Date.parse('2026-10-31T23:30Z'))).toBe(Date.parse('2026-10-31T23:00Z'));
  });

  test('several are counted from January, also before 1970', () => {
    expect(days(monthGrid(3, null), '2026-02-01T00:00Z', '2027-01-01T00:00Z')).toEqual([90, 91, 92, 92]);
    expect(monthGrid(12, null).startOf(Date.parse('1969-07-20T00:00Z'))).toBe(Date.parse('1969-01-01T00:00Z'));
  });

  test('each moment is in the window whose first day its clocks show, as Intl tells it', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'America/Havana',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/St_Johns',
    ];
    const dates = new Map(
      zones.map((zone) => [zone, new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' })]),
    );
    /** The first quarter of an hour of this local day, found by looking at each. */
    const firstOf = (zone: string, day: string) => {
      let moment = Date.parse(`${day}T00:00Z`) - 15 * HOUR;
      while ((dates.get(zone)?.format(moment) ?? '') < day) moment += HOUR / 4;
      return moment;
    };
    const Time = fc.integer({ min: Date.UTC(2008, 0, 1), max: Date.UTC(2037, 11, 31) });
    fc.assert(
      fc.property(Time, fc.constantFrom(...zones), fc.constantFrom(1, 3, 12, 'week'), (time, zone, unit) => {
        const grid = unit === 'week' ? weekGrid(1, zoneOf(zone)) : monthGrid(unit as number, zoneOf(zone));
        const start = grid.startOf(time);
        const end = grid.endOf(start);
        const shown = dates.get(zone)?.format(time) ?? '';
        const local = new Date(`${shown}T00:00Z`);
        const first =
          unit === 'week'
            ? new Date(local.getTime() - ((local.getUTCDay() + 6) % 7) * DAY)
            : new Date(
                Date.UTC(
                  local.getUTCFullYear(),
                  Math.floor(local.getUTCMonth() / (unit as number)) * (unit as number),
                  1,
                ),
              );
        expect(start).toBe(firstOf(zone, first.toISOString().slice(0, 10)));
        expect([start <= time, time < end, grid.startOf(end), grid.startOf(end - 1)]).toEqual([true, true, end, start]);
      }),
      { numRuns: 300 },
    );
  });

  test('clocks that are put back over midnight do not tear a window apart', () => {
    // In Newfoundland they went from 00:01 on 1 November 2009 to 23:01 of the day before.
    const zone = zoneOf('America/St_Johns');
    for (const grid of [monthGrid(1, zone), zonedGrid(DAY, zone)]) {
      const start = grid.startOf(Date.parse('2009-11-01T12:00Z'));
      for (let time = start; time < start + 2 * HOUR; time += HOUR / 4) expect(grid.startOf(time)).toBe(start);
    }
  });
});

test.each([5 * HOUR, 90 * 60_000, 7 * 60_000, 36 * HOUR])('%i ms do not fit into days', (windowMs) => {
  expect(() => zonedGrid(windowMs, zoneOf('UTC'))).toThrow(expect.objectContaining({ field: 'window' }));
});

test('a zone that there is not is refused', () => {
  for (const name of ['Europe/Bonn', '', 'x'.repeat(64)]) {
    expect(() => zoneOf(name)).toThrow(expect.objectContaining({ code: 'invalid_input', field: 'zone' }));
  }
});

test('a zone has an offset at whatever moment a date can hold', () => {
  const grid = zonedGrid(DAY, zoneOf('Europe/Berlin'));
  for (const time of [-8.64e15, -6e13, 0, 8.64e15]) {
    const start = grid.startOf(time);
    expect([start <= time, grid.endOf(start) > time]).toEqual([true, true]);
  }
});

test('without a zone windows are of one length, whatever the clocks show', () => {
  expect(lengths(evenGrid(DAY, 0), '2026-10-24T12:00Z', '2026-10-26T12:00Z')).toEqual([24, 24, 24]);
});
