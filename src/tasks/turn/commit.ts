/**
 * What one commit of a journal holds, and what a turn knows of its task once that took effect. It reads and writes nothing.
 */
import { utf8Bytes } from '../../base/json.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import type { Operation, StoreLimits, Version } from '../../store/store.ts';
import { type Assignment, assignmentKey, deleteAssignment, putAssignment } from '../records/assignment.ts';
import type { Claim } from '../records/claim.ts';
import { expiryOf, type Header, headerKey, taskHeader } from '../records/header.ts';
import { inputKey } from '../records/input.ts';
import { giveSlots, takeSlots } from '../records/slots.ts';
import { changeEntry } from '../records/task-log.ts';
import { batchOf } from './batch.ts';
import type { Note } from './memory.ts';

/** What a turn knows of its task's own records. */
export type Standing = Pick<
  Claim,
  | 'tenant'
  | 'taskId'
  | 'header'
  | 'headerVersion'
  | 'inputVersion'
  | 'assignment'
  | 'assignmentVersion'
  | 'until'
  | 'slots'
>;

/** What the last commit of a turn makes of the assignment. */
export interface Closing {
  /** Null: it is deleted, and the task has ended. */
  assignment: Assignment | null;
  dueAt: number;
  /** Whether the commit fails where somebody else has changed the header since it was read. */
  strict: boolean;
}

export interface Commit {
  operations: Operation[];
  /** Whether it changes the header, which the log of changes tells. */
  isChanged: boolean;
  /** The notes that go with it. */
  notes: Map<string, Note>;
  /** Whether it takes the last of the notes. */
  isLast: boolean;
  afterwards(version: Version): Standing;
}

interface Wanted {
  /** The header with all changes; the same object as before where there is none. */
  next: Header;
  noted: readonly [id: string, note: Note][];
  closing: Closing | null;
  now: number;
  leaseMs: number;
}

/** Operations that every commit may have beside notes and places: of the assignment, of the header, of the input, of the log of changes. */
const OWN_OPERATIONS = 4;
/** Bytes that are kept free for them, the header left out. */
const OWN_BYTES = 4_096;

/** As many notes as fit, and what closes the turn with the last of them. */
export function nextCommit(limits: StoreLimits, standing: Standing, wanted: Wanted): Commit {
  const { next, noted } = wanted;
  const { header, headerVersion, slots } = standing;
  const isChanged = next !== header;
  const room = {
    operations: limits.commitOperations - OWN_OPERATIONS - slots.length,
    bytes: limits.commitBytes - OWN_BYTES - (isChanged ? utf8Bytes(JSON.stringify(next)) : 0),
  };
  const { notes, operations } = batchOf(standing, noted, room, !isChanged);
  const isLast = notes.size === noted.length;
  const closing = isLast ? wanted.closing : null;
  const lease = leaseAfter(standing, notes.size > 0, closing, wanted);
  return {
    operations: [
      lease.operation,
      ...headerOperations(standing, next, closing?.strict === true),
      ...operations,
      ...slotOperations(standing, next, closing, lease),
      ...(isChanged ? [changeEntry(standing.taskId, next)] : []),
    ],
    isChanged,
    notes,
    isLast,
    afterwards: (version) => ({
      ...standing,
      header: next,
      headerVersion: isChanged ? version : headerVersion,
      ...(lease.written === null ? {} : { assignment: lease.written, assignmentVersion: version }),
      until: lease.until,
      slots: lease.renews ? slots.map((slot) => ({ ...slot, version })) : slots,
    }),
  };
}

interface Lease {
  operation: Operation;
  /** The assignment that the operation writes; null: it writes none. */
  written: Assignment | null;
  /** Whether the lease is longer afterwards. */
  renews: boolean;
  until: number;
}

/** What a commit does to the assignment. It is at least checked, so that only who holds the lease commits. */
function leaseAfter(
  { tenant, taskId, assignment, assignmentVersion, until }: Standing,
  takesNotes: boolean,
  closing: Closing | null,
  { now, leaseMs }: Wanted,
): Lease {
  const key = assignmentKey(tenant, taskId);
  if (closing?.assignment === null) {
    return { operation: deleteAssignment(key, assignmentVersion), written: null, renews: false, until };
  }
  if (closing) {
    const written = closing.assignment;
    const operation = putAssignment(key, written, closing.dueAt, assignmentVersion);
    return { operation, written, renews: false, until };
  }
  // What is remembered is progress: failures and losses before it count no more.
  const resets = takesNotes && (assignment.failures > 0 || assignment.lost > 0);
  if (!resets && lastsOn(until, now, leaseMs)) {
    const operation: Operation = { kind: 'check', ...key, expects: assignmentVersion };
    return { operation, written: null, renews: false, until };
  }
  const written = resets ? { ...assignment, failures: 0, lost: 0 } : assignment;
  const operation = putAssignment(key, written, now + leaseMs, assignmentVersion);
  return { operation, written, renews: true, until: now + leaseMs };
}

/** Whether a lease has to be renewed yet. One that the clock was set back from has, since others do not take it for one. */
export function lastsOn(until: number, now: number, leaseMs: number): boolean {
  return until - now >= leaseMs / 2 && !liesBeyond(until, now, leaseMs);
}

function headerOperations({ tenant, taskId, header, headerVersion }: Standing, next: Header, strict: boolean) {
  const key = headerKey(tenant, taskId);
  if (next !== header) return [taskHeader.put(key, next, { expects: headerVersion, expiresAt: expiryOf(next) })];
  return strict ? [{ kind: 'check' as const, ...key, expects: headerVersion }] : [];
}

/**
 * Places are given back when the turn is closed, and kept as long as the lease. What an ended task was called with is needed no
 * more, unless it failed and may be retried.
 */
function slotOperations(
  { tenant, taskId, slots, inputVersion }: Standing,
  next: Header,
  closing: Closing | null,
  { renews, until }: Lease,
): Operation[] {
  if (closing === null) return renews ? takeSlots(slots, taskId, until) : [];
  if (closing.assignment !== null) return giveSlots(slots);
  const input: Operation = { kind: 'delete', ...inputKey(tenant, taskId), expects: inputVersion };
  return [...giveSlots(slots), ...(next.status === 'failed' ? [] : [input])];
}
