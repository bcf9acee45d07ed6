/** The cursor of an answer of windows that ends between two of its rows. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import {
  isOfRows,
  placeAfter,
  readRowsCursor,
  rowsBefore,
  writeRowsCursor,
} from '../../../src/streams/history/rows-cursor.ts';

const QUESTION = { stream: 's', window: '5m', where: undefined, keys: ['a'] };

test.each([
  { since: 1_700_000_000_000, place: { start: null, passed: 40 }, cursor: null },
  { since: 1.5, place: { start: -60_000.25, passed: 1 }, cursor: 'wAbc_-1.~~_2._' },
  { since: 0, place: { start: 0, passed: 999_999 }, cursor: 'a\nb' },
])('holds what it was made of: %j', (held) => {
  const text = writeRowsCursor(held, QUESTION);
  expect(isOfRows(text)).toBe(true);
  expect(readRowsCursor(text, { keys: ['a'], window: '5m', stream: 's' })).toEqual(held);
});

test.each(['', 'r', 'rabcdef_1_2_x_', 'wabcdef_1_2_3_', 'rabcdef_1_2_1234567_'])('%j is none', (text) => {
  expect(isOfRows(text)).toBe(false);
  expect(() => readRowsCursor(text, QUESTION)).toThrow(TidegateError);
});

test('goes with its question alone', () => {
  const text = writeRowsCursor({ since: 1, place: { start: 1, passed: 1 }, cursor: null }, QUESTION);
  for (const other of [{ ...QUESTION, stream: 't' }, { ...QUESTION, top: { n: 1 } }, {}]) {
    expect(() => readRowsCursor(text, other)).toThrow(expect.objectContaining({ code: 'bad_cursor' }));
  }
});

test('leads behind the rows that were passed, though older ones are gone and newer ones came', () => {
  const starts = [10, 10, 20, 20, 20, 30];
  for (let count = 1; count <= starts.length; count += 1) {
    const place = placeAfter(count, starts);
    expect(rowsBefore(place, starts, false)).toBe(count);
    expect(rowsBefore(place, [...starts, 40], false)).toBe(count);
  }
  const newest = starts.toReversed();
  for (let count = 1; count <= newest.length; count += 1) {
    const place = placeAfter(count, newest);
    expect(rowsBefore(place, newest, true)).toBe(count);
    expect(rowsBefore(place, [50, 40, ...newest], true)).toBe(count + 2);
  }
  expect(rowsBefore(placeAfter(4, starts), [20, 20, 20, 30], false)).toBe(2);
  expect(rowsBefore(placeAfter(2, starts), [20, 30], false)).toBe(0);
  expect(rowsBefore(placeAfter(6, starts), [], false)).toBe(0);
  expect(rowsBefore(placeAfter(3, []), [], false)).toBe(3);
});
