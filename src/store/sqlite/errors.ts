/**
 * What an error of SQLite means: the engine is not available, its disk is full, its file is damaged, or we asked it for
 * something wrong. It repeats nothing.
 */
import { readFileSync, statSync } from 'node:fs';
import { innermostReason, TidegateError } from '../../base/errors.ts';

const BUSY = new Set([5, 6]);
const CORRUPT = 11;
const NO_DATABASE = 26;
const FULL = 13;
/** A file of the index of the write-ahead log could not grow. */
const SHARED_MEMORY_FULL = 4874;
/** A file could not be written to. SQLite says so too where the file has the greatest size that its process may make (EFBIG). */
const WRITE_FAILED = 778;
/** A write that such a bound refuses leaves less than this of the room below it: a page, and the head of its frame. */
const LEFT_BYTES = 65_536;
/** Codes by which SQLite reports that its file may not be written, is damaged or is no database. */
const DAMAGED: Record<number, string> = {
  8: 'may not be written',
  [CORRUPT]: 'is damaged',
  [NO_DATABASE]: 'is not a database',
};
/** The other primary result codes by which SQLite reports trouble with itself, its file or its disk. */
const UNAVAILABLE = new Set([
  7, // no memory
  9, // interrupted
  10, // input or output
  14, // cannot open
  15, // locking protocol
]);

export const MEND_FULL = 'make room on its disk, or let streams keep less (retention)';
const MEND_BOUND = 'raise that bound (`ulimit -f`), or let streams keep less (retention)';
export const MEND_DAMAGED =
  'stop what uses it, keep a copy, and put a backup in its place; `sqlite3 FILE .recover` saves what can be read';
const MEND_LOCKED = 'end the program that holds it, such as a shell of sqlite3 or a backup; `fuser -v FILE` names it';

/** The extended result code; null for an error that SQLite did not report. */
function codeOf(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : null;
}

/** The primary result code; 0 for an error that SQLite did not report. */
function primaryOf(error: unknown): number {
  return (codeOf(error) ?? 0) & 0xff;
}

/** Whether another process, or another connection, holds a lock. Nothing was done. */
export function isBusy(error: unknown): boolean {
  return BUSY.has(primaryOf(error));
}

/** Whether the file is the right one, and cannot be used as it is: it is locked, damaged, or there is no room for it. */
export function isOfFile(error: unknown): boolean {
  return isBusy(error) || isFull(error) || primaryOf(error) === CORRUPT;
}

/** Whether what stands in the file is wrong, which does not pass by itself. */
export function isDamage(error: unknown): boolean {
  return [CORRUPT, NO_DATABASE].includes(primaryOf(error));
}

function isFull(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return primaryOf(error) === FULL || codeOf(error) === SHARED_MEMORY_FULL || code === 'ENOSPC' || code === 'EDQUOT';
}

/**
 * `store_full` and `store_damaged` where SQLite refused for certain and wrote nothing; `store_unavailable` where the engine
 * failed otherwise, is locked or was closed; `internal` where it was asked for something wrong.
 * @param holder who holds the lock, as ` by process 7`, where it is known
 */
export function toStoreError(cause: unknown, path: string, holder = ''): TidegateError {
  if (cause instanceof TidegateError) return cause;
  const primary = primaryOf(cause);
  const reason = innermostReason(cause);
  const bound = codeOf(cause) === WRITE_FAILED ? boundMet(path) : null;
  if (bound !== null) {
    const details = { hint: MEND_BOUND, retryAfterMs: 10_000, cause };
    const message = `there is no room for ${path}: this process may make no file larger than ${bound} bytes`;
    return new TidegateError('store_full', message, details);
  }
  if (isFull(cause)) {
    const details = { hint: MEND_FULL, retryAfterMs: 10_000, cause };
    return new TidegateError('store_full', `there is no room for ${path}: ${reason}`, details);
  }
  const damage = DAMAGED[primary];
  if (damage !== undefined) {
    return new TidegateError('store_damaged', `the file ${path} ${damage}: ${reason}`, { hint: MEND_DAMAGED, cause });
  }
  if (BUSY.has(primary)) {
    const details = { hint: MEND_LOCKED, retryAfterMs: 1_000, cause };
    return new TidegateError('store_unavailable', `${path} is locked${holder}: ${reason}`, details);
  }
  if (UNAVAILABLE.has(primary) || (cause as { code?: unknown } | null)?.code === 'ERR_INVALID_STATE') {
    const message = `the sqlite store ${path} cannot be used: ${reason}`;
    return new TidegateError('store_unavailable', message, { retryAfterMs: 1_000, cause });
  }
  return new TidegateError('internal', `the sqlite store refused what it was asked: ${reason}`, { cause });
}

/** The greatest size of a file, bytes, that this process may make and one of the files has; null: there is none, or it is not told. */
function boundMet(path: string): number | null {
  try {
    const bound = Number(/^Max file size\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
    const sizes = [path, `${path}-wal`].map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    return sizes.some((size) => size > bound - LEFT_BYTES) ? bound : null;
  } catch {
    return null;
  }
}
