/**
 * A chunk: what one commit takes of a feed's batch. It gathers entries of several logs within the store's limits, and
 * leaves room for the puts that go with each append. Pure.
 */
import type { Json } from '../../base/json.ts';
import { SEGMENT_BYTES, SEGMENT_ENTRIES } from '../../store/limits.ts';
import type { Append, StoreLimits } from '../../store/store.ts';

export interface ChunkEntry {
  log: string;
  value: Json;
  /** Bytes of its JSON in UTF-8. */
  bytes: number;
  /** Puts that go with an append to this log, such as that of its fence. Default: none. */
  puts?: number;
}

/** Bytes that such a put takes of a commit: its names and its value. */
const PUT_BYTES = 1_024;

export interface Chunk {
  /** Keeps this many bytes of the commit free for the feed's record. */
  reserve(bytes: number): void;
  /** Adds all entries, or adds none and returns false: the chunk is full, or, if it is empty, no commit can hold them. */
  add(entries: readonly ChunkEntry[]): boolean;
  isEmpty(): boolean;
  /** Ends the chunk and returns its appends, one for each log. The next chunk begins empty. */
  drain(): Append[];
}

interface Gathered {
  values: Json[];
  /** Entries in the last segment. */
  entries: number;
  bytes: number;
}

export function createChunk(limits: StoreLimits): Chunk {
  // Beside the feed's record, and the hint of how the feed is.
  const mostWeight = limits.commitOperations - 2;
  let mostBytes = limits.commitBytes;
  let logs = new Map<string, Gathered>();
  let weight = 0;
  let bytes = 0;

  function append({ log, value, bytes: size, puts = 0 }: ChunkEntry): void {
    let appends = logs.get(log);
    if (!appends) {
      // The segment counts as full, so that the first entry opens a new one.
      appends = { values: [], entries: SEGMENT_ENTRIES, bytes: 0 };
      logs.set(log, appends);
      bytes += log.length;
      weight += puts;
      bytes += puts * PUT_BYTES;
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
      const opened = new Map(entries.map(({ log, puts = 0 }) => [log, logs.has(log) ? 0 : puts]));
      const puts = [...opened.values()].reduce((sum, each) => sum + each, 0);
      if (bytes + size + puts * PUT_BYTES > mostBytes) return false;
      // Each entry may open a segment, but of any two segments one is full. So this count is never too low.
      const full = entries.length / SEGMENT_ENTRIES + (2 * size) / SEGMENT_BYTES;
      if (weight + puts + Math.min(entries.length, opened.size + Math.ceil(full)) > mostWeight) return false;
      for (const entry of entries) append(entry);
      return true;
    },
    isEmpty: () => logs.size === 0,
    drain() {
      const appends: Append[] = [...logs].map(([log, { values }]) => ({ kind: 'append', log, entries: values }));
      logs = new Map();
      weight = 0;
      bytes = 0;
      return appends;
    },
  };
}
