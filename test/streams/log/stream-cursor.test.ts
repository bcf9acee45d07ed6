import { describe, expect, test } from 'vitest';
import { decodeStreamCursor, encodeStreamCursor } from '../../../src/streams/log/stream-cursor.ts';

const badCursor = expect.objectContaining({ code: 'bad_cursor', field: 'cursor' });

describe('stream cursors', () => {
  test('come back as the store gave them', () => {
    for (const cursor of ['e1.42', 'ünï·code', 'x'.repeat(300)]) {
      expect(decodeStreamCursor('quakes', encodeStreamCursor('quakes', cursor))).toBe(cursor);
    }
  });

  test('are safe in a URL and do not show the store', () => {
    const text = encodeStreamCursor('quakes', 'epoch/7+8=');
    expect(text).toMatch(/^[\w-]+$/);
    expect(text).not.toContain('epoch');
  });

  test('of another stream are refused', () => {
    const foreign = encodeStreamCursor('plant', 'e1.42');
    expect(() => decodeStreamCursor('quakes', foreign)).toThrow(badCursor);
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['not base64', '@@@'],
    ['JSON of another shape', btoa('{"a":1}')],
    ['another format', btoa('[2,"quakes",["x"]]')],
    ['several places', btoa('[1,"quakes",["x","y"]]')],
    ['an empty place', btoa('[1,"quakes",[""]]')],
    ['a place that is no text', btoa('[1,"quakes",[7]]')],
    ['too long', 'a'.repeat(5_000)],
  ])('that are %s are refused', (_, text) => {
    expect(() => decodeStreamCursor('quakes', text.replace(/=+$/, ''))).toThrow(badCursor);
  });
});
