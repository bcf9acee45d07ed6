/**
 * A task's run: who is at it, and when it is looked at next. Its version is the fencing token: all that an entry writes
 * is checked against it. It is due as long as it stands (when the lease ends, or when the task goes on), so that a task
 * with neither cannot be; it goes with the commit that ends the task.
 */
import { type Delete, isPresent, type Put, type Reading, type RecordKey, type Version } from '../../store/store.ts';
import { taskQueue } from './names.ts';

export interface Run {
  /** Whose entry it is; null: nobody's. */
  holder: string | null;
  /** Failures of `run` itself, beside its steps, since something was remembered. */
  failures: number;
  /** Entries whose process was gone, since something was remembered. */
  lost: number;
  /** Epoch ms: a pause after a failure, which nothing that comes meanwhile cuts short. */
  notBefore: number;
  /** Epoch ms since when only releases came to it that have not its version; null: none has, since one that has it did. */
  strangeSince: number | null;
}

export const NEW_RUN: Run = { holder: null, failures: 0, lost: 0, notBefore: 0, strangeSince: null };

/** @param dueAt epoch ms: the end of the lease where there is a holder, else when it goes on. */
export function putRun(tenant: string, key: RecordKey, run: Run, dueAt: number, expects: Version | null): Put {
  return { kind: 'put', ...key, value: { ...run }, expects, due: { queue: taskQueue(tenant), at: dueAt } };
}

export function deleteRun(key: RecordKey, expects: Version): Delete {
  return { kind: 'delete', ...key, expects };
}

/** A run as it was read; null where the task has ended. */
export function readRun(reading: Reading): { run: Run; version: Version; dueAt: number } | null {
  if (!isPresent(reading)) return null;
  return { run: reading.value as unknown as Run, version: reading.version, dueAt: reading.due?.at ?? 0 };
}

/** A lease that was never given back: the process that held it is gone. Of a run without a lease that stands. */
export function lostOf({ holder, lost }: Run): number {
  return holder === null ? lost : lost + 1;
}

/** Whether somebody's lease on it stands. */
export function isLeased({ run, dueAt }: { run: Run; dueAt: number }, now: number): boolean {
  return run.holder !== null && dueAt > now;
}
