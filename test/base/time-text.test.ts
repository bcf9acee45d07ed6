import { expect, test } from 'vitest';
import { beforeNow, durationText, isoTime, parseDuration, parseTime } from '../../src/base/time-text.ts';

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
  Number.NaN,
  1e17,
  '99999999999999999999',
])('%s is none', (text) => {
  expect(() => parseTime(text, NOW, 'from')).toThrow(expect.objectContaining({ code: 'invalid_input', field: 'from' }));
});

test('how long before now', () => {
  expect(['now', ' -1h ', '-60m', '2026-11-20', '1h', 5, undefined].map(beforeNow)).toEqual([
    0,
    3_600_000,
    3_600_000,
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
    null,
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
