/** The shards of a queue. Records are spread over them evenly, and in the same way on every engine. */
import { fnv1a } from '../base/digest.ts';
import { QUEUE_SHARDS } from './limits.ts';
import type { RecordKey } from './store.ts';

/** The shard of a record: 0 to `QUEUE_SHARDS - 1`. */
export function shardOf({ partition, id }: RecordKey): number {
  const hash = fnv1a(id, fnv1a('\u0000', fnv1a(partition)));
  return (hash ^ (hash >>> 16)) & (QUEUE_SHARDS - 1);
}

/** All shards, beginning at `from` (taken modulo `QUEUE_SHARDS`). */
export function shardsFrom(from: number): number[] {
  const first = ((Math.trunc(from) % QUEUE_SHARDS) + QUEUE_SHARDS) % QUEUE_SHARDS;
  return Array.from({ length: QUEUE_SHARDS }, (_, i) => (first + i) % QUEUE_SHARDS);
}
