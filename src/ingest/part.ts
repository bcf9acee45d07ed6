/** One commit's worth of appends, gathered within the store's limits. Pure. */
import type { Json } from '../core/json.ts';
import { SEGMENT_BYTES, SEGMENT_ENTRIES } from '../store/limits.ts';
import type { Operation, StoreLimits } from '../store/store.ts';

export interface Entry {
  log: string;
  value: Json;
  /** Of its JSON in UTF-8. */
  bytes: number;
}

export interface Part {
  /** Leaves so many bytes of the commit to the feed's record. */
  reserve(bytes: number): void;
  /** Adds all of them, or none and answers false: the part is full; or, where it is empty, they fit no commit. */
  add(entries: readonly Entry[]): boolean;
  isEmpty(): boolean;
  /** Ends the part: its appends, one for each log; the next part begins empty. */
  drain(): Operation[];
}

interface Appends {
  values: Json[];
  /** Of the last segment. */
  entries: number;
  bytes: number;
}

export function createPart(limits: StoreLimits): Part {
  const mostWeight = limits.commitOperations - 1;
  let mostBytes = limits.commitBytes;
  let logs = new Map<string, Appends>();
  let weight = 0;
  let bytes = 0;

  function append({ log, value, bytes: size }: Entry): void {
    let appends = logs.get(log);
    if (!appends) {
      // As full, so that the first entry opens a segment.
      appends = { values: [], entries: SEGMENT_ENTRIES, bytes: 0 };
      logs.set(log, appends);
      bytes += log.length;
    }
    if (appends.entries >= SEGMENT_ENTRIES || appends.bytes + size > SEGMENT_BYTES) {
      weight += 1;
      appends.entries = 0;
      appends.bytes = 0;
    }
    appends.entries += 1;
    appends.bytes += size;
    appends.values.push(value);
    bytes += size;
  }

  return {
    reserve(reserved) {
      mostBytes = limits.commitBytes - reserved;
    },
    add(entries) {
      const size = entries.reduce((sum, entry) => sum + entry.bytes + entry.log.length, 0);
      if (bytes + size > mostBytes) return false;
      // Each entry may open a segment, but of two segments one is full: the count is cautious by as much.
      const targets = new Set(entries.map(({ log }) => log)).size;
      const full = entries.length / SEGMENT_ENTRIES + (2 * size) / SEGMENT_BYTES;
      if (weight + Math.min(entries.length, targets + Math.ceil(full)) > mostWeight) return false;
      for (const entry of entries) append(entry);
      return true;
    },
    isEmpty: () => logs.size === 0,
    drain() {
      const operations: Operation[] = [...logs].map(([log, { values }]) => ({ kind: 'append', log, entries: values }));
      logs = new Map();
      weight = 0;
      bytes = 0;
      return operations;
    },
  };
}
