/**
 * What a turn is made of, as four values that build on each other. A file of this folder takes the smallest that it needs.
 * Types alone: `take-turn.ts` makes them.
 */
import type { Policy } from '../../declare/spec/task.ts';
import type { Scope } from '../../streams/scope.ts';
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import type { BreakOff } from './break-off.ts';
import type { Interruption } from './interruption.ts';
import type { Journal } from './journal.ts';
import type { Memory } from './memory.ts';
import type { TurnOrder } from './order.ts';
import type { Parking } from './parking.ts';
import type { Progress } from './progress.ts';
import type { StepCalls } from './step-calls.ts';

/** What is known of a task and written of it: all that the end of a turn needs. */
export interface TaskInHand {
  scope: Scope<TaskDeps>;
  claim: Claim;
  memory: Memory;
  journal: Journal;
}

/** What a wait needs. */
export interface WaitingTurn extends TaskInHand {
  parking: Parking;
  order: TurnOrder;
  /** Epoch ms by which the turn is over. */
  deadline: number;
  /** The time that it had when it began, ms. */
  wholeMs: number;
  breakOff: BreakOff;
}

/** What a step needs. */
export interface SteppingTurn extends WaitingTurn {
  policy: Policy;
  interruption: Interruption;
  stepCalls: StepCalls;
}

/** What the context needs. */
export interface Turn extends SteppingTurn {
  progress: Progress;
}

/** `ended`: the task has. `left`: it goes on at `dueAt`, epoch ms. `lost`: it is somebody else's, or was cancelled. */
export type TurnEnd = { outcome: 'ended' | 'lost' } | { outcome: 'left'; dueAt: number };
