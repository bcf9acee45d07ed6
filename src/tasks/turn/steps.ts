/** Steps: run once, remembered, tried again after failures. What a step answers is durable before `run` sees it. */
import type { StepContext, StepOptions } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import { judge, StepError, thrownError } from '../records/outcome.ts';
import type { TaskPage } from '../records/page.ts';
import { type FailedStep, rememberedStep } from '../records/remembered.ts';
import type { Memory } from './memory.ts';
import { checkPage, countPage, notePaged } from './pages.ts';
import { timedStep } from './timed-step.ts';
import type { SteppingTurn } from './turn.ts';

/** Largest value that a step answers, as JSON: what a record holds, less its name. */
const STEP_BYTES = 349_000;
/** Largest value of a step that stores a page, as JSON. */
const PAGED_STEP_BYTES = 64_000;
/** Most things that one task remembers. */
const MOST_REMEMBERED = 10_000;

/** The answer of the step `id`, from memory or by running it. Never settles where the turn ends before. */
export async function runStep(
  turn: SteppingTurn,
  id: string,
  name: string,
  run: (step: StepContext) => unknown,
  options: StepOptions = {},
): Promise<Json> {
  const { scope, memory, journal, parking, policy, stepCalls } = turn;
  const { runtime } = scope;
  const known = memory.recall(rememberedStep, id);
  if (known && 'value' in known) return known.value;
  if (known?.final) throw new StepError(name, known.error);
  const { againAt, failedAt = 0 } = known ?? {};
  const now = runtime.now();
  // A failure that lies ahead was stored by a clock that was wrong, and so was its pause.
  if (againAt !== undefined && againAt > now && !liesBeyond(failedAt, now, 0)) return parking.park(againAt);
  if (!known) checkRoom(memory);
  const stepMs = options.timeoutMs ?? policy.stepMs;
  // A step that this turn may not have the time for begins the next turn, unless this turn began with it.
  const enoughMs = Math.min(stepMs, turn.wholeMs / 2);
  if (turn.deadline - runtime.now() < enoughMs && stepCalls.hasBegun()) return parking.park(runtime.now());
  stepCalls.begin();
  // What was drawn before is durable before an effect sees it; and a process that stood still has to be sure of its lease.
  if (memory.hasNoted() || journal.hasLapsed()) await parking.busy(turn.breakOff.flush());

  const failures = (known?.failures ?? 0) + 1;
  try {
    return await tryStep(turn, id, name, run, stepMs, failures);
  } catch (thrown) {
    if (turn.interruption.signal.aborted || parking.isClosed()) return parking.park(runtime.now());
    return failStep(turn, id, name, options.attempts ?? policy.attempts, failures, thrownError(thrown));
  }
}

/** One try: the function is called, and what it answers is stored. */
async function tryStep(
  turn: SteppingTurn,
  id: string,
  name: string,
  run: (step: StepContext) => unknown,
  stepMs: number,
  attempt: number,
): Promise<Json> {
  const { scope, memory, parking, order } = turn;
  const pages: TaskPage[] = [];
  const takePage = (text: string, mimeType = 'text/plain') => {
    pages.splice(0, 1, checkPage({ text, mimeType }));
  };
  const answered = await parking.busy(timedStep(turn, id, stepMs, attempt, run, takePage));
  const value = jsonOf(answered, name, pages.length > 0 ? PAGED_STEP_BYTES : STEP_BYTES);
  if (parking.isClosed()) return await parking.park(scope.runtime.now());
  const [page] = pages;
  const ended = { value, ...order.placeOf(id) };
  if (page) await countPage(turn, page);
  if (page) notePaged(turn, rememberedStep, id, (number) => ({ ...ended, page: number }), page);
  else memory.note(rememberedStep, id, ended);
  await parking.busy(turn.breakOff.flush());
  return value;
}

/** A try failed: the step is tried again in a later turn, or has failed for good. */
async function failStep(
  { scope, claim, memory, parking, order, policy, breakOff }: SteppingTurn,
  id: string,
  name: string,
  attempts: number,
  failures: number,
  error: TidegateError,
): Promise<never> {
  const { runtime } = scope;
  const verdict = judge(error, failures, { ...policy, attempts }, runtime.random());
  const { code } = error;
  const message = error.message.slice(0, 2_000);
  runtime.log(verdict.again ? 'info' : 'warn', `the step ${name} failed`, {
    task: claim.header.task,
    taskId: claim.taskId,
    failures,
    code,
    message,
  });
  const failed: FailedStep = { failures, error: { code, message }, final: !verdict.again };
  if (verdict.again) {
    const failedAt = runtime.now();
    const againAt = Math.round(failedAt + verdict.afterMs);
    memory.note(rememberedStep, id, { ...failed, againAt, failedAt });
    return parking.park(againAt);
  }
  memory.note(rememberedStep, id, { ...failed, ...order.placeOf(id) });
  await parking.busy(breakOff.flush());
  throw new StepError(name, { code, message });
}

/** @throws TidegateError `too_large`, or `invalid_input` for what has no JSON; neither is tried again. */
function jsonOf(value: unknown, name: string, most: number): Json {
  let text: string | undefined;
  try {
    text = JSON.stringify(value ?? null);
  } catch {
    text = undefined;
  }
  if (text === undefined) {
    const expected = 'a JSON value, or nothing';
    throw new TidegateError('invalid_input', `the step ${name} answered what has no JSON`, { expected });
  }
  const bytes = utf8Bytes(text);
  if (bytes > most) {
    throw new TidegateError('too_large', `the step ${name} answered ${bytes} bytes`, {
      expected: `at most ${most} bytes`,
      hint: 'store the data elsewhere, or in pages of the task, and answer where',
    });
  }
  return JSON.parse(text) as Json;
}

/** @throws TidegateError `too_large` where the task remembers as much as it may */
export function checkRoom(memory: Pick<Memory, 'size'>): void {
  if (memory.size() < MOST_REMEMBERED) return;
  throw new TidegateError('too_large', `the task remembers ${MOST_REMEMBERED} steps already`, {
    expected: `at most ${MOST_REMEMBERED} steps, sleeps, questions, pages and drawn values in a task`,
    hint: 'let a task of many parts begin other tasks',
  });
}
