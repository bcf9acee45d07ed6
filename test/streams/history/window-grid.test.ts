import { describe, expect, test } from 'vitest';
import { evenGrid, type Grid, zonedGrid } from '../../../src/streams/history/window-grid.ts';
import { zoneOf } from '../../../src/base/zone.ts';

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
