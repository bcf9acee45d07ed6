/**
 * Who works on a task, as a host offers it: a process of its own, a queue, or nobody but the schedule. It is a hint: one
 * that is lost or doubled costs at most one interval of the schedule, which finds all that is due.
 */
import type { Claim } from './claim.ts';

export interface Dispatch {
  /** How long a new task is leased to this process, which then works on it at once, ms; null: it is only told of. */
  leaseMs(): number | null;
  /** The task for which `leaseMs` answered a time was created, or could not be. Absent: nobody counts. */
  settle?(): void;
  /**
   * Somebody should look at the task soon: it was created, answered, or what it waited for has come. With a claim it is
   * ours, and worked on here. Answers at once and does not throw.
   */
  wake(tenant: string, taskId: string, claim: Claim | null): void;
}

/** The schedule alone. */
export const BY_SCHEDULE: Dispatch = { leaseMs: () => null, wake() {} };
