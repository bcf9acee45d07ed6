/** What an instance remembers by counter ends with its time, however many counters there were. */
import { expect, test } from 'vitest';
import { createHands, createCounterMemory, MOST_COUNTERS } from '../../../src/store/quotas/hands.ts';

const PIECE_MS = 60_000;

test('what is over is forgotten, so that no more is kept than twice what is of use', () => {
  let looked = 0;
  const memory = createCounterMemory<number>((endsAt, at) => {
    looked += 1;
    return at >= endsAt;
  });
  const kept = (upTo: number) => Array.from({ length: upTo }, (_, n) => memory.get(`n${n}`)).filter((value) => value);
  const times = 5_000;
  for (let n = 0; n < times; n += 1) memory.set(`n${n}`, n + 200, n);
  expect(kept(times).length).toBeLessThanOrEqual(400);
  expect(memory.get(`n${times - 200}`)).toBe(times);
  // Looking costs no more than a few looks for each that was kept.
  expect(looked).toBeLessThan(3 * times);
});

test('of what is not over the oldest is forgotten where there are too many', () => {
  const memory = createCounterMemory<number>(() => false);
  for (let n = 0; n <= MOST_COUNTERS; n += 1) memory.set(`n${n}`, n, 0);
  expect([memory.get('n0'), memory.get('n1'), memory.get(`n${MOST_COUNTERS}`)]).toEqual([undefined, 1, MOST_COUNTERS]);
});

test('a hand of a piece of time whose things may still stand is kept, and one of before is not', () => {
  const own = createHands();
  const counter = { name: 'ada', pieceMs: PIECE_MS };
  const first = own.handOf(counter, 0, 0);
  first.left = 3;
  for (let n = 0; n < 1_000; n += 1) own.handOf({ name: `n${n}`, pieceMs: PIECE_MS }, 0, 2 * PIECE_MS);
  expect(own.hands.get('ada/0')).toBe(first);
  for (let n = 0; n < 3_000; n += 1) own.handOf({ name: `n${n}`, pieceMs: PIECE_MS }, 3 * PIECE_MS, 3 * PIECE_MS);
  expect(own.hands.get('ada/0')).toBeUndefined();
});
