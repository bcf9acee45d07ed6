/** The three ways in which a turn ends that still has its task: the task ends, goes on later, or has failed. */
import type { Policy } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import type { TidegateError } from '../../base/errors.ts';
import { liesBeyond, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import { utf8Bytes } from '../../base/json.ts';
import type { Assignment } from '../records/assignment.ts';
import { type HeaderChange, failed, failureOf } from '../records/changes.ts';
import { judge, StepError } from '../records/outcome.ts';
import { runningQuota, TASK_BYTES, taskQuota, waitQuota } from '../records/quotas.ts';
import { rememberedWait, WAIT } from '../records/remembered.ts';
import { giveUpWaits } from './give-up-waits.ts';
import type { TaskInHand, TurnEnd } from './turn.ts';

export async function endTask(hand: TaskInHand, change: HeaderChange): Promise<TurnEnd> {
  await giveUpWaits(hand);
  const outcome = await hand.journal.end(change);
  if (outcome === 'ended') await giveBack(hand);
  return { outcome };
}

/** The input is gone, unless the task has failed; its waits have ended. */
async function giveBack({ scope, claim, memory, journal }: TaskInHand): Promise<void> {
  const { header, input } = claim;
  const { principal, createdAt } = header;
  await scope.quotas?.give(scope.store, runningQuota(scope), principal, 1, createdAt);
  if (journal.header().status !== 'failed') {
    const bytes = utf8Bytes(JSON.stringify(input)) + TASK_BYTES;
    await scope.quotas?.give(scope.store, taskQuota(scope.app), principal, bytes, createdAt);
  }
  for (const [, wait] of memory.recallAll(rememberedWait, WAIT)) {
    if (wait.value !== undefined) continue;
    await scope.quotas?.give(scope.store, waitQuota(scope.app, wait.stream), principal, 1, createdAt);
  }
}

/**
 * Leaves the task until `dueAt`, and not longer than the task's own time. Where something came meanwhile it is due at once,
 * or when the pause after a failure is over.
 */
export async function leaveTask(
  hand: Pick<TaskInHand, 'scope' | 'claim' | 'journal'>,
  change: Partial<Assignment>,
  dueAt: number,
): Promise<TurnEnd> {
  const { scope, claim, journal } = hand;
  const now = scope.runtime.now();
  // Where the clock was set back during the turn, what it waits for may be a time of before: the next turn judges that.
  const isOfOtherClock = liesBeyond(claim.until, now, LONGEST_LEASE_MS);
  const at = Math.round(isOfOtherClock ? now : Math.min(dueAt, claim.header.endsBy));
  const left = await journal.leave(change, at);
  if (left === 'left') return { outcome: 'left', dueAt: at };
  if (left === 'lost') return { outcome: 'lost' };
  const soon = Math.max(scope.runtime.now(), change.notBefore ?? 0);
  return leaveTask(hand, change, Math.min(at, soon));
}

/** A failure of `run` itself: it is tried again, or ends the task. A step that failed for good is never tried again. */
export function failTurn(hand: TaskInHand, task: Task, policy: Policy, error: TidegateError): Promise<TurnEnd> {
  const { scope, claim, journal } = hand;
  const { runtime } = scope;
  const failures = journal.failures() + 1;
  const verdict =
    error instanceof StepError ? { again: false as const } : judge(error, failures, policy, runtime.random());
  const cause = error.cause instanceof Error ? (error.cause.stack ?? null) : null;
  runtime.log('warn', `the task ${claim.header.task} failed`, {
    taskId: claim.taskId,
    version: task.version,
    failures,
    again: verdict.again,
    code: error.code,
    message: error.message,
    cause,
  });
  if (!verdict.again) return endTask(hand, failed(failureOf(error)));
  const notBefore = runtime.now() + verdict.afterMs;
  return leaveTask(hand, { failures, lost: 0, notBefore }, notBefore);
}
