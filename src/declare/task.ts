/**
 * A task: long work that outlives every process. Its `run` is entered again and again, each time from the start, with
 * what it had done remembered: a `step` that ended answers at once, and whatever waits (for time, an event, a person)
 * ends the process's part in it. It appears as a tool; a client that knows tasks polls it, others get what `otherwise` says.
 */
import type * as z from 'zod';
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { Log } from '../base/runtime.ts';
import type { Principal } from '../base/principal.ts';
import type { Answer, AskRequest, ContentOf } from './ask.ts';
import type { Condition, ConditionKind } from './condition.ts';
import type { Displayed } from './display.ts';
import type { AppStreams, StreamRef } from './app-streams.ts';
import type { ToolAnnotations, ToolAnswer } from './tool.ts';
import type { HandlerContext } from './context.ts';

/** What a function of a step gets. */
export interface StepContext {
  /** The same on every try of this step, also after a crash or a retry of the whole task: give it to what has effects outside. */
  idempotencyKey: string;
  /** 1 on the first try. A try that a crash ended is not counted. */
  attempt: number;
  /** Aborts when the step's time is over, or the task was cancelled or lost to another process. */
  signal: AbortSignal;
  /** Epoch ms at which the step's time is over. */
  deadline: number;
  /**
   * Stores a page of the task's result, together with what the step answers: a text of 1 character to 340,000 bytes as JSON. One a step, whose
   * value is then at most 64,000 bytes. Pages are numbered from 1 on, in the order in which their steps ended.
   */
  page: (text: string, mimeType?: string) => void;
}

export interface StepOptions {
  /** Default: those of the task's policy. */
  attempts?: number;
  timeoutMs?: number;
}

/** That a condition began to hold, or was found to hold. */
export interface Occurrence<Data = Json, Kind extends ConditionKind = ConditionKind> {
  /** For which key; null: for all keys together, or of a stream without keys. */
  key: string | null;
  /** Epoch ms: when the event was stored, or when time alone did it; where it held already, when the wait began. */
  at: number;
  /** The event that did it; null for `absence`, where none did. */
  event: Kind extends 'absence' ? null : StreamEvent<Data>;
  /** The number that decided, where one did: the field's, or the rate. */
  value: number | null;
}

/**
 * What `run` gets. All that it does beside these functions is done again on each entry, so effects belong into steps;
 * names of steps, and the order of calls without a name, have to be the same on each entry; the function of a step calls
 * none of them. Which of several that are waited for at once came first is remembered, so a `Promise.race` of them goes the
 * same way on each entry; but a question that lost one stays open until the task ends, and its answer is passed over.
 * Functions need no `this`.
 */
export interface TaskContext {
  taskId: string;
  principal: Principal;
  /** The app's streams, bound to the caller's tenant. What is read outside a step may differ on the next entry, and
   * what is awaited beside these functions keeps no entry open: while all else waits, it may be cut and begun again. */
  streams: AppStreams;
  /**
   * Runs `run` once and remembers what it answers: a JSON value of at most 350,000 bytes (nothing reads as null). A
   * failed try is made again after a pause; after the last one it throws, on this and on every later entry. The same
   * name may be used again: the second is another step. Steps may run side by side (`Promise.all`).
   */
  step: <Value extends Json | void>(
    name: string,
    run: (step: StepContext) => Promise<Value> | Value,
    options?: StepOptions,
  ) => Promise<Value>;
  sleep: (ms: number) => Promise<void>;
  /**
   * Waits until a condition on the events of a stream holds, for any key that it does not leave out; null when the time
   * was over before. `threshold` and `match` hold at once where the latest event of a key passes already, and `change`
   * is measured from there; `rate`, `count` and `absence` begin with the wait. Of silence it is told 5 s late, by which
   * clocks may differ. No event is missed, however long it takes and whichever process looks; but one that retention
   * took away before anybody could look at it is gone.
   * @param options `timeoutMs`: default as long as the task may take.
   */
  waitFor: <Data = Json, Kind extends ConditionKind = ConditionKind>(
    stream: StreamRef<Data>,
    condition: Condition<Data> & { kind: Kind },
    options?: { timeoutMs?: number },
  ) => Promise<Occurrence<Data, Kind> | null>;
  /** Asks the person behind the task. The same key may be asked again: the second is another question. */
  ask: <Request extends AskRequest>(key: string, request: Request) => Promise<Answer<ContentOf<Request>>>;
  /** Epoch ms; remembered, as `random` and `uuid` are: the same call answers the same on each entry. */
  now: () => number;
  random: () => number;
  uuid: () => string;
  /** A step of its own that stores a page of the result; see `StepContext.page`. */
  page: (text: string, mimeType?: string) => Promise<void>;
  /** What the task is at, for those who poll it. Written at most once a second; the newest is written. */
  progress: (message: string) => void;
  /** Aborts when the task was cancelled or lost, or this entry's time is over. */
  signal: AbortSignal;
  /** Epoch ms by which this entry is over; `run` is entered again if it is not done. */
  deadline: number;
  log: Log;
}

export interface TaskPolicy {
  /**
   * Tries of a step, and of what `run` does outside steps.
   * @default 5
   */
  attempts?: number;
  /**
   * The pause before try n + 1 is a random part of `firstMs * 2^(n - 1)`, and at most `mostMs`. The defaults are
   * 1,000 and 60,000.
   */
  backoff?: { firstMs?: number; mostMs?: number };
  /**
   * Longest time of a step, in ms.
   * @default 60,000 ms
   */
  stepMs?: number;
  /** Longest time of the whole task, waits included, in ms. Default: `ttlMs`. */
  totalMs?: number;
  /**
   * How long the task can be asked for, from its creation on, in ms.
   * @default 86,400,000 ms
   */
  ttlMs?: number;
  /** Most turns under way at once, of all principals together and of each one; 1 to 100. Default: no limit. */
  concurrency?: { all?: number; perPrincipal?: number };
}

/**
 * What a client that knows no tasks gets: `handle`: an answer at once, with a handle for the tools get_task, answer_task
 * and cancel_task. `wait`: the result, where it comes within `waitMs`; else an error. `refuse`: an error at once.
 */
export type TaskFallback = 'handle' | 'wait' | 'refuse';

export interface TaskOptions<Input extends z.ZodType, Output extends z.ZodType> extends Displayed {
  /** For the model: what the task does, and how long it may take. */
  description: string;
  /**
   * A task goes on in the version that it began with. Change the version when `run` changes in a way that tasks under
   * way could not follow; see `previous`.
   */
  version: string;
  /** The arguments, as a zod schema of an object. Default: no arguments. */
  input?: Input;
  /** Shape of the result's `structured`, which is then required and checked. */
  output?: Output;
  /** Hints for clients. They decide nothing here. */
  annotations?: ToolAnnotations;
  /** How often steps are tried, how long they may take, and how many turns run at once. */
  policy?: TaskPolicy;
  /**
   * What a client that does not know tasks gets.
   * @default handle
   */
  otherwise?: TaskFallback;
  /**
   * How long `otherwise: 'wait'` waits for the result, in ms.
   * @default 20,000 ms
   */
  waitMs?: number;
  /**
   * True: a result above 340,000 bytes is kept in pages. False: such a result fails the task.
   * @default false
   */
  pages?: boolean;
  /**
   * Calls of one principal that have the same key are one task. A client may give a key too; see the README of tasks.
   * Default: each call is a task.
   */
  idempotencyKey?: (input: z.output<Input>) => string | null;
  /** Runs before the task is created, while the caller can still be asked. What it answers is what `run` gets. */
  prepare?: (input: z.output<Input>, context: HandlerContext) => Promise<z.output<Input>>;
  /** The declarations of older versions, for tasks that began with them. */
  previous?: readonly Task[];
  /** Does the work. It runs once in each turn, from its start; what its steps did is remembered. */
  run(input: z.output<Input>, context: TaskContext): Promise<ToolAnswer<z.input<Output>> | string>;
}

/** A declared task, with the type of its input forgotten: `run` is called with what `input` has validated. */
export interface Task extends Omit<
  TaskOptions<z.ZodType, z.ZodType>,
  'run' | 'prepare' | 'idempotencyKey' | 'otherwise'
> {
  kind: 'task';
  otherwise: TaskFallback;
  idempotencyKey: ((input: never) => string | null) | null;
  prepare: ((input: never, context: HandlerContext) => Promise<unknown>) | null;
  run(input: never, context: TaskContext): Promise<ToolAnswer | string>;
}

export function task<Input extends z.ZodType = z.ZodObject, Output extends z.ZodType = z.ZodType>(
  options: TaskOptions<Input, Output>,
): Task {
  const { otherwise = 'handle', idempotencyKey = null, prepare = null, ...rest } = options;
  return { kind: 'task', otherwise, idempotencyKey, prepare, ...rest };
}
