/** The records of the memory store, with what finds them in order: ids of a partition, what is due, what has expired. It checks nothing. */
import { GARBAGE_AFTER_MS, QUEUE_SHARDS } from '../limits.ts';
import { compareUtf8 } from '../order.ts';
import { shardOf } from '../shard.ts';
import type { Due, DueRecord, RecordKey } from '../store.ts';
import { createSorted, type Sorted } from './sorted.ts';

export interface MemoryRow {
  text: string;
  version: string;
  expiresAt: number | null;
  due: Due | null;
  isFleeting: boolean;
}

interface Partition {
  rows: Map<string, MemoryRow>;
  ids: Sorted<string>;
}

/** A record at a time, epoch ms. */
interface Timed extends RecordKey {
  at: number;
}

/** Before every record of the same time. */
const FIRST = { partition: '', id: '' };

export function createMemoryRecords() {
  const partitions = new Map<string, Partition>();
  /** Of each queue its shards. */
  const queues = new Map<string, Sorted<Timed>[]>();
  /** By when they may be removed. */
  const ending = createSorted(compareTimed);

  function shardIn(queue: string, shard: number): Sorted<Timed> | undefined {
    return queues.get(queue)?.[shard];
  }

  function enter(key: RecordKey, { due, expiresAt, isFleeting }: MemoryRow): void {
    if (expiresAt !== null) ending.add({ ...key, at: removableAt(expiresAt, isFleeting) });
    if (due === null) return;
    if (!queues.has(due.queue)) {
      queues.set(
        due.queue,
        Array.from({ length: QUEUE_SHARDS }, () => createSorted(compareTimed)),
      );
    }
    shardIn(due.queue, shardOf(key))?.add({ ...key, at: due.at });
  }

  function leave(key: RecordKey, { due, expiresAt, isFleeting }: MemoryRow): void {
    if (expiresAt !== null) ending.remove({ ...key, at: removableAt(expiresAt, isFleeting) });
    if (due !== null) shardIn(due.queue, shardOf(key))?.remove({ ...key, at: due.at });
  }

  function rowOf({ partition, id }: RecordKey): MemoryRow | null {
    return partitions.get(partition)?.rows.get(id) ?? null;
  }

  return {
    rowOf,

    put({ partition, id }: RecordKey, row: MemoryRow): void {
      const { rows, ids } = partitions.get(partition) ?? { rows: new Map(), ids: createSorted(compareUtf8) };
      const standing = rows.get(id);
      if (standing === undefined) ids.add(id);
      else leave({ partition, id }, standing);
      rows.set(id, row);
      enter({ partition, id }, row);
      partitions.set(partition, { rows, ids });
    },

    remove({ partition, id }: RecordKey): void {
      const found = partitions.get(partition);
      const row = found?.rows.get(id);
      if (found === undefined || row === undefined) return;
      leave({ partition, id }, row);
      found.rows.delete(id);
      found.ids.remove(id);
      if (found.rows.size === 0) partitions.delete(partition);
    },

    /** Ids that begin with `prefix`, in order, those after `after`. Expired ones are among them. */
    *idsOf(partition: string, prefix: string, after: string | null): Generator<string> {
      const isBefore = after === null || compareUtf8(after, prefix) < 0;
      for (const id of partitions.get(partition)?.ids.from(isBefore ? prefix : after) ?? []) {
        if (id === after) continue;
        if (!id.startsWith(prefix)) return;
        yield id;
      }
    },

    /** What stands in a shard of a queue, by time, that is due later than `after`; null: all. Expired ones are among them. */
    *dueIn(queue: string, shard: number, after: number | null): Generator<DueRecord> {
      const least = after === null ? null : { ...FIRST, at: after + 1 };
      for (const { partition, id, at: dueAt } of shardIn(queue, shard)?.from(least) ?? [])
        yield { partition, id, dueAt };
    },

    /** Records that may be removed at `now`, `limit` at most, the earliest first. */
    removable(now: number, limit: number): RecordKey[] {
      const found: RecordKey[] = [];
      for (const { partition, id, at } of ending.from(null)) {
        if (at > now || found.length >= limit) break;
        found.push({ partition, id });
      }
      return found;
    },

    keys(): RecordKey[] {
      return [...partitions].flatMap(([partition, { rows }]) => [...rows.keys()].map((id) => ({ partition, id })));
    },
  };
}

function removableAt(expiresAt: number, isFleeting: boolean): number {
  return isFleeting ? expiresAt : expiresAt + GARBAGE_AFTER_MS;
}

function compareTimed(a: Timed, b: Timed): number {
  return a.at - b.at || compareUtf8(a.partition, b.partition) || compareUtf8(a.id, b.id);
}
