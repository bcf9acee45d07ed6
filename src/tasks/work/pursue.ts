/** One task, entered again and again as long as it goes on soon: for hosts that were called for its sake. */
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { takeUpTask, type RunTasksOptions, work } from './run-due.ts';
import type { Scope } from '../../streams/scope.ts';

/** A shorter sleep of a task is slept here, ms; for a longer one the task is left. */
const NAP_MS = 2_000;
/** With less than this left no further entry begins, ms. */
const LEAST_MS = 1_000;

/**
 * @param claim where it is ours already
 * @returns when it goes on, epoch ms; null: it has ended, or another is at it
 * @throws TidegateError where the store fails: it is taken up again when the lease is over
 */
export async function pursueTask(
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
