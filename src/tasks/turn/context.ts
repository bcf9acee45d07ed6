/**
 * The context that a task's `run` gets. Each function answers from what is remembered, or does its work and remembers it.
 *
 * Accepted: a question whose race another branch has won stays open until the task ends; an answer to it is taken and not
 * used (`order.ts`). From here it looks like one that a `Promise.all` still waits for. It cannot be withdrawn: `run` may come
 * to it again, and could then neither ask it, because keys are never used again, nor go without an answer.
 */
import { readAnswer, wireRequest } from '../../declare/check/ask-wire.ts';
import { ASK_KEY } from '../../declare/ask.ts';
import { checkedCondition } from '../../declare/check/condition.ts';
import type { StepContext, TaskContext } from '../../declare/task.ts';
import { TidegateError, invalidConfig, invalidInput } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import { findStream } from '../../streams/find-stream.ts';
import { asked, progressed } from '../records/changes.ts';
import {
  type Drawn,
  drawnNumber,
  drawnText,
  rememberedAnswer,
  rememberedSleep,
  STEP,
  WAIT,
} from '../records/remembered.ts';
import type { RecordType } from '../../store/record.ts';
import { createOrdinals } from './ordinals.ts';
import { checkRoom, runStep } from './steps.ts';
import { createTurnChanges, createTurnStreams } from './streams.ts';
import type { Turn } from './turn.ts';
import { unattended } from './unattended.ts';
import { checkTimeout, MOST_WAITS, waitFor } from './wait.ts';

/** Most questions that one turn asks. */
const MOST_QUESTIONS = 20;
const NAME = /^[\w.:/-]{1,128}$/;

export function createTurnContext(turn: Turn): TaskContext {
  const { scope, claim, interruption } = turn;
  const { runtime } = scope;
  const next = nextId(turn);
  const { sleep, waitFor, ask } = createWaits(turn, next);
  const step: TaskContext['step'] = async <Value extends Json | void>(
    name: string,
    run: (step: StepContext) => Promise<Value> | Value,
    options = {},
  ) => {
    const id = next(`${STEP}${checkName(name)}`, '#');
    if (turn.parking.isClosed()) return turn.parking.park(0);
    return turn.order.inTurn(id, async () => (await runStep(turn, id, name, run, options)) as Value);
  };
  return {
    taskId: claim.taskId,
    principal: claim.header.principal,
    streams: createTurnStreams(turn),
    ...createTurnChanges(turn),
    signal: interruption.signal,
    deadline: turn.deadline,
    log: (level, message, fields) => runtime.log(level, message, { taskId: claim.taskId, ...fields }),
    step: (name, run, options) => unattended(step(name, run, options)),
    sleep: (ms) => unattended(sleep(ms)),
    waitFor: (stream, condition, options) => unattended(waitFor(stream, condition, options)),
    ask: (key, request) => unattended(ask(key, request)),
    page: (text, mimeType) => unattended(step('page', (within) => within.page(text, mimeType))),
    now: () => draw(turn, drawnNumber, next('now'), () => runtime.now()),
    random: () => draw(turn, drawnNumber, next('random'), () => runtime.random()),
    uuid: () => draw(turn, drawnText, next('uuid'), () => runtime.newId()),
    progress(message) {
      if (!turn.parking.isClosed()) turn.progress.say(progressed(message));
    },
  };
}

type NextId = (kind: string, mark?: string) => string;

/** Ids of calls. A step that is remembered does not run again, so what its function called would be missed in their order. */
function nextId({ stepCalls }: Pick<Turn, 'stepCalls'>): NextId {
  const ordinal = createOrdinals();
  return (kind, mark) => {
    if (!stepCalls.isInside()) return ordinal(kind, mark);
    throw new TidegateError('invalid_config', 'the function of a step called the context of its task', {
      field: 'step',
      expected: 'steps, sleeps, waits, questions and drawn values beside each other, not within a step',
    });
  };
}

/** A value that is drawn at once, and remembered with the next commit. */
function draw<Value extends number | string>(
  { memory, parking }: Pick<Turn, 'memory' | 'parking'>,
  kind: RecordType<Drawn<Value>>,
  id: string,
  make: () => Value,
): Value {
  const known = memory.recall(kind, id);
  if (known) return known.value;
  checkRoom(memory);
  const value = make();
  if (!parking.isClosed()) memory.note(kind, id, { value });
  return value;
}

/** What waits for time, for an event or for a person. */
function createWaits(turn: Turn, next: NextId): Pick<TaskContext, 'sleep' | 'waitFor' | 'ask'> {
  const { scope, claim, memory, journal, parking, order } = turn;
  const { runtime } = scope;
  let questions = 0;
  let waits = 0;
  return {
    async sleep(ms) {
      const id = next('sleep');
      if (parking.isClosed()) await parking.park(0);
      await order.inTurn(id, async () => {
        const known = memory.recall(rememberedSleep, id);
        if (!known) checkRoom(memory);
        const length = checkMs(ms, 'ms');
        const now = runtime.now();
        // One that lies further ahead than it is long began under a clock that was ahead: it begins anew.
        const isOdd = known?.place === undefined && liesBeyond(known?.until ?? 0, now, length);
        const begun = isOdd ? undefined : known;
        const until = begun?.until ?? Math.round(now + length);
        if (!begun) memory.note(rememberedSleep, id, { ...known, until });
        if (runtime.now() < until) await parking.park(until);
      });
    },

    async waitFor(ref, given, options = {}) {
      const stream = findStream(scope.app, ref);
      const id = next(`${WAIT}${stream.name}`);
      if (parking.isClosed()) return parking.park(0);
      if (!memory.has(id)) checkRoom(memory);
      const condition = checkedCondition(given, stream, 'condition');
      const timeoutMs = checkTimeout(options.timeoutMs);
      // A wait that goes on after this turn stays counted.
      waits += 1;
      if (waits > MOST_WAITS) throw invalidInput('condition', `at most ${MOST_WAITS} waits at once`);
      const occurrence = await order.inTurn(id, () => waitFor(turn, id, stream, condition, timeoutMs));
      waits -= 1;
      return occurrence as never;
    },

    async ask(key, request) {
      if (!ASK_KEY.test(key))
        throw invalidConfig(`ask(${JSON.stringify(key)})`, 'a key: a letter, then up to 63 letters, digits, _ . and -');
      const id = next(`ask ${key}`);
      if (parking.isClosed()) return parking.park(0);
      const wire = id.slice('ask '.length);
      return order.inTurn(id, async () => {
        const answered = memory.recall(rememberedAnswer, id);
        if (answered) return readAnswer(request, answered.answer, `ask.${wire}`);
        checkRoom(memory);
        questions += 1;
        if (questions > MOST_QUESTIONS) throw invalidInput('key', `at most ${MOST_QUESTIONS} questions at once`);
        // A question that waits is never asked again: it may have been answered since this turn began.
        const isAsked = Object.hasOwn(journal.header().asks, wire);
        if (!isAsked) journal.change(asked(wire, wireRequest(request, `ask.${wire}`)));
        return parking.park(claim.header.endsBy);
      });
    },
  };
}

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw invalidConfig(`step(${JSON.stringify(name)})`, 'a name of 1 to 128 letters, digits, _ . : / and -');
}

function checkMs(ms: number, field: string): number {
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw invalidInput(field, 'a number of ms, 0 or more');
}
