/**
 * The context that a task's `run` gets: every function answers from what is remembered, or does its work and remembers.
 *
 * Accepted: a question whose race another branch has won stays open until the task ends, and an answer to it is taken and
 * passed over (`order.ts`). From here it looks the same as one that a `Promise.all` still waits for; and one that was
 * withdrawn and is met again after all could neither be asked, as keys are never used again, nor be left without an answer.
 */
import { readAnswer, wireRequest } from '../../declare/check/ask-wire.ts';
import { ASK_KEY } from '../../declare/ask.ts';
import { checkedCondition } from '../../declare/check/condition.ts';
import type { StepContext, TaskContext } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { findStream } from '../../streams/find-stream.ts';
import { type Answered, asked, progressed } from '../records/header.ts';
import { checkRoom, runStep } from './steps.ts';
import { createTurnStreams } from './streams.ts';
import type { Turn } from './shared.ts';
import { unattended } from './unattended.ts';
import { checkTimeout, MOST_WAITS, WAIT, waitFor } from './wait.ts';

/** Most questions that one entry asks at once. */
const MOST_QUESTIONS = 20;
const NAME = /^[\w.:/-]{1,128}$/;

/**
 * Ids in the order of calls: the same on each entry, as long as `run` makes the same calls. The mark before the ordinal is
 * one that no name of that kind has, or the second of one name would be the first of another.
 */
function ordinals(): (kind: string, mark?: string) => string {
  const counts = new Map<string, number>();
  return (kind, mark = ':') => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count === 1 ? kind : `${kind}${mark}${count}`;
  };
}

export function createTurnContext(turn: Turn): TaskContext {
  const { deps, claim, journal, parking, order } = turn;
  const { runtime } = deps;
  const { principal } = claim.header;
  const ordinal = ordinals();
  let questions = 0;
  let waits = 0;

  /** A step that is remembered does not run again, so what its function called would be missed in the order of calls. */
  function next(kind: string, mark?: string): string {
    if (!turn.inStep()) return ordinal(kind, mark);
    throw new TidegateError('invalid_config', 'the function of a step called the context of its task', {
      field: 'step',
      expected: 'steps, sleeps, waits, questions and drawn values beside each other, not within a step',
    });
  }

  /** Values that are drawn at once, remembered with the next commit. */
  function drawn<Value extends Json>(kind: string, draw: () => Value): Value {
    const id = next(kind);
    const known = journal.recall(id) as { value: Value } | undefined;
    if (known) return known.value;
    checkRoom(journal);
    const value = draw();
    if (!parking.isClosed()) journal.note(id, { value });
    return value;
  }

  const context: TaskContext = {
    taskId: claim.taskId,
    principal,
    streams: createTurnStreams(turn),
    signal: turn.signal,
    deadline: turn.deadline,
    log: (level, message, fields) => runtime.log(level, message, { taskId: claim.taskId, ...fields }),

    async step<Value extends Json | void>(
      name: string,
      run: (step: StepContext) => Promise<Value> | Value,
      options = {},
    ) {
      const id = next(`step ${checkName(name)}`, '#');
      if (parking.isClosed()) return parking.park(0);
      return order.inTurn(id, async () => (await runStep(turn, id, name, run, options)) as Value);
    },

    async sleep(ms) {
      const id = next('sleep');
      if (parking.isClosed()) await parking.park(0);
      await order.inTurn(id, async () => {
        const known = journal.recall(id) as { until: number } | undefined;
        if (!known) checkRoom(journal);
        const until = known?.until ?? Math.round(runtime.now() + checkMs(ms, 'ms'));
        if (!known) journal.note(id, { until });
        if (runtime.now() < until) await parking.park(until);
      });
    },

    async waitFor(ref, given, options = {}) {
      const stream = findStream(deps.app, ref);
      const id = next(`${WAIT}${stream.name}`);
      if (parking.isClosed()) return parking.park(0);
      if (journal.recall(id) === undefined) checkRoom(journal);
      const condition = checkedCondition(given, stream, 'condition');
      const timeoutMs = checkTimeout(options.timeoutMs);
      // One that goes on after this entry stays counted.
      waits += 1;
      if (waits > MOST_WAITS) throw wrong('condition', `at most ${MOST_WAITS} waits at once`);
      const occurrence = await order.inTurn(id, () => waitFor(turn, id, stream, condition, timeoutMs));
      waits -= 1;
      return occurrence as never;
    },

    async ask(key, request) {
      if (!ASK_KEY.test(key)) throw wrong('key', 'a letter, then up to 63 letters, digits, _ . and -');
      const id = next(`ask ${key}`);
      if (parking.isClosed()) return parking.park(0);
      const wire = id.slice('ask '.length);
      return order.inTurn(id, async () => {
        const answered = journal.recall(id) as { answer: Answered } | undefined;
        if (answered) return readAnswer(request, answered.answer, `ask.${wire}`);
        checkRoom(journal);
        questions += 1;
        if (questions > MOST_QUESTIONS) throw wrong('key', `at most ${MOST_QUESTIONS} questions at once`);
        // Once it waits it is never asked again: it may have been answered since this entry began.
        const isAsked = Object.hasOwn(journal.header().asks, wire);
        if (!isAsked) journal.change(asked(wire, wireRequest(request, `ask.${wire}`)));
        return parking.park(claim.header.endsBy);
      });
    },

    now: () => drawn('now', () => runtime.now()),
    random: () => drawn('random', () => runtime.random()),
    uuid: () => drawn('uuid', () => runtime.newId()),
    progress(message) {
      if (!parking.isClosed()) turn.progress(progressed(message));
    },

    async page(text, mimeType) {
      await context.step('page', (step) => step.page(text, mimeType));
    },
  };
  return {
    ...context,
    step: (name, run, options) => unattended(context.step(name, run, options)),
    sleep: (ms) => unattended(context.sleep(ms)),
    waitFor: (stream, condition, options) => unattended(context.waitFor(stream, condition, options)),
    ask: (key, request) => unattended(context.ask(key, request)),
    page: (text, mimeType) => unattended(context.page(text, mimeType)),
  };
}

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw wrong('name', '1 to 128 letters, digits, _ . : / and -');
}

function checkMs(ms: number, field: string): number {
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw wrong(field, 'a number of ms, 0 or more');
}

function wrong(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `${field}: expected ${expected}`, { field, expected });
}
