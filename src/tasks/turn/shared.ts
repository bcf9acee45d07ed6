/** What the parts of one entry of a task share, and how one ends. Types alone: `turn.ts` makes it. */
import type { Policy } from '../../declare/spec/task.ts';
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import type { Change } from '../records/header.ts';
import type { Journal } from './journal.ts';
import type { Order } from './order.ts';
import type { Parking } from './parking.ts';

/** What the parts of an entry share. */
export interface Turn {
  deps: TaskDeps;
  claim: Claim;
  journal: Journal;
  parking: Parking;
  order: Order;
  policy: Policy;
  /** Epoch ms by which the entry is over. */
  deadline: number;
  /** The time that it had when it began, ms. */
  wholeMs: number;
  /** Aborts when it is over, or the task is no longer ours. */
  signal: AbortSignal;
  /** Rejects when it aborts. */
  stopped: Promise<never>;
  /** Commits what was noted; never settles where the task is lost. */
  flush(): Promise<void>;
  progress(change: Change): void;
  /** Whether a step was run in this entry. */
  begun(): boolean;
  begin(): void;
  /** Whether the function of a step is being called, until it waits for the first time: more cannot be told. */
  inStep(): boolean;
  /** Calls the function of a step. */
  callStep(run: () => unknown): unknown;
}

/**
 * `ended`: the task has. `left`: it goes on at `dueAt`. `lost`: it is somebody else's, or was cancelled.
 */
export type TurnEnd = { outcome: 'ended' | 'lost' } | { outcome: 'left'; dueAt: number };
