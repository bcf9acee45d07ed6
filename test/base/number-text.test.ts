import { expect, test } from 'vitest';
import { readDecimal } from '../../src/base/number-text.ts';

test.each([
  ['21.5', 21.5],
  ['-0.5', -0.5],
  ['0', 0],
  ['1e5', 100_000],
  ['2E-3', 0.002],
  [' 7\n', 7],
])('%j is a number', (text, value) => {
  expect(readDecimal(text)).toBe(value);
});

test.each([
  '',
  ' ',
  '0x10',
  '0b1',
  '1_000',
  '1,5',
  '1.',
  '.5',
  '+1',
  '007',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e400',
  '12 °C',
  '1 2',
  'true',
  '１',
])('%j is none', (text) => {
  expect(readDecimal(text)).toBeNull();
});
