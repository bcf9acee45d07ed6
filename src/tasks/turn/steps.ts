/** Steps: run once, remembered, tried again after failures. What a step answers is durable before `run` sees it. */
import type { StepContext, StepOptions } from '../../declare/task.ts';
import { TidegateError, type ErrorCode } from '../../base/errors.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import { judge, StepError, thrownError } from '../records/outcome.ts';
import type { Journal } from './journal.ts';
import { checkPage, notePaged, type Page } from './pages.ts';
import type { Turn } from './shared.ts';

/** Largest value that a step answers, as JSON; what a record holds, less its name. */
export const STEP_BYTES = 349_000;
/** The same of a step that stores a page. */
const PAGED_STEP_BYTES = 64_000;
/** Most things that one task remembers. */
export const MOST_REMEMBERED = 10_000;

/** A step as it is remembered: what it answered, or how often it failed and whether that was the last time. */
export type Step =
  | { value: Json; place?: number }
  | {
      failures: number;
      error: { code: ErrorCode; message: string };
      final: boolean;
      /** When it is tried again, epoch ms: the task may be entered before, for what else it waits for. */
      againAt?: number;
      place?: number;
    };

/** The answer of the step `id`, from memory or by running it; never settles where the entry ends before. */
export async function runStep(
  turn: Turn,
  id: string,
  name: string,
  run: (step: StepContext) => unknown,
  options: StepOptions = {},
): Promise<Json> {
  const { deps, journal, parking, order, policy } = turn;
  const { runtime } = deps;
  const known = journal.recall(id) as Step | undefined;
  if (known && 'value' in known) return known.value;
  if (known?.final) throw new StepError(name, known.error);
  if (known?.againAt !== undefined && runtime.now() < known.againAt) return parking.park(known.againAt);
  if (!known) checkRoom(journal);
  const stepMs = options.timeoutMs ?? policy.stepMs;
  // A step that this entry may not have the time for begins the next one, unless it is what this one began with.
  const enough = Math.min(stepMs, turn.wholeMs / 2);
  if (turn.deadline - runtime.now() < enough && turn.begun()) return parking.park(runtime.now());
  turn.begin();
  // What was drawn before is durable before an effect sees it; and a process that stood still has to be sure of its lease.
  if (journal.hasNoted() || journal.hasLapsed()) await parking.busy(turn.flush());

  const failures = (known?.failures ?? 0) + 1;
  try {
    const pages: Page[] = [];
    const answered = await parking.busy(timed(turn, stepMs, id, failures, run, pages));
    const value = jsonOf(answered, name, pages.length > 0 ? PAGED_STEP_BYTES : STEP_BYTES);
    if (parking.isClosed()) return await parking.park(runtime.now());
    const [page] = pages;
    const answer = { value, ...order.placeOf(id) };
    if (page) notePaged(turn, id, answer, page);
    else journal.note(id, answer);
    await parking.busy(turn.flush());
    return value;
  } catch (thrown) {
    if (turn.signal.aborted || parking.isClosed()) return parking.park(runtime.now());
    const error = thrownError(thrown);
    const attempts = options.attempts ?? policy.attempts;
    const verdict = judge(error, failures, { ...policy, attempts }, runtime.random());
    const { code } = error;
    const message = error.message.slice(0, 2_000);
    runtime.log(verdict.again ? 'info' : 'warn', `the step ${name} failed`, {
      task: turn.claim.header.task,
      taskId: turn.claim.taskId,
      failures,
      code,
      message,
    });
    const failed = { failures, error: { code, message }, final: !verdict.again };
    if (verdict.again) {
      const againAt = Math.round(runtime.now() + verdict.afterMs);
      journal.note(id, { ...failed, againAt });
      return parking.park(againAt);
    }
    journal.note(id, { ...failed, ...order.placeOf(id) });
    await parking.busy(turn.flush());
    throw new StepError(name, { code, message });
  }
}

/** Runs it with a signal and a time of its own; what comes after the time is dropped. */
async function timed(
  turn: Turn,
  stepMs: number,
  id: string,
  attempt: number,
  run: (step: StepContext) => unknown,
  pages: Page[],
): Promise<unknown> {
  const { runtime } = turn.deps;
  const deadline = Math.min(runtime.now() + stepMs, turn.deadline);
  const over = new AbortController();
  const done = new AbortController();
  const signal = AbortSignal.any([over.signal, turn.signal]);
  const timeout = runtime.sleep(Math.max(0, deadline - runtime.now()), done.signal).then(() => {
    if (done.signal.aborted) return null;
    const error = new TidegateError('cancelled', `it did not end within ${stepMs} ms`, {
      field: 'policy.stepMs',
      expected: 'a step that ends sooner, or a longer time for it',
    });
    over.abort(error);
    throw error;
  });
  const idempotencyKey = `${turn.claim.header.origin}/${id}`;
  const page = (text: string, mimeType = 'text/plain') => {
    pages.splice(0, 1, checkPage({ text, mimeType }));
  };
  try {
    const context = { idempotencyKey, attempt, signal, deadline, page };
    const work = Promise.resolve().then(() => turn.callStep(() => run(context)));
    return await Promise.race([work, timeout, turn.stopped]);
  } finally {
    done.abort();
  }
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
export function checkRoom(journal: Pick<Journal, 'size'>): void {
  if (journal.size() < MOST_REMEMBERED) return;
  throw new TidegateError('too_large', `the task remembers ${MOST_REMEMBERED} steps already`, {
    expected: `at most ${MOST_REMEMBERED} steps, sleeps, questions, pages and drawn values in a task`,
    hint: 'let a task of many parts begin other tasks',
  });
}
