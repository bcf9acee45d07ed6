/**
 * The portable limits are those of the narrowest engine. Every driver keeps them, so that callers stay as they are when an
 * engine is added. An append counts as many operations as the segments that DynamoDB would pack it into.
 */
import { TidegateError } from '../base/errors.ts';
import { type Json, utf8Bytes } from '../base/json.ts';
import { decodeCursor, type Position } from './cursor.ts';
import type { CommitOptions, CommitResult, Erasure, Operation, Put, StoreLimits } from './store.ts';

/** Most operations in a commit on any engine; a driver may state less in `Store.limits`. */
export const COMMIT_OPERATIONS = 90;
/**
 * Most bytes in a commit on any engine: names as they are, values as JSON. A driver may state less in `Store.limits`.
 */
export const COMMIT_BYTES = 3_500_000;
/** Most bytes of a record's value, and of an entry's, as JSON. */
export const RECORD_BYTES = 350_000;
export const SEGMENT_ENTRIES = 100;
export const SEGMENT_BYTES = 64 * 1024;
export const PARTITION_BYTES = 256;
export const ID_BYTES = 512;
export const GET_MANY_LIMIT = 100;
export const LIST_LIMIT = 1_000;
/** A page of a list ends behind the record with which its values have so many bytes of JSON. */
export const LIST_BYTES = 1_000_000;
export const DUE_LIMIT = 1_000;
export const READ_LIMIT = 1_000;
/** Most bytes of entries, as JSON, in one call of `fill`; a single entry may have more. */
export const FILL_BYTES = 256 * 1024;
export const COMMIT_ID_BYTES = 128;
/** Most bytes of the value that an erased entry leaves, as JSON. */
export const ERASED_BYTES = 256;
export const QUEUE_SHARDS = 16;
/** How long a repeated commit is recognised as the same one. */
export const COMMIT_MEMORY_MS = 10 * 60_000;
/** How long a ping may take. It is short, because whoever pings wants to know soon. */
export const PING_MS = 3_000;
/** For at least this long after its expiry a record reads as absent with its version. */
export const GARBAGE_AFTER_MS = 24 * 3_600_000;

export const PORTABLE_LIMITS: StoreLimits = { commitOperations: COMMIT_OPERATIONS, commitBytes: COMMIT_BYTES };

/** How many entries are in each of the segments that an append fills. */
export function segmentCounts(entryBytes: readonly number[]): number[] {
  const counts: number[] = [];
  let entries = 0;
  let bytes = 0;
  for (const size of entryBytes) {
    if (entries > 0 && (entries >= SEGMENT_ENTRIES || bytes + size > SEGMENT_BYTES)) {
      counts.push(entries);
      entries = 0;
      bytes = 0;
    }
    entries += 1;
    bytes += size;
  }
  return entries > 0 ? [...counts, entries] : counts;
}

/** How many operations an append counts for: the segments that its entries fill. */
export function appendWeight(entryBytes: readonly number[]): number {
  return segmentCounts(entryBytes).length;
}

/**
 * Throws `too_large` or `invalid_input` for a commit that the engine, or some other engine, could not take; otherwise
 * answers each operation's values as JSON text (one for a put, one per entry for an append), so that drivers do not
 * encode twice.
 */
export function checkCommit(
  operations: readonly Operation[],
  { id, now }: Pick<CommitOptions, 'id' | 'now'>,
  limits: StoreLimits = PORTABLE_LIMITS,
): string[][] {
  checkName(id, 'options.id', COMMIT_ID_BYTES);
  checkWhole(now, 'options.now');
  if (operations.length === 0) throw new TidegateError('invalid_input', 'a commit needs at least one operation');
  const taken = new Set<string>();
  let weight = 0;
  let bytes = 0;
  const encoded = operations.map((operation, index) => {
    const field = `operations[${index}]`;
    const target = targetOf(operation);
    if (taken.has(target)) {
      throw new TidegateError('invalid_input', `operation ${index} is the second one on the same target in a commit`, {
        field,
        expected: 'one operation per record and one append per log',
      });
    }
    taken.add(target);
    bytes += operation.kind === 'append' ? checkLog(operation.log, `${field}.log`) : checkKey(operation, field);
    if (operation.kind === 'put') checkTimes(operation, field);
    const values = encode(operation, field);
    const sizes = values.map(utf8Bytes);
    for (const size of sizes) {
      if (size > RECORD_BYTES) throw tooLarge(`operation ${index}: ${size} bytes`, `at most ${RECORD_BYTES} bytes`);
      bytes += size;
    }
    weight += operation.kind === 'append' ? appendWeight(sizes) : 1;
    return values;
  });
  const { commitOperations, commitBytes } = limits;
  if (weight > commitOperations) throw tooLarge(`${weight} operations`, `at most ${commitOperations} a commit`);
  if (bytes > commitBytes) throw tooLarge(`${bytes} bytes`, `at most ${commitBytes} a commit`);
  return encoded;
}

/** The answer to a commit whose deadline has passed before it is sent; null where there is time. */
export function tooLate({ now, deadline }: CommitOptions): CommitResult | null {
  if (deadline > now) return null;
  return { status: 'unknown', cause: new Error('the deadline had passed before it was sent') };
}

/** A counter's new number: it stops at what a double holds exactly. */
export function counted(total: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, total));
}

/** Answers how many bytes the key has. @throws TidegateError `invalid_input` */
export function checkKey(key: { partition: string; id: string }, field = 'key'): number {
  return checkName(key.partition, `${field}.partition`, PARTITION_BYTES) + checkName(key.id, `${field}.id`, ID_BYTES);
}

/** Throws `invalid_input` for a wrong key or too many of them. */
export function checkKeys(keys: readonly { partition: string; id: string }[]): void {
  if (keys.length > GET_MANY_LIMIT) {
    const expected = `at most ${GET_MANY_LIMIT} keys`;
    throw new TidegateError('invalid_input', `${keys.length} keys were asked for at once`, { field: 'keys', expected });
  }
  keys.forEach((key, index) => checkKey(key, `keys[${index}]`));
}

/** Throws `invalid_input` for what no list can be asked for. */
export function checkList(
  partition: string,
  { limit, beside }: { limit: number; beside?: { partition: string; id: string } | undefined },
): void {
  checkName(partition, 'partition', PARTITION_BYTES);
  checkCount(limit, LIST_LIMIT, 'limit');
  if (beside !== undefined) checkKey(beside, 'beside');
}

/** Throws `invalid_input` for what no queue can be asked for. */
export function checkDue(queue: string, { limit }: { limit: number }): void {
  checkName(queue, 'queue', PARTITION_BYTES);
  checkCount(limit, DUE_LIMIT, 'limit');
}

/** Answers how many bytes the log's name has. @throws TidegateError `invalid_input` */
export function checkLog(log: string, field = 'log'): number {
  return checkName(log, field, PARTITION_BYTES);
}

/**
 * The places of the entries that are erased, with the JSON of what stands there from then on.
 * @throws TidegateError `bad_cursor`; `invalid_input`, `too_large` for too many of them, or a value above its limit
 */
export function checkErasures(erasures: readonly Erasure[]): (Position & { text: string })[] {
  if (erasures.length > 0) checkCount(erasures.length, READ_LIMIT, 'erasures');
  return erasures.map(({ cursor, value }, index) => {
    const { epoch, place } = decodeCursor(cursor);
    const text = textOf(value, `erasures[${index}].value`);
    const bytes = utf8Bytes(text);
    if (bytes > ERASED_BYTES) throw tooLarge(`erasure ${index}: ${bytes} bytes`, `at most ${ERASED_BYTES} bytes`);
    // The cursor of an entry stands behind it.
    return { epoch, place: place - 1, text };
  });
}

/** Throws `invalid_input` unless `value` is a whole number from 1 to `most`. */
export function checkCount(value: number, most: number, field: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new TidegateError('invalid_input', `${field} is ${value}`, {
    field,
    expected: `a whole number from 1 to ${most}`,
  });
}

/** Throws `invalid_input` unless `value` is a whole number that a double holds exactly. */
export function checkWhole(value: number, field: string): void {
  if (Number.isSafeInteger(value)) return;
  throw new TidegateError('invalid_input', `${field} is ${value}`, { field, expected: 'a whole number' });
}

/** Whether an id can begin with this text. What someone typed may be longer than any id, or end in half a character. */
export function isPrefix(text: string): boolean {
  return utf8Bytes(text) <= ID_BYTES && text.isWellFormed();
}

/** Throws `invalid_input` for a key, an amount or an expiry that no counter can have. */
export function checkCounter(key: string, amount: number, expiresAt: number): void {
  checkName(key, 'key', ID_BYTES);
  checkWhole(amount, 'amount');
  checkWhole(expiresAt, 'expiresAt');
}

/**
 * Answers how many bytes a name has: 1 to `most`, of well-formed Unicode, since a lone surrogate has no form in UTF-8.
 */
function checkName(name: string, field: string, most: number): number {
  const bytes = utf8Bytes(name);
  if (bytes < 1 || bytes > most || !name.isWellFormed()) {
    throw new TidegateError('invalid_input', `${field} has ${bytes} bytes, or is not well-formed Unicode`, {
      field,
      expected: `1 to ${most} bytes of UTF-8`,
    });
  }
  return bytes;
}

function checkTimes(put: Put, field: string): void {
  if (put.expiresAt !== undefined && put.expiresAt !== null) checkWhole(put.expiresAt, `${field}.expiresAt`);
  if (!put.due) return;
  checkName(put.due.queue, `${field}.due.queue`, PARTITION_BYTES);
  checkWhole(put.due.at, `${field}.due.at`);
}

function targetOf(operation: Operation): string {
  if (operation.kind === 'append') return `log ${operation.log}`;
  return `record ${operation.partition.length} ${operation.partition}${operation.id}`;
}

function encode(operation: Operation, field: string): string[] {
  if (operation.kind === 'put') {
    const text = textOf(operation.value, `${field}.value`);
    if (text === 'null') throw new TidegateError('invalid_input', `${field} puts a bare null`, { field });
    return [text];
  }
  if (operation.kind !== 'append') return [];
  if (operation.entries.length === 0) throw new TidegateError('invalid_input', `${field} appends nothing`, { field });
  return operation.entries.map((entry, index) => textOf(entry, `${field}.entries[${index}]`));
}

/** The value as JSON. Types do not keep out all that has none: `undefined`, a function, a bigint, a cycle. */
function textOf(value: Json, field: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  if (text !== undefined) return text;
  throw new TidegateError('invalid_input', `${field} has no JSON`, { field, expected: 'a JSON value' });
}

function tooLarge(found: string, expected: string): TidegateError {
  return new TidegateError('too_large', `the commit is too large: ${found}`, { expected });
}
