import { describe, expect, test } from 'vitest';
import { encodeCursor, epochOf } from '../../../src/store/cursor.ts';
import {
  CURSOR_CHARACTERS,
  decodeStreamCursor,
  encodeLongCursor,
  encodeStreamCursor,
} from '../../../src/streams/log/stream-cursor.ts';

const badCursor = expect.objectContaining({ code: 'bad_cursor', field: 'cursor' });
const EPOCH = epochOf('public/stream/quakes', 'Zm9vYmFyYmF6cXV4LV9eX1');

describe('stream cursors', () => {
  test('are short, and come back as positions with the end of the epoch', () => {
    for (const place of [0, 42, 1e9, Number.MAX_SAFE_INTEGER]) {
      const text = encodeStreamCursor('quakes', encodeCursor(EPOCH, place));
      expect(text.length).toBeLessThanOrEqual(26);
      expect(decodeStreamCursor('quakes', text)).toBe(encodeCursor(`~${EPOCH.slice(-8)}`, place));
      // A page of which nothing was read hands out the position that it was given.
      expect(encodeStreamCursor('quakes', decodeStreamCursor('quakes', text))).toBe(text);
    }
  });

  test('of epochs that are shorter than what a cursor has of them, or hold a point, are positions too', () => {
    for (const epoch of ['a-1', 'x.y-12345', 'ünï·code']) {
      const position = decodeStreamCursor('s', encodeStreamCursor('s', encodeCursor(epoch, 7)));
      expect(epoch.endsWith(position.slice(position.indexOf('~') + 1))).toBe(true);
    }
  });

  test('of another stream are refused', () => {
    const foreign = encodeStreamCursor('plant', encodeCursor(EPOCH, 42));
    expect(() => decodeStreamCursor('quakes', foreign)).toThrow(badCursor);
  });

  test('of earlier releases are read, and bound to their stream', () => {
    const long = encodeLongCursor('quakes', encodeCursor(EPOCH, 42));
    expect(decodeStreamCursor('quakes', long)).toBe(encodeCursor(EPOCH, 42));
    expect(() => decodeStreamCursor('plant', long)).toThrow(badCursor);
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
    ['far too long', `WzEs${'a'.repeat(CURSOR_CHARACTERS)}`],
  ])('that are %s are refused', (_, text) => {
    expect(() => decodeStreamCursor('quakes', text.replace(/=+$/, ''))).toThrow(badCursor);
  });
});
