import { expect, test } from 'vitest';
import { appendWeight, checkCommit, checkCount, SEGMENT_BYTES, SEGMENT_ENTRIES } from '../../src/store/limits.ts';
import type { Operation } from '../../src/store/store.ts';

test.for([
  { entries: [], weight: 0, why: 'nothing' },
  { entries: [1], weight: 1, why: 'one' },
  { entries: Array<number>(SEGMENT_ENTRIES).fill(1), weight: 1, why: 'as many as a segment holds' },
  { entries: Array<number>(SEGMENT_ENTRIES + 1).fill(1), weight: 2, why: 'one more' },
  { entries: [SEGMENT_BYTES], weight: 1, why: 'as many bytes as a segment holds' },
  { entries: [SEGMENT_BYTES, 1], weight: 2, why: 'one byte more' },
  { entries: [SEGMENT_BYTES * 5], weight: 1, why: 'an entry larger than a segment' },
  { entries: [1, SEGMENT_BYTES * 5, 1], weight: 3, why: 'small ones around a large one' },
])('an append of $why weighs $weight', ({ entries, weight }) => {
  expect(appendWeight(entries)).toBe(weight);
});

const options = { id: 'id', now: 0 };

test('each value is encoded once, beside its operation', () => {
  const operations: Operation[] = [
    { kind: 'put', partition: 'p', id: 'a', value: { n: 'ü' }, expects: null },
    { kind: 'check', partition: 'p', id: 'b', expects: 'v' },
    { kind: 'append', log: 'l', entries: [1, null, 'x'] },
  ];
  expect(checkCommit(operations, options)).toEqual([['{"n":"ü"}'], [], ['1', 'null', '"x"']]);
});

test('bytes are those of names and values together', () => {
  const put: Operation = { kind: 'put', partition: 'pp', id: 'é', value: '1234', expects: null };
  const limits = { commitOperations: 1, commitBytes: 10 };
  expect(checkCommit([put], options, limits)).toEqual([['"1234"']]);
  expect(() => checkCommit([put], options, { ...limits, commitBytes: 9 })).toThrow(
    expect.objectContaining({ code: 'too_large', expected: expect.stringContaining('9') }),
  );
  expect(() => checkCommit([put], options, { ...limits, commitOperations: 0 })).toThrow(
    expect.objectContaining({ code: 'too_large' }),
  );
});

test('a mistake names its operation and what was expected', () => {
  const good: Operation = { kind: 'append', log: 'l', entries: [1] };
  const bad: Operation = { kind: 'put', partition: 'p', id: '', value: 1, expects: null };
  expect(() => checkCommit([good, bad], options)).toThrow(
    expect.objectContaining({ code: 'invalid_input', field: 'operations[1].id', expected: '1 to 512 bytes of UTF-8' }),
  );
  expect(() => checkCommit([good], { ...options, id: '' })).toThrow(expect.objectContaining({ field: 'options.id' }));
});

test.for([0, -1, 1.5, 11, Number.NaN, Number.POSITIVE_INFINITY])('%s is no count from 1 to 10', (value) => {
  expect(() => checkCount(value, 10, 'limit')).toThrow(
    expect.objectContaining({ field: 'limit', expected: 'a whole number from 1 to 10' }),
  );
});
