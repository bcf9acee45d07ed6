/**
 * `otherwise: 'wait'`: the call of a client without the extension stays open until the task has ended or `waitMs` are
 * over.
 */
import { timeLeft } from '../../base/time/time-left.ts';
import { defaultOf } from '../../declare/spec/options.ts';
import { taskSpec } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import { TidegateError } from '../../base/errors.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Caller } from '../../calls/caller.ts';
import { needsTasks } from './capability.ts';
import { failureError, resultOf } from './view.ts';
import { serverEnds } from '../../base/time/deadline-watch.ts';

const WAIT_MS = defaultOf(taskSpec.shape.waitMs);
const FIRST_PAUSE_MS = 50;
const GROWTH = 1.5;
const LONGEST_PAUSE_MS = 2_000;
/** Left of the caller's time to cancel the task and to answer. */
const CLOSING_MS = 2_000;

interface Begun {
  taskId: string;
  header: Header;
  task: Task;
  /** It was begun under an idempotency key, so other calls may wait for it too. */
  isShared: boolean;
}

/**
 * Answers the result like an ordinary tool. A task that does not end in time, or that asks a question, is cancelled,
 * because nobody could learn its result. A task with an idempotency key goes on, since a call with the same key waits
 * for it again.
 * @throws TidegateError `missing_capability`, `not_supported`; what the task failed with; `cancelled`, also where the server ends
 */
export async function waitForEnd(
  { runtime }: Pick<HandlerDeps, 'runtime'>,
  tasks: Tasks,
  { taskId, header: begun, task, isShared }: Begun,
  caller: Caller,
): Promise<ToolResult> {
  const { principal, deadline, signal } = caller;
  const { ending } = runtime;
  const wake = ending === undefined ? signal : AbortSignal.any([signal, ending.begun]);
  const now = () => runtime.now();
  const stillWaits = timeLeft(now, Math.min(task.waitMs ?? WAIT_MS, deadline - CLOSING_MS - now()));
  let header = begun;
  for (let pause = FIRST_PAUSE_MS; !hasEnded(header); pause = Math.min(LONGEST_PAUSE_MS, pause * GROWTH)) {
    const left = stillWaits();
    if (ending?.begun.aborted === true) {
      if (!isShared) await tasks.cancel(principal, taskId, deadline);
      throw serverEnds();
    }
    if (left <= 0 || signal.aborted || header.status === 'input_required') {
      if (!isShared) await tasks.cancel(principal, taskId, deadline);
      throw needsTasks(`${header.task}, which did not end in time,`, caller);
    }
    await runtime.sleep(Math.min(pause, left), wake);
    header = await tasks.get(principal, taskId);
  }
  if (header.status === 'completed') return resultOf(taskId, header);
  if (header.status === 'failed') throw failureError(header);
  throw new TidegateError('cancelled', 'the task was cancelled');
}
