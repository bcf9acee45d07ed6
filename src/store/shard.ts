/** Which shard of a queue a record stands in: spread evenly, the same on every engine. */
import { QUEUE_SHARDS } from './limits.ts';
import type { RecordKey } from './store.ts';

/** FNV-1a over UTF-16 units: 0 to `QUEUE_SHARDS - 1`. */
export function shardOf({ partition, id }: RecordKey): number {
  let hash = 0x811c9dc5;
  for (const text of [partition, '\u0000', id]) {
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash ^ (hash >>> 16)) & (QUEUE_SHARDS - 1);
}

/** All shards, beginning at `from` (taken modulo `QUEUE_SHARDS`). */
export function shardsFrom(from: number): number[] {
  const first = ((Math.trunc(from) % QUEUE_SHARDS) + QUEUE_SHARDS) % QUEUE_SHARDS;
  return Array.from({ length: QUEUE_SHARDS }, (_, i) => (first + i) % QUEUE_SHARDS);
}
