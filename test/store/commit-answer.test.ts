/** What a driver reads of what it keeps of a commit. */
import { expect, test } from 'vitest';
import { readCursors, readEnds } from '../../src/store/commit-answer.ts';
import { unpackSegment } from '../../src/store/dynamodb/segments.ts';

const internal = expect.objectContaining({ code: 'internal' });

test('cursors are read by log, and nothing else is taken for them', () => {
  expect(readCursors('{"a":"e.1","b":"e.2"}')).toEqual({ a: 'e.1', b: 'e.2' });
  expect(readCursors('{}')).toEqual({});
  for (const wrong of ['null', '"e.1"', '["e.1"]', '{"a":1}'])
    expect(() => readCursors(wrong), wrong).toThrow(internal);
});

test('ends are read as texts, and as none where Lua had an empty table', () => {
  expect(readEnds('["e","3","f",4]')).toEqual(['e', '3', 'f', '4']);
  expect(readEnds('{}')).toEqual([]);
  for (const wrong of ['null', '3', '[null]']) expect(() => readEnds(wrong), wrong).toThrow(internal);
});

test('a segment holds a list of entries', async () => {
  const segment = { first: 0, end: 1, appendedAt: 0, epoch: 'e', mark: null, before: null, more: 0 };
  expect(await unpackSegment({ ...segment, item: { j: { S: '[1]' } } })).toEqual([1]);
  await expect(unpackSegment({ ...segment, item: { j: { S: '{"0":1}' } } })).rejects.toEqual(internal);
});
