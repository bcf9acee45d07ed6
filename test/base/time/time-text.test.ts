import { expect, test } from 'vitest';
import { zoneOf } from '../../../src/base/time/zone.ts';
import { beforeNow, durationText, isoTime, parseDuration, parseTime } from '../../../src/base/time/time-text.ts';

const NOW = Date.UTC(2026, 10, 20, 12);

test.each([
  [1_000, 1_000],
  ['1795176000000', 1_795_176_000_000],
  ['2026-11-20T11:00:00Z', NOW - 3_600_000],
  ['2026-11-20T13:00:00.250+02:00', NOW - 3_600_000 + 250],
  ['2026-11-20', Date.UTC(2026, 10, 20)],
  ['now', NOW],
  ['-15m', NOW - 900_000],
  ['-2d', NOW - 2 * 86_400_000],
  ['-1w', NOW - 7 * 86_400_000],
  ['+6h', NOW + 6 * 3_600_000],
  ['2026-W47-5T12Z', NOW],
  ['2026-324', Date.UTC(2026, 10, 20)],
  ['2026-11', Date.UTC(2026, 10, 1)],
  [0, 0],
  [99_999_999, 99_999_999],
])('%s is a time', (text, expected) => {
  expect(parseTime(text, NOW, 'from')).toBe(expected);
});

test.each([
  '',
  'yesterday',
  '2026-11-20T11:00:00',
  '2026-13-41',
  '15m',
  '-15',
  '-m',
  '2026',
  '20261120',
  '2026-02-30T00:00:00Z',
  '05.04.2026 12:00',
  Number.NaN,
  1e17,
  '99999999999999999999',
])('%s is none', (text) => {
  expect(() => parseTime(text, NOW, 'from')).toThrow(expect.objectContaining({ code: 'invalid_input', field: 'from' }));
});

test.each([
  [1_795_176_000, '1795176000000 is 2026-11-20T12:00:00Z'],
  ['1795176000', '1795176000000 is 2026-11-20T12:00:00Z'],
  [1_795_176_000.25, '1795176000250 is 2026-11-20T12:00:00.250Z'],
  [946_684_800, '946684800000 is 2000-01-01T00:00:00Z'],
  [1_795_176_000_000_000, '1795176000000 is 2026-11-20T12:00:00Z'],
  ['1795176000000000000', '1795176000000 is 2026-11-20T12:00:00Z'],
])('%s is a count of another unit, and the refusal says what it is in milliseconds', (time, fix) => {
  expect(() => parseTime(time, NOW, 'to')).toThrow(
    expect.objectContaining({ code: 'invalid_input', field: 'to', expected: expect.stringContaining(fix) }),
  );
});

test.each([20_261_120, '20261120', 20_261_120_120_000])(
  '%s is a date in digits, and the refusal writes it out',
  (time) => {
    const expected = expect.stringContaining("'2026-11-20");
    expect(() => parseTime(time, NOW, 'from')).toThrow(expect.objectContaining({ field: 'from', expected }));
  },
);

test('a time without a zone needs one, or the zone that is asked for; a date begins in it', () => {
  const berlin = zoneOf('Europe/Berlin');
  expect(parseTime('2026-11-20T13:00', NOW, 'from', berlin)).toBe(NOW);
  expect(parseTime('2026-11-20', NOW, 'from', berlin)).toBe(Date.UTC(2026, 10, 19, 23));
  expect(() => parseTime('2026-11-20 13:00', NOW, 'from')).toThrow(expect.objectContaining({ field: 'from' }));
});

test('how long before now', () => {
  expect(['now', ' -1h ', '-60m', '+5m', '2026-11-20', '1h', 5, undefined].map(beforeNow)).toEqual([
    0,
    3_600_000,
    3_600_000,
    -300_000,
    null,
    null,
    null,
    null,
  ]);
});

test('durations', () => {
  expect(['250ms', '30s', '5m', '1h', '1d', '0s', 'm', '1.5h', '-1h', '1w'].map(parseDuration)).toEqual([
    250,
    30_000,
    300_000,
    3_600_000,
    86_400_000,
    0,
    null,
    null,
    null,
    604_800_000,
  ]);
});

test('times as text', () => {
  expect(isoTime(NOW)).toBe('2026-11-20T12:00:00Z');
  expect(isoTime(NOW + 5)).toBe('2026-11-20T12:00:00.005Z');
});

test('a duration is written in the greatest unit that leaves no fraction, and reads back', () => {
  const texts = ['0ms', '250ms', '1500ms', '90s', '5m', '1h', '36h', '2d'];
  const lengths = [0, 250, 1_500, 90_000, 300_000, 3_600_000, 129_600_000, 172_800_000];
  expect(lengths.map(durationText)).toEqual(texts);
  expect(texts.map(parseDuration)).toEqual(lengths);
});
