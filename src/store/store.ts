/**
 * The store: reads, and one write. Every guarantee of the project comes from this interface and from nothing else; no
 * timer, no lock and no memory of a process is needed. `store/drivers/memory.ts` is its readable specification and
 * `src/store/contract/suite.ts` its contract suite, which every driver runs.
 *
 * It knows nothing of streams, feeds or principals: partitions, ids and log names are strings that its callers make.
 */
import type { StoredValue } from '../base/codec.ts';
import type { Json } from '../base/json.ts';

/** Opaque; never used twice. It is the id of the commit that wrote the record. */
export type Version = string;

/** Opaque; a position *between* two entries of one log. It carries the log's epoch. */
export type Cursor = string;

export interface RecordKey {
  /** 1 to 256 bytes of UTF-8. */
  partition: string;
  /** 1 to 512 bytes of UTF-8; lists are in the order of its UTF-8 bytes. */
  id: string;
}

/** Makes a record visible in `due(queue, …)` from `at` on (epoch ms), until it is put again or deleted. */
export interface Due {
  queue: string;
  at: number;
}

export interface StoredRecord extends RecordKey {
  value: StoredValue;
  version: Version;
  /** Epoch ms from which on the record reads as absent; null: never. */
  expiresAt: number | null;
  due: Due | null;
}

/** An absent record; `version` is set where an expired one still stands, so that a put can take it over. */
export interface Absent extends RecordKey {
  value: null;
  version: Version | null;
}

export type Reading = StoredRecord | Absent;

/** Whether a reading found a live record. A record's value is never bare `null`. */
export function isPresent(reading: Reading): reading is StoredRecord {
  return reading.value !== null;
}

export interface Put extends RecordKey {
  kind: 'put';
  /** Not null; at most `RECORD_BYTES` as JSON. */
  value: StoredValue;
  /** The version that must stand there; null: nothing may stand there, not even an expired record. */
  expects: Version | null;
  expiresAt?: number | null;
  due?: Due | null;
}

export interface Delete extends RecordKey {
  kind: 'delete';
  expects: Version;
}

/** Writes nothing; the commit fails unless the record has this version and has not expired. A lease is fenced with it. */
export interface Check extends RecordKey {
  kind: 'check';
  expects: Version;
}

export interface Append {
  kind: 'append';
  /** Name of the log, 1 to 256 bytes of UTF-8. */
  log: string;
  /** At least one. They take dense places in this order, and are read all or none. */
  entries: readonly Json[];
}

export type Operation = Put | Delete | Check | Append;

export interface CommitOptions {
  /** Random, and the same on every retry of this commit: it is what makes a retry safe. */
  id: string;
  /** The caller's clock, whole epoch ms: expiry is compared with it, and appended entries are dated with it. */
  now: number;
  /**
   * Epoch ms by which an answer is wanted; an engine that takes longer is left to itself, and the answer is `unknown`.
   * Where it is not after `now` nothing is sent, and the answer is `unknown` as well.
   */
  deadline: number;
}

export type CommitResult =
  | {
      status: 'committed';
      /** The version of every record that this commit put. */
      version: Version;
      /** For each log appended to, the cursor behind its last new entry. */
      cursors: Record<string, Cursor>;
    }
  | {
      status: 'conflict';
      /**
       * Every operation whose expectation did not hold, with what stands there. Nothing was written by this try; an
       * earlier one that answered `unknown` and is still on its way would find the same, unless it only expects nulls
       * and what stands there is deleted before it arrives. Versions never return, so a `check` or a put on a version rules
       * that out; but where nothing failed other than a `check` of what expired between the two tries, and nobody has taken
       * it over, the earlier one may still take effect.
       */
      conflicts: { operation: number; found: Reading }[];
    }
  | {
      /** It may have taken effect, or may yet. Repeat the same commit, or read again. */
      status: 'unknown';
      cause: unknown;
    };

export interface LogEntry {
  value: Json;
  /** Behind this entry: reading after it gives the next one. */
  cursor: Cursor;
  /** Never less than that of the entry before. Epoch ms. */
  appendedAt: number;
}

export interface LogPage {
  entries: LogEntry[];
  /** Before the first entry of the page: what `last` is given to page backwards. Null only where `cursor` is. */
  start: Cursor | null;
  /** Behind the last entry: where to go on reading, also when there was nothing; null only for a log that never had an entry. */
  cursor: Cursor | null;
  /**
   * Entries between the given cursor and the first one returned are gone, or the cursor is of another epoch or beyond
   * the end. A page of `read` then begins at the log's oldest entry, one of `last` ends at the newest (or is empty,
   * where all that stood before the cursor is gone).
   */
  truncated: boolean;
}

/** The extent of a log. `start` and `end` are null for a log that never had an entry. */
export interface LogExtent {
  start: Cursor | null;
  end: Cursor | null;
  count: number;
  /** Append time of the newest entry, epoch ms. */
  newestAt: number | null;
}

export interface DueRecord extends RecordKey {
  dueAt: number;
}

export interface ListOptions {
  now: number;
  /** At most `LIST_LIMIT`. */
  limit: number;
  /** Only ids that begin with this. */
  prefix?: string;
  /** Only ids after this one: `next` of the page before. */
  after?: string;
}

export interface Trim {
  now: number;
  /** Entries appended before this time may go (epoch ms). */
  appendedBefore?: number;
  /** All but the newest `keep` entries may go. */
  keep?: number;
  /** At most this many entries are removed in this call. */
  limit: number;
}

/** What one commit may hold; never more than `PORTABLE_LIMITS`, and never less than one record of `RECORD_BYTES` and its lease. */
export interface StoreLimits {
  /** An append counts as the segments that it fills (`appendWeight`). */
  readonly commitOperations: number;
  /** Names as they are and values as JSON, in UTF-8. */
  readonly commitBytes: number;
}

/**
 * Each read is strongly consistent per record and per log: it sees every commit that was answered before it began. No
 * snapshot is promised across records: `getMany` and `list` may see some effects of a commit and not yet others.
 * An engine that cannot be reached makes reads throw `store_unavailable`, and `commit` answer `unknown`.
 */
export interface Store {
  /** For error messages and metrics: `memory`, `sqlite`, `redis`, … */
  readonly name: string;
  /** The engine's own, where narrower than the portable ones: whoever batches, batches by these. */
  readonly limits: StoreLimits;

  get(key: RecordKey, now: number): Promise<Reading>;
  /** In the order of `keys`, at most `GET_MANY_LIMIT` of them. Not atomic. */
  getMany(keys: readonly RecordKey[], now: number): Promise<Reading[]>;
  /** Live records of a partition in id order. A page may be short, or empty, and have a `next`; the last one's is null. Not atomic. */
  list(partition: string, options: ListOptions): Promise<{ records: StoredRecord[]; next: string | null }>;
  /**
   * Records of a queue that are due at `now`. It may be stale both ways (a hint: claim with a commit), and begins at
   * shard `from` (0 to 15; any other number is taken modulo 16) so that workers who start at random ones seldom meet.
   * Within a shard the longest due come first.
   */
  due(queue: string, options: { now: number; limit: number; from: number }): Promise<DueRecord[]>;

  /** Entries after `after` (null: from the oldest on), oldest first. `limit` is at most `READ_LIMIT`; fewer mean that there were no more. */
  read(log: string, after: Cursor | null, limit: number): Promise<LogPage>;
  /** The newest `n` entries that stand before `before` (null or absent: the end), oldest first. At most `READ_LIMIT`; fewer mean that there were no more. */
  last(log: string, n: number, before?: Cursor | null): Promise<LogPage>;
  /** Cursor before the first entry appended at or after `time`; the end where there is none; null for an empty log. */
  seek(log: string, time: number): Promise<Cursor | null>;
  extent(log: string): Promise<LogExtent>;

  /**
   * All operations take effect, or none. At most one operation for a record and one append for a log. Limits
   * (`limits.ts`) are checked before anything is sent and throw `too_large` or `invalid_input`. What the engine cannot
   * answer for now is `unknown`; what it refuses of what we sent is a fault of ours and throws `internal`.
   * Repeating a commit with the same id within `COMMIT_MEMORY_MS` answers what the first one did, and writes nothing twice.
   */
  commit(operations: readonly Operation[], options: CommitOptions): Promise<CommitResult>;

  /**
   * Adds a whole number to a counter, whose key has 1 to 512 bytes of UTF-8, and answers the new number; a counter that is
   * absent or expired begins at 0. It stops at the greatest and the least number that a double holds exactly (2^53 - 1).
   * After a lost answer a retry may count twice: for limits and metrics only. `expiresAt` is set when the counter begins.
   */
  add(key: string, amount: number, options: { now: number; expiresAt: number }): Promise<number>;

  /**
   * Raises the log's floor, then removes what lies below it, `limit` entries at most; what is left over is already
   * unreadable and goes in a later call. The newest entry always stays. Safe to run twice, or beside readers and writers.
   */
  trim(log: string, trim: Trim): Promise<{ removed: number; more: boolean }>;

  /** Collects what expired long ago (`GARBAGE_AFTER_MS`) and forgotten commit ids; engines with a TTL of their own do nothing. */
  collect(now: number, limit: number): Promise<{ removed: number }>;

  /** One round trip; throws `store_unavailable`. */
  ping(): Promise<void>;

  /**
   * The same store, which calls `onRequest` for every request that it sends to its engine, repeated ones too: a view for one
   * caller, cheap to make and never closed. Absent where a call is no request of its own (memory, sqlite).
   */
  observed?: (onRequest: () => void) => Store;
  close(): Promise<void>;
}
