import { describe, expect, test } from 'vitest';
import {
  decodeCursor,
  encodeCursor,
  entriesBetween,
  epochOf,
  markOfCommit,
  lastBefore,
  raisedFloor,
  readFrom,
} from '../../src/store/cursor.ts';

const span = { epoch: 'e', floor: 10, end: 20 };
const at = (place: number, epoch = 'e') => ({ epoch, place });

test.for([0, 1, 35, 36, 1_000_000, Number.MAX_SAFE_INTEGER])('place %s comes back from its cursor', (place) => {
  for (const epoch of ['e', epochOf('log', 'id'), 'with.dot', 'ü 東']) {
    expect(decodeCursor(encodeCursor(epoch, place))).toEqual({ epoch, place });
    const mark = markOfCommit(`id ${epoch}`);
    expect(decodeCursor(encodeCursor(epoch, place, mark))).toEqual({ epoch, place, mark });
  }
});

test('entries between two cursors are counted, within one epoch', () => {
  expect(entriesBetween(encodeCursor('e', 35), encodeCursor('e', 36))).toBe(1);
  expect(entriesBetween(encodeCursor('e', 36), encodeCursor('e', 35))).toBe(-1);
  expect(entriesBetween(encodeCursor('e', 1_000), encodeCursor('e', 1_000))).toBe(0);
  expect(entriesBetween(encodeCursor('e', 1), encodeCursor('f', 1))).toBeNull();
});

test.for([
  '',
  '.',
  '1',
  '1.',
  '.e',
  ' 1.e',
  '1e3.e\n'.repeat(40),
  '-1.e',
  '+1.e',
  '00.e',
  'ZZ.e',
  'zzzzzzzzzzz.e',
  '1-2.e',
  '1~abc.e',
  '1~abcde.e',
  '1~ABCD.e',
  '~abcd.e',
])('%j is no cursor', (cursor) => {
  expect(() => decodeCursor(cursor)).toThrow(expect.objectContaining({ code: 'bad_cursor' }));
});

test('logs that one commit begins have epochs of their own', () => {
  expect(epochOf('a', 'id')).not.toBe(epochOf('b', 'id'));
  expect(epochOf('a', 'id')).not.toBe(epochOf('a', 'other'));
});

describe('a log with entries at places 10 to 19', () => {
  test.for([
    { after: null, from: 10, truncated: false },
    { after: at(10), from: 10, truncated: false },
    { after: at(15), from: 15, truncated: false },
    { after: at(20), from: 20, truncated: false },
    { after: at(9), from: 10, truncated: true },
    { after: at(21), from: 10, truncated: true },
    { after: at(15, 'other'), from: 10, truncated: true },
  ])('reading after $after begins at $from', ({ after, ...expected }) => {
    expect(readFrom(span, after, () => null)).toEqual(expected);
    // What stands before the floor is gone, and what stands elsewhere is another.
    const marked = after && { ...after, mark: 'here' };
    expect(readFrom(span, marked, () => 'here')).toEqual(expected);
    const isKnown = after !== null && after.place > 10;
    expect(readFrom(span, marked, () => 'else')).toEqual(isKnown ? { from: 10, truncated: true } : expected);
  });

  test.for([
    { n: 3, before: null, from: 17, to: 20, truncated: false },
    { n: 99, before: null, from: 10, to: 20, truncated: false },
    { n: 3, before: at(15), from: 12, to: 15, truncated: false },
    { n: 3, before: at(11), from: 10, to: 11, truncated: false },
    { n: 3, before: at(10), from: 10, to: 10, truncated: false },
    { n: 3, before: at(9), from: 10, to: 10, truncated: true },
    { n: 3, before: at(21), from: 17, to: 20, truncated: true },
    { n: 3, before: at(15, 'other'), from: 17, to: 20, truncated: true },
  ])('the newest $n before $before are $from to $to', ({ n, before, ...expected }) => {
    expect(lastBefore(span, n, before, () => null)).toEqual(expected);
    const marked = before && { ...before, mark: 'here' };
    expect(lastBefore(span, n, marked, () => 'here')).toEqual(expected);
    const isKnown = before !== null && before.place > 10;
    const newest = { from: Math.max(10, 20 - n), to: 20, truncated: true };
    expect(lastBefore(span, n, marked, () => 'else')).toEqual(isKnown ? newest : expected);
  });

  test.for([
    { timed: null, keep: null, floor: 10 },
    { timed: 5, keep: 99, floor: 10 },
    { timed: 12, keep: null, floor: 12 },
    { timed: null, keep: 4, floor: 16 },
    { timed: 12, keep: 4, floor: 16 },
    { timed: 18, keep: 4, floor: 18 },
    { timed: 20, keep: null, floor: 19 },
    { timed: null, keep: 0, floor: 19 },
  ])('trimmed to time $timed and count $keep its floor is $floor', ({ timed, keep, floor }) => {
    expect(raisedFloor(span, timed, keep)).toBe(floor);
  });
});
