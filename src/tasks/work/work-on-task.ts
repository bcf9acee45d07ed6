/** Works on one task, turn after turn, as long as the next one begins soon: for hosts that were called for this task. */
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { takeUpTask, type RunTasksOptions, work } from './run-due.ts';
import type { Scope } from '../../streams/scope.ts';

/** A task that goes on within this time is waited for here, ms; a longer wait leaves it. */
const NAP_MS = 2_000;
/** With less time than this left no further turn begins, ms. */
const LEAST_MS = 1_000;

/**
 * @param claim of a task that is ours already; null: it is taken up here
 * @returns when it goes on, epoch ms; null: it has ended, or another works on it
 * @throws TidegateError where the store fails: it is taken up again when the lease is over
 */
export async function workOnTask(
  scope: Scope<TaskDeps>,
  taskId: string,
  claim: Claim | null,
  deadline: number,
  options: RunTasksOptions = {},
): Promise<number | null> {
  const { runtime } = scope;
  const enter = () => takeUpTask(scope, taskId, deadline, { ...options, early: true });
  let end = await (claim === null ? enter() : work(scope, claim, deadline, options));
  while (typeof end !== 'string' && end.outcome === 'left') {
    const { dueAt } = end;
    const ms = dueAt - runtime.now();
    if (ms > NAP_MS || dueAt > deadline - LEAST_MS || options.signal?.aborted) return dueAt;
    await runtime.sleep(Math.max(0, ms), options.signal);
    if (deadline - runtime.now() < LEAST_MS) return dueAt;
    end = await enter();
  }
  return null;
}
