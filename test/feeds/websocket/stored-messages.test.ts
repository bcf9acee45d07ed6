/** Which messages of a source that replays are stored already. */
import { expect, test } from 'vitest';
import type { Decoded } from '../../../src/feeds/websocket/payload.ts';
import {
  readSocketPosition,
  type WebSocketPosition,
  writeSocketPosition,
} from '../../../src/feeds/websocket/position.ts';
import { isStored } from '../../../src/feeds/websocket/stored-messages.ts';

const message = (n: unknown, data: unknown, sentAt = 0): Decoded => ({
  value: { n, data, sentAt },
  bytes: 10,
  at: 0,
  invalid: null,
});
const positionOf = (json: Parameters<typeof readSocketPosition>[0]) => readSocketPosition(json) as WebSocketPosition;

/** What is stored of these messages. */
function store(reached: WebSocketPosition, messages: readonly Decoded[]): unknown[] {
  const fresh = messages.filter((one) => !isStored(one, { sequence: 'n', items: 'data' }, reached));
  return fresh.map(({ value }) => (value as { data: unknown }).data);
}

test('a message is known again by its sequence and by what is stored of it', () => {
  const reached = positionOf({ heardUntil: 0 });
  expect(store(reached, [message(1, 'a'), message(2, 'a'), message(2, 'b'), message(2, 'b')])).toEqual(['a', 'a', 'b']);
  const later = positionOf(writeSocketPosition(reached));
  // The envelope differs, and so does the order.
  expect(store(later, [message(2, 'b', 9), message(2, 'a', 9), message(null, 'b'), message(2, 'c')])).toEqual([
    'b',
    'c',
  ]);
  expect(store(later, [message(3, 'c'), message(2, 'c')])).toEqual(['c', 'c']);
});

test('a position of a release that noted no contents knows the first message with its sequence', () => {
  const reached = positionOf({ heardUntil: 5, sequence: 8, reading: null });
  expect(store(reached, [message(8, 'a'), message(8, 'b'), message(8, 'a'), message(9, 'c')])).toEqual(['b', 'c']);
});

test('the position stays small, and what no longer fits is stored twice in place of not at all', () => {
  const reached = positionOf({ heardUntil: 0 });
  const many = Array.from({ length: 500 }, (_, n) => message('same', n));
  expect(store(reached, many)).toHaveLength(500);
  expect(JSON.stringify(writeSocketPosition(reached)).length).toBeLessThan(1_500);
  expect(store(reached, [...many.slice(-9), message('same', 'new')])).toEqual(['new']);
  expect(store(reached, many.slice(0, 1))).toEqual([0]);
});
