/**
 * Calls the function of a step with a signal and a time of its own. What it answers after its time is dropped. The signal
 * aborts only while the function is at work: whoever listens to it cancels what the step began, and a step that has ended began it well.
 */
import type { StepContext } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import type { SteppingTurn } from './turn.ts';

/** @param page takes a page that the function hands over */
export async function timedStep(
  { scope, claim, deadline: turnEndsAt, interruption, stepCalls }: SteppingTurn,
  id: string,
  stepMs: number,
  attempt: number,
  run: (step: StepContext) => unknown,
  page: StepContext['page'],
): Promise<unknown> {
  const { runtime } = scope;
  const deadline = Math.min(runtime.now() + stepMs, turnEndsAt);
  const over = new AbortController();
  const done = new AbortController();
  const { signal } = over;
  const interrupt = () => over.abort(interruption.signal.reason);
  if (interruption.signal.aborted) interrupt();
  interruption.signal.addEventListener('abort', interrupt, { once: true, signal: done.signal });
  const timeout = runtime.sleep(Math.max(0, deadline - runtime.now()), done.signal).then(() => {
    if (done.signal.aborted) return new Promise<never>(() => {});
    const error = new TidegateError('cancelled', `it did not end within ${stepMs} ms`, {
      field: 'policy.stepMs',
      expected: 'a step that ends sooner, or a longer time for it',
    });
    over.abort(error);
    throw error;
  });
  const idempotencyKey = `${claim.header.origin}/${id}`;
  try {
    const context = { idempotencyKey, attempt, signal, deadline, page };
    const work = Promise.resolve()
      .then(() => stepCalls.call(() => run(context)))
      .finally(() => done.abort());
    return await Promise.race([work, timeout, interruption.stopped]);
  } finally {
    done.abort();
  }
}
