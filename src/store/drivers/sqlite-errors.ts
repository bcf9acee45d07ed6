/**
 * What an error of SQLite means: the engine is not available, or we asked it for something wrong. It repeats nothing.
 */
import { TidegateError } from '../../base/errors.ts';

/** The primary result codes by which SQLite reports trouble with itself, its file or its disk. */
const ENGINE_CODES: ReadonlySet<number> = new Set([
  5, // busy
  6, // locked
  7, // no memory
  8, // read only
  9, // interrupted
  10, // input or output
  11, // corrupt
  13, // full
  14, // cannot open
  15, // locking protocol
  26, // no database
]);

/**
 * Whether the engine failed, or was closed. Any other error comes from what it was given: a constraint, a type, a wrong
 * statement.
 */
export function isOfEngine(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  if (code === 'ERR_INVALID_STATE') return true;
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' && ENGINE_CODES.has(errcode & 0xff);
}

/**
 * Does the work. @throws TidegateError `store_unavailable` where the engine failed, `internal` where it was asked for
 * something wrong.
 */
export function reached<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!isOfEngine(cause)) throw ownFault(cause);
    throw new TidegateError('store_unavailable', 'the sqlite store could not be read', { retryAfterMs: 1_000, cause });
  }
}

/** The error for what the engine refused as wrong. */
export function ownFault(cause: unknown): TidegateError {
  return new TidegateError('internal', 'the sqlite store refused what it was asked', { cause });
}
