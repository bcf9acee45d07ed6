import { expect, test } from 'vitest';
import { QUEUE_SHARDS } from '../../src/store/limits.ts';
import { compareUtf8 } from '../../src/store/order.ts';
import { shardOf, shardsFrom } from '../../src/store/shard.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';

test('the order is that of UTF-8 bytes, for strings of every length of code point', () => {
  const random = seededRandom(11);
  const points = [0x0, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x1f30a, 0x10ffff];
  const word = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      String.fromCodePoint(points[Math.floor(random() * points.length)] ?? 0),
    ).join('');
  for (let i = 0; i < 2_000; i += 1) {
    const [a, b] = [word(), word()];
    const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
    expect([a, b, Math.sign(compareUtf8(a, b))]).toEqual([a, b, bytes]);
  }
});

test('records are spread over all shards, and each stays in its own', () => {
  const counts = Array<number>(QUEUE_SHARDS).fill(0);
  for (let i = 0; i < 16_000; i += 1) {
    const shard = shardOf({ partition: 'tenant/feed', id: `feed-${i}` });
    expect(shard).toBe(shardOf({ partition: 'tenant/feed', id: `feed-${i}` }));
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(700);
  expect(Math.max(...counts)).toBeLessThan(1_300);
});

test.for([
  { from: 0, first: 0 },
  { from: 15, first: 15 },
  { from: 16, first: 0 },
  { from: -1, first: 15 },
  { from: 35.7, first: 3 },
])('from $from all shards are visited, beginning at $first', ({ from, first }) => {
  const shards = shardsFrom(from);
  expect(shards[0]).toBe(first);
  expect(shards.toSorted((a, b) => a - b)).toEqual(Array.from({ length: QUEUE_SHARDS }, (_, i) => i));
});
