/**
 * How a host gets a task worked on soon: in this process, by a queue, or by the schedule alone. A wake-up is a hint. One that
 * is lost or doubled costs at most one interval of the schedule, which finds all that is due.
 */
import type { Claim } from './claim.ts';

export interface Dispatch {
  /** How long a new task is leased to this process, which then works on it at once, ms; null: `wake` is called without a claim. */
  leaseMs(): number | null;
  /** The task for which `leaseMs` answered a time was created, or could not be created. Absent: nobody counts them. */
  settle?(): void;
  /**
   * Somebody should look at the task soon: it was created, answered, or what it waited for has come. With a claim the task is
   * ours, and is worked on here. Returns at once and does not throw.
   */
  wake(tenant: string, taskId: string, claim: Claim | null): void;
}

/** The schedule alone. */
export const BY_SCHEDULE: Dispatch = { leaseMs: () => null, wake() {} };
