/**
 * What one commit of a journal holds, what is known of the task once it took effect, and what a conflict means. Everything
 * but the reading and the writing, which are the journal's. Pure, but that a write that yields is changed in its place.
 */
import type { Json } from '../../base/json.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { CommitResult, Delete, Operation, Put, Reading, StoreLimits, Version } from '../../store/store.ts';
import type { Claim } from '../records/claim.ts';
import { expiryOf, type Header, rememberedUntil } from '../records/header.ts';
import { headerKey, rememberedKey, assignmentKey } from '../records/names.ts';
import { deleteAssignment, putAssignment, type Assignment } from '../records/assignment.ts';
import { giveSlots, takeSlots } from '../records/slots.ts';
import { endEntry } from '../records/task-log.ts';

export interface Remembered {
  value: Json;
  version: Version | null;
  beside?: Put | Delete | undefined;
  yields?: boolean;
}

/** What an entry knows of its task's own records. */
export type Standing = Pick<
  Claim,
  'tenant' | 'taskId' | 'header' | 'headerVersion' | 'assignment' | 'assignmentVersion' | 'until' | 'slots'
>;

/** What the last commit of an entry makes of its run. */
export interface Ending {
  /** The run afterwards; null: it is gone. */
  assignment: Assignment | null;
  dueAt: number;
  /** Whether a header that somebody changed meanwhile is in the way. */
  strict: boolean;
}

export interface Commit {
  operations: Operation[];
  /** What of all that was noted goes with it. */
  entries: Map<string, Remembered>;
  /** Whether nothing that was noted is left for another one. */
  isLast: boolean;
  afterwards(version: Version): Standing;
}

interface Wanted {
  /** The header with all changes. */
  next: Header;
  noted: readonly [id: string, entry: Remembered][];
  ending: Ending | null;
  now: number;
  leaseMs: number;
}

/** What of a commit is kept for the operations that every one has: run, header, the entry of the log; and for their names and values. */
const OWN_OPERATIONS = 3;
const OWN_BYTES = 4_096;

/** As much as fits, with the ending where that is all. */
export function nextCommit(
  limits: StoreLimits,
  standing: Standing,
  { next, noted, ending, now, leaseMs }: Wanted,
): Commit {
  const { tenant, taskId, header, headerVersion, assignment, assignmentVersion, until, slots } = standing;
  const isChanged = next !== header;
  const room = limits.commitOperations - OWN_OPERATIONS - slots.length;
  const { entries, puts } = batch(standing, noted, room, limits.commitBytes, isChanged ? next : null);
  const isLast = entries.size === noted.length;
  const closing = isLast ? ending : null;
  // What is remembered is progress: failures before it count no more.
  const resets = entries.size > 0 && (assignment.failures > 0 || assignment.lost > 0);
  const renews = closing === null && (resets || until - now < leaseMs / 2);
  const nextUntil = renews ? now + leaseMs : until;
  const nextAssignment = closing ? closing.assignment : resets ? { ...assignment, failures: 0, lost: 0 } : assignment;
  const assignmentAt = assignmentKey(tenant, taskId);
  const headerAt = headerKey(tenant, taskId);
  const operations: Operation[] = [
    nextAssignment === null
      ? deleteAssignment(assignmentAt, assignmentVersion)
      : closing || renews
        ? putAssignment(tenant, assignmentAt, nextAssignment, closing?.dueAt ?? nextUntil, assignmentVersion)
        : { kind: 'check', ...assignmentAt, expects: assignmentVersion },
    ...(isChanged
      ? [
          {
            kind: 'put' as const,
            ...headerAt,
            value: next as unknown as Exclude<Json, null>,
            expects: headerVersion,
            expiresAt: expiryOf(next),
          },
        ]
      : closing?.strict
        ? [{ kind: 'check' as const, ...headerAt, expects: headerVersion }]
        : []),
    ...puts,
    ...(closing
      ? [...giveSlots(slots), ...(closing.assignment === null ? [endEntry(taskId, next)] : [])]
      : renews
        ? takeSlots(slots, taskId, nextUntil)
        : []),
  ];
  return {
    operations,
    entries,
    isLast,
    afterwards: (version) => ({
      ...standing,
      header: next,
      headerVersion: isChanged ? version : headerVersion,
      ...((closing || renews) && nextAssignment !== null
        ? { assignment: nextAssignment, assignmentVersion: version }
        : {}),
      until: nextUntil,
      slots: renews ? slots.map((slot) => ({ ...slot, version })) : slots,
    }),
  };
}

/** As much of what was noted as one commit takes beside the header; at least one of them, where the header stays as it is. */
function batch(
  { tenant, taskId, header }: Standing,
  noted: Wanted['noted'],
  room: number,
  mostBytes: number,
  changed: Header | null,
): { entries: Map<string, Remembered>; puts: Operation[] } {
  const entries = new Map<string, Remembered>();
  const puts: Operation[] = [];
  const expiresAt = rememberedUntil(header);
  let bytes = OWN_BYTES + (changed === null ? 0 : utf8Bytes(JSON.stringify(changed)));
  for (const [id, entry] of noted) {
    const { value, version, beside } = entry;
    const key = rememberedKey(tenant, taskId, id);
    const put: Put = { kind: 'put', ...key, value: value as Exclude<Json, null>, expects: version, expiresAt };
    const added = beside ? [put, beside] : [put];
    bytes += bytesOf(added);
    const isFull = puts.length + added.length > room || bytes > mostBytes;
    if (isFull && (entries.size > 0 || changed !== null)) break;
    entries.set(id, entry);
    puts.push(...added);
  }
  return { entries, puts };
}

/**
 * `again`: what was in the way has yielded. `header`: somebody else changed it. `lost`: the task is another's, or another
 * wrote what only its holder writes.
 */
export function meetConflicts(
  conflicts: Extract<CommitResult, { status: 'conflict' }>['conflicts'],
  { operations, entries }: Commit,
  { tenant, taskId }: Standing,
): 'again' | 'header' | 'lost' {
  const headerAt = headerKey(tenant, taskId);
  let met: 'again' | 'header' = 'again';
  for (const { operation, found } of conflicts) {
    const target = operations[operation];
    const yielding = [...entries.values()].find(({ beside, yields }) => yields === true && beside === target);
    if (target?.kind !== 'append' && target?.id === headerAt.id && target.partition === headerAt.partition) {
      met = 'header';
    } else if (yielding) {
      yielding.beside = insteadOf(yielding.beside, found);
    } else {
      return 'lost';
    }
  }
  return met;
}

/** What a write that yields becomes, once its record is another. */
function insteadOf(beside: Put | Delete | undefined, found: Reading): Delete | undefined {
  return beside?.kind === 'delete' && found.version !== null ? { ...beside, expects: found.version } : undefined;
}

/** Names and values, as the store counts them, and a little more. */
export function bytesOf(operations: readonly (Put | Delete)[]): number {
  const sizes = operations.map((operation) => {
    const value = operation.kind === 'put' ? utf8Bytes(JSON.stringify(operation.value)) : 0;
    return utf8Bytes(operation.partition) + utf8Bytes(operation.id) + value;
  });
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
