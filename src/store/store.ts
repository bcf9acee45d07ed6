/**
 * The store: reads, and one write. Every guarantee of the project comes from this interface and from nothing else; no
 * timer, no lock and no memory of a process is needed. `store/drivers/memory.ts` is its readable specification and
 * `src/store/contract/suite.ts` its contract suite, which every driver runs.
 *
 * It knows nothing of streams, feeds or principals: partitions, ids and log names are strings that its callers make.
 */
import type { StoredValue } from '../base/codec.ts';
import type { TidegateError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';

/** Opaque; never used twice. It is the id of the commit that wrote the record. */
export type Version = string;

/**
 * A position *between* two entries of one log, in the form of `cursor.ts`: it holds the log's epoch, or the end of it behind a
 * `~` (`isEpoch`), the place of the entry behind it, and a mark of the entry before it. Clients take it as opaque.
 */
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

/** An absent record; `version` is set where an expired record is still stored, so that a put can take it over. */
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
  /** The version that must be stored there; null: nothing may be stored there, not even an expired record. */
  expects: Version | null;
  expiresAt?: number | null;
  due?: Due | null;
  /**
   * Nothing is ever put under this key again, so the engine may remove the record as soon as it has expired. Only beside
   * `expiresAt`, and without `due`.
   */
  fleeting?: boolean;
}

export interface Delete extends RecordKey {
  kind: 'delete';
  expects: Version;
}

/**
 * Writes nothing; the commit fails unless the record has this version and has not expired. A lease is fenced with it.
 */
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
  /** Random, and the same on every retry of this commit, which makes a retry safe. */
  id: string;
  /** The caller's clock, whole epoch ms: expiry is compared with it, and appended entries are dated with it. */
  now: number;
  /**
   * Epoch ms by which the caller wants an answer. If the engine takes longer, the answer is `unknown`, and the engine may
   * still finish. If the deadline is not after `now`, nothing is sent, and the answer is `unknown` as well.
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
       * Every operation whose expectation did not hold, with what is stored there. This try wrote nothing. An earlier try
       * that answered `unknown` may still be on its way. It will meet a conflict too, but for two cases:
       * - it only expects nulls, and what is stored there is deleted before it arrives. A `check`, or a put that expects a
       *   version, rules this out, because versions never return;
       * - only a `check` failed, of a record that expired between the two tries and that nobody has taken over.
       */
      conflicts: { operation: number; found: Reading }[];
    }
  | {
      /** The commit may have taken effect, or may still do so. Repeat it under the same id, or read again. */
      status: 'unknown';
      cause: unknown;
    };

export interface LogEntry {
  value: Json;
  /** The position behind this entry: reading after it gives the next one. */
  cursor: Cursor;
  /** Epoch ms; never less than that of the entry before. */
  appendedAt: number;
}

export interface LogPage {
  entries: LogEntry[];
  /** The position before the first entry; `last` pages backwards from it. Null only where `cursor` is null. */
  start: Cursor | null;
  /** The position to read on from, also after an empty page. Null only for a log that never had an entry. */
  cursor: Cursor | null;
  /**
   * Entries between the given cursor and the first one returned are gone, or the cursor is of another epoch or beyond the
   * end, or another entry stands before it than stood there, because the engine went back to an earlier state. A page of `read` then begins at the log's oldest entry. A page of `last` then ends at the newest entry, or is
   * empty where all entries before the cursor are gone.
   */
  truncated: boolean;
  /** The position before the oldest entry that the log had when it was read; null where `cursor` is. */
  floor: Cursor | null;
  /**
   * The position behind the newest entry that the log had when it was read; null where `cursor` is. Who knows what stands
   * up to there need not ask whether there is more.
   */
  end: Cursor | null;
  /**
   * The record that was asked for beside the entries; absent where none was. It is as it stood at some moment of the
   * call, which need not be the moment of the entries.
   */
  beside?: Reading;
}

/** A record that a page of a log brings with it, so that no second call is needed. */
export interface Beside {
  record: RecordKey;
  /** The caller's clock, epoch ms: the record's expiry is compared with it. */
  now: number;
}

/** What stands in the place of an entry from then on. */
export interface Erasure {
  /** The `cursor` of the entry. */
  cursor: Cursor;
  /** At most `ERASED_BYTES` as JSON. */
  value: Json;
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

export interface DueOptions {
  now: number;
  /** At most `DUE_LIMIT`. */
  limit: number;
  from: number;
  after?: number;
}

export interface ListOptions {
  now: number;
  /** At most `LIST_LIMIT`. */
  limit: number;
  /** Only ids that begin with this. */
  prefix?: string;
  /** Only ids after this one: `next` of the page before. */
  after?: string;
  /** A record that the page brings with it, as `Beside` says. */
  beside?: RecordKey;
}

export interface RecordPage {
  records: StoredRecord[];
  /** The `after` of the next page; null: this is the last one. */
  next: string | null;
  /** The record that was asked for beside them; absent where none was. */
  beside?: Reading;
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

/** What one commit may hold: at most `PORTABLE_LIMITS`, at least a record of `RECORD_BYTES` and its lease. */
export interface StoreLimits {
  /** An append counts as the segments that it fills (`appendWeight`). */
  readonly commitOperations: number;
  /** Bytes of UTF-8: names as they are, and values as JSON. */
  readonly commitBytes: number;
}

/** Something that is wrong with a store, for its operator. */
export interface StoreFinding {
  /** What is wrong with which file, key or variable, its cause, and as `hint` what to do. */
  error: TidegateError;
  /** Whether the store cannot do its work until that is mended. */
  stops: boolean;
}

export interface RecordScan {
  /** In no order. Expired records may be among them. */
  records: StoredRecord[];
  /** The `after` of the next page; null: this is the last one. A page may be short or empty and have one. */
  next: string | null;
}

export interface LogScan {
  /** Names of logs, in no order. */
  logs: string[];
  next: string | null;
}

/** An entry as it stood in another store. */
export interface FilledEntry {
  value: Json;
  /** Epoch ms; never less than that of the entry before. */
  appendedAt: number;
}

export interface Filling {
  /** Of the log; the same with every call, and of no other log. */
  epoch: string;
  /** The place of the first of the entries. */
  place: number;
  /** At least one, at most `READ_LIMIT` of them and `FILL_BYTES` as JSON. */
  entries: readonly FilledEntry[];
}

/**
 * Reading all that is stored, and putting it into another store. No request needs it: drivers load it when it is called, and a bundle
 * for Workers or Lambda is without it. Counters and ids of commits are no part of it: they end by themselves.
 */
export interface StoreTransfer {
  /**
   * A page of all records of the app. A record that stands from the first page to the last is on one page at least, and may be on
   * several, in different versions. One that is put or deleted meanwhile may be missing.
   */
  records(after: string | null, limit: number): Promise<RecordScan>;
  /** A page of the names of all logs of the app, with the same guarantee. */
  logs(after: string | null, limit: number): Promise<LogScan>;
  /**
   * Appends entries at the places, and with the append times, that they had in another store. A log that is not there begins with
   * the first of them, in the given epoch: what lies before its place reads as trimmed. After a failure the first of them may be
   * written, and nothing behind a hole: `extent` tells.
   * `false`: the log stands elsewhere, by its epoch or its end, and nothing was written. Nobody else may write to the log meanwhile.
   */
  fill(log: string, filling: Filling): Promise<boolean>;
  /**
   * Removes a log with all that it holds, its name too: what is appended later begins one in another epoch. Nobody else may write to it
   * meanwhile. After a failure a part of it may be gone: the same call again removes the rest.
   */
  drop(log: string): Promise<void>;
}

/**
 * Each read is strongly consistent per record and per log: it sees every commit that was answered before it began. No
 * snapshot is promised across records: `getMany` and `list` may see some effects of a commit and not yet others.
 * An engine that cannot be reached makes reads throw `store_unavailable`, and `commit` answer `unknown`. What an engine refuses
 * for certain is thrown by every call, also by `commit`, which then has written nothing: `store_full`, `store_damaged`.
 */
export interface Store {
  /** For error messages and metrics: `memory`, `sqlite`, `redis`, … */
  readonly name: string;
  /** The engine's own limits where they are narrower than the portable ones. Callers that batch keep to these. */
  readonly limits: StoreLimits;
  /**
   * True: when the driver opened the engine, it found signs that this is an earlier state than it once had, such as a copy that was
   * put back. Absent or false: there are none that it can see.
   */
  readonly putBack?: boolean;

  get(key: RecordKey, now: number): Promise<Reading>;
  /** In the order of `keys`, at most `GET_MANY_LIMIT` of them. Not atomic. */
  getMany(keys: readonly RecordKey[], now: number): Promise<Reading[]>;
  /**
   * Live records in id order. A page may be short or empty and have a `next`; the last one's is null. It ends behind the record with
   * which its values have `LIST_BYTES` at the latest. Not atomic.
   */
  list(partition: string, options: ListOptions): Promise<RecordPage>;
  /**
   * Records of a queue that are due at `now`. The answer is a hint and may be stale: it may miss records that are due and
   * name others that no longer are, so a worker claims a record with a commit. It begins at shard `from` (0 to 15; any
   * other number is taken modulo 16), so that workers who start at random shards seldom meet. Within a shard the records
   * that have been due for longest come first. With `after` (epoch ms) it answers, instead, what becomes due later than that,
   * however far ahead: what a clock that was wrong has put there is found in no other way.
   */
  due(queue: string, options: DueOptions): Promise<DueRecord[]>;

  /** Entries after `after` (null: all), oldest first, `READ_LIMIT` at most. Fewer than `limit`: there are no more. */
  read(log: string, after: Cursor | null, limit: number, beside?: Beside): Promise<LogPage>;
  /** As `read`, but the newest `n` entries before `before` (null or absent: the end). */
  last(log: string, n: number, before?: Cursor | null, beside?: Beside): Promise<LogPage>;
  /** The cursor before the first entry appended at or after `time`, else the end; null for a log without entries. It does not know what stands before it. */
  seek(log: string, time: number): Promise<Cursor | null>;
  extent(log: string): Promise<LogExtent>;

  /**
   * All operations take effect, or none. At most one operation for a record and one append for a log. Limits
   * (`limits.ts`) are checked before anything is sent and throw `too_large` or `invalid_input`. Where the engine cannot
   * answer now, the result is `unknown`. Where it refuses a request as wrong, that is a defect of ours and throws `internal`.
   * Repeating a commit with the same id within `COMMIT_MEMORY_MS` answers what the first one did, and writes nothing twice.
   */
  commit(operations: readonly Operation[], options: CommitOptions): Promise<CommitResult>;

  /**
   * Adds a whole number to a counter, whose key has 1 to 512 bytes of UTF-8, and answers the new number; a counter that is
   * absent or expired begins at 0. It stops at the greatest and the least number that a double holds exactly (2^53 - 1).
   * A call counts once at most, also where its answer is lost: a driver never repeats it. Whoever repeats it may count twice: for
   * limits and metrics only. `expiresAt` is set when the counter begins.
   */
  add(key: string, amount: number, options: { now: number; expiresAt: number }): Promise<number>;

  /**
   * Raises the log's floor, then removes what lies below it, `limit` entries at most; what is left over is already
   * unreadable and goes in a later call. The newest entry always stays. Safe to run twice, or beside readers and writers.
   */
  trim(log: string, trim: Trim): Promise<{ removed: number; more: boolean }>;

  /**
   * Puts other values in the place of entries, at most `READ_LIMIT` of them, and keeps the former values nowhere. Places,
   * cursors and append times stay as they are. Entries that were trimmed are passed over, and so are cursors of another
   * epoch. After a failure some values may be replaced and others not: the same call again replaces the others. Safe
   * beside readers, writers and trims. With no erasures it only lets the engine forget what was replaced and deleted by
   * now, where it keeps that for itself.
   */
  erase(log: string, erasures: readonly Erasure[]): Promise<void>;

  /** Removes what expired long ago (`GARBAGE_AFTER_MS`), what is fleeting and has expired, and old commit ids. Engines with a TTL do nothing. */
  collect(now: number, limit: number): Promise<{ removed: number }>;

  /** One round trip; throws `store_unavailable`. */
  ping(): Promise<void>;

  /**
   * What this driver knows to be wrong beyond what `ping` and a write show, or found out now. `thorough`: it may take as
   * long as reading all that is stored. Absent: it knows no more. Errors as `ping`. Callers use `examine` of `examine.ts`.
   */
  findings?: (options: { now: number; thorough?: boolean }) => Promise<StoreFinding[]>;

  /**
   * Reads all that is stored, and fills an empty store. Absent, or undefined: this driver cannot. It may reject where
   * a bundle left its code out. Callers use `transferOf`.
   */
  transfer?: () => Promise<StoreTransfer | undefined>;

  /**
   * A view of the same store that calls `onRequest` for every request that it sends to its engine, repeated ones too; of calls
   * that share a request, for each, as if it were alone. `onRequest` does not throw. The view is for one caller, cheap to make and never closed. Absent where calls send no requests (memory, sqlite).
   */
  observed?: (onRequest: () => void) => Store;
  close(): Promise<void>;
}
