/**
 * The portable limits: those of the narrowest engine, held on every engine, so that no caller has to be rewritten when
 * another is added. An append weighs as many operations as the segments it would be packed into.
 */
import { TidegateError } from '../core/errors.ts';
import { utf8Bytes } from '../core/json.ts';
import type { Operation } from './store.ts';

export const COMMIT_OPERATIONS = 90;
export const COMMIT_BYTES = 3_500_000;
export const RECORD_BYTES = 350_000;
export const ENTRY_BYTES = RECORD_BYTES;
export const SEGMENT_ENTRIES = 100;
export const SEGMENT_BYTES = 64 * 1024;
export const PARTITION_BYTES = 256;
export const ID_BYTES = 512;
export const GET_MANY_LIMIT = 100;
export const LIST_LIMIT = 1_000;
export const READ_LIMIT = 1_000;
export const QUEUE_SHARDS = 16;
/** How long a repeated commit is recognised as the same one. */
export const COMMIT_MEMORY_MS = 10 * 60_000;
/** An expired record stays readable as "absent, with its version" at least this long. */
export const GARBAGE_AFTER_MS = 24 * 3_600_000;

/** How many operations an append counts for: the segments that its entries fill. */
export function appendWeight(entryBytes: readonly number[]): number {
  let segments = 0;
  let entries = SEGMENT_ENTRIES;
  let bytes = 0;
  for (const size of entryBytes) {
    if (entries >= SEGMENT_ENTRIES || bytes + size > SEGMENT_BYTES) {
      segments += 1;
      entries = 0;
      bytes = 0;
    }
    entries += 1;
    bytes += size;
  }
  return segments;
}

/**
 * Throws `too_large` or `invalid_input` for a commit that some engine could not take; otherwise answers each
 * operation's values as JSON text (one for a put, one per entry for an append), so that drivers do not encode twice.
 */
export function checkCommit(operations: readonly Operation[]): string[][] {
  if (operations.length === 0) throw new TidegateError('invalid_input', 'a commit needs at least one operation');
  const taken = new Set<string>();
  let weight = 0;
  let bytes = 0;
  const encoded = operations.map((operation, index) => {
    const target = operation.kind === 'append' ? `log ${operation.log}` : `${operation.partition}\u0000${operation.id}`;
    if (taken.has(target)) {
      throw new TidegateError('invalid_input', `operation ${index} is the second one on the same target in a commit`, {
        field: `operations[${index}]`,
        expected: 'one operation per record and one append per log',
      });
    }
    taken.add(target);
    if (operation.kind === 'append') checkName(operation.log, `operations[${index}].log`, PARTITION_BYTES);
    else checkKey(operation, `operations[${index}]`);
    const values = encode(operation, index);
    const sizes = values.map(utf8Bytes);
    for (const size of sizes) {
      if (size > RECORD_BYTES) throw tooLarge(`operation ${index}: ${size} bytes`, `at most ${RECORD_BYTES} bytes`);
      bytes += size;
    }
    weight += operation.kind === 'append' ? appendWeight(sizes) : 1;
    return values;
  });
  if (weight > COMMIT_OPERATIONS) throw tooLarge(`${weight} operations`, `at most ${COMMIT_OPERATIONS} a commit`);
  if (bytes > COMMIT_BYTES) throw tooLarge(`${bytes} bytes`, `at most ${COMMIT_BYTES} a commit`);
  return encoded;
}

export function checkKey(key: { partition: string; id: string }, field = 'key'): void {
  checkName(key.partition, `${field}.partition`, PARTITION_BYTES);
  checkName(key.id, `${field}.id`, ID_BYTES);
}

function checkName(name: string, field: string, most: number): void {
  const bytes = utf8Bytes(name);
  if (bytes < 1 || bytes > most) {
    throw new TidegateError('invalid_input', `${field} has ${bytes} bytes`, { field, expected: `1 to ${most} bytes` });
  }
}

function encode(operation: Operation, index: number): string[] {
  if (operation.kind === 'put') {
    if (operation.value === null) throw new TidegateError('invalid_input', `operation ${index} puts a bare null`);
    return [JSON.stringify(operation.value)];
  }
  if (operation.kind !== 'append') return [];
  if (operation.entries.length === 0) throw new TidegateError('invalid_input', `operation ${index} appends nothing`);
  return operation.entries.map((entry) => JSON.stringify(entry));
}

function tooLarge(found: string, expected: string): TidegateError {
  return new TidegateError('too_large', `the commit is too large: ${found}`, { expected });
}
