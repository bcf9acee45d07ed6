/**
 * The assignment of a task: who works on it, and when it is looked at next. Its version is the fencing token: every commit
 * of a turn is checked against it. It is due as long as it is stored: when the lease ends where somebody holds it, else when
 * the task goes on. A task that has not ended is therefore always found. The commit that ends the task deletes it.
 */
import * as z from 'zod';
import { isToCome, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import { record } from '../../store/record.ts';
import { type Delete, isPresent, type Put, type Reading, type RecordKey, type Version } from '../../store/store.ts';
import { taskPartition, TASK_QUEUE } from './names.ts';

export function assignmentKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'run' };
}

export interface Assignment {
  /** The id of the turn that holds the lease; null: nobody does. */
  holder: string | null;
  /** Failures of `run` itself, beside its steps, since something was last remembered. */
  failures: number;
  /** Turns whose process was gone, since something was last remembered. */
  lost: number;
  /**
   * Epoch ms at which a pause ends: that after a failure, or that of a release which met what a newer one wrote. Nothing
   * that comes before cuts it short.
   */
  notBefore: number;
  /** Epoch ms of the first look by a release that has not the task's version, since the last by one that has; null: none. */
  strangeSince: number | null;
}

const assignmentRecord = record<Assignment>('assignment of a task', () =>
  z.object({
    holder: z.string().nullable(),
    failures: z.number(),
    lost: z.number(),
    notBefore: z.number(),
    strangeSince: z.number().nullable(),
  }),
);

export const UNASSIGNED: Assignment = { holder: null, failures: 0, lost: 0, notBefore: 0, strangeSince: null };

/** An assignment as it was read. */
export interface StoredAssignment {
  assignment: Assignment;
  version: Version;
  /** Epoch ms */
  dueAt: number;
}

/** @param dueAt epoch ms: when the lease ends where there is a holder, else when the task goes on */
export function putAssignment(key: RecordKey, assignment: Assignment, dueAt: number, expects: Version | null): Put {
  return assignmentRecord.put(key, assignment, { expects, due: { queue: TASK_QUEUE, at: dueAt } });
}

export function deleteAssignment(key: RecordKey, expects: Version): Delete {
  return { kind: 'delete', ...key, expects };
}

/** Null: the task has ended. @throws TidegateError `newer_version` */
export function readAssignment(reading: Reading): StoredAssignment | null {
  if (!isPresent(reading)) return null;
  const assignment = assignmentRecord.decode(reading.value);
  return { assignment, version: reading.version, dueAt: reading.due?.at ?? 0 };
}

/**
 * How many turns were lost, when the one who takes the assignment finds no lease on it that stands. A holder that never gave
 * its lease back is one more: its process is gone.
 */
export function lostOf({ holder, lost }: Assignment): number {
  return holder === null ? lost : lost + 1;
}

/** Whether somebody holds a lease on it that stands. One that lies further ahead than a lease lasts does not. */
export function isLeased({ assignment, dueAt }: Pick<StoredAssignment, 'assignment' | 'dueAt'>, now: number): boolean {
  return assignment.holder !== null && isToCome(dueAt, now, LONGEST_LEASE_MS);
}
