/** Time zones come from the host: what workerd knows of them. */
import { expect, test } from 'vitest';
import { monthGrid, zonedGrid } from '../../src/streams/history/window-grid.ts';
import { zoneOf } from '../../src/base/time/zone.ts';

const HOUR = 3_600_000;

test.each([
  ['Europe/Berlin', '2026-10-24T22:00Z', 25],
  ['Europe/Berlin', '2026-03-28T23:00Z', 23],
  ['Asia/Kathmandu', '2026-06-01T18:15Z', 24],
])('a day of %s from %s has %i hours', (name, from, hours) => {
  const grid = zonedGrid(24 * HOUR, zoneOf(name));
  const start = Date.parse(from);
  expect([grid.startOf(start), (grid.endOf(start) - start) / HOUR]).toEqual([start, hours]);
});

test('a month of a zone has an hour less where its clocks are put forward', () => {
  const grid = monthGrid(1, zoneOf('Europe/Berlin'));
  const start = grid.startOf(Date.parse('2026-03-15T00:00Z'));
  expect([start, (grid.endOf(start) - start) / HOUR]).toEqual([Date.parse('2026-02-28T23:00Z'), 31 * 24 - 1]);
});
