/**
 * A task: long work that outlives every process. Its `run` starts again from its beginning in each turn, and what it
 * did before is remembered: a `step` that ended returns its value at once, and a wait (for time, an event or a person)
 * ends the turn. A task appears as a tool. A client that knows tasks polls it, and other clients get what `otherwise`
 * says.
 */
import type * as z from 'zod';
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { Log } from '../base/runtime.ts';
import type { Principal } from '../base/principal.ts';
import type { Answer, AskRequest, ContentOf } from './ask.ts';
import type { Condition, ConditionKind } from './condition.ts';
import type { Displayed } from './display.ts';
import type { Scoped } from './scoped.ts';
import type { AppStreams, StreamRef } from './app-streams.ts';
import type { ToolAnnotations, ToolAnswer } from './tool.ts';
import type { AppChanges, HandlerContext } from './context.ts';

/** What the function of a step gets. */
export interface StepContext {
  /**
   * The same on every try of this step, also after a crash or a retry of the whole task. Pass it to systems outside on
   * which the step has effects.
   */
  idempotencyKey: string;
  /** 1 on the first try. A try that a crash ended is not counted. */
  attempt: number;
  /**
   * Aborts when the step's time is over, when the task is cancelled, or when another process takes the task over. It
   * aborts only while the function is at work, never after its end.
   */
  signal: AbortSignal;
  /** Epoch ms at which the step's time is over. */
  deadline: number;
  /**
   * Stores a page of the task's result, together with what the step returns. The page is a text of at least 1 character
   * and at most 340,000 bytes as JSON. A step may store one page, and its value is then at most 64,000 bytes. Pages are
   * numbered from 1, in the order in which their steps ended.
   */
  page: (text: string, mimeType?: string) => void;
}

export interface StepOptions {
  /** Most tries of the step. Default: `attempts` of the task's policy. */
  attempts?: number;
  timeoutMs?: number;
}

/** The moment at which a condition began to hold, or was found to hold. */
export interface Occurrence<Data = Json, Kind extends ConditionKind = ConditionKind> {
  /** The key for which the condition holds. Null: all keys together, or a stream without keys. */
  key: string | null;
  /**
   * Epoch ms at which the event was stored, or at which time alone made the condition hold. Where the condition held
   * already, the time at which the wait began.
   */
  at: number;
  /** The event that made the condition hold. It is null for `absence`, where no event did. */
  event: Kind extends 'absence' ? null : StreamEvent<Data>;
  /** The number that decided: the field's value, or the rate. Null: no number decided. */
  value: number | null;
}

/**
 * What `run` gets. In each turn `run` repeats everything that it does outside these functions, so put code with effects
 * into steps. The names of steps, and the order of calls without a name, have to be the same in each turn. The function
 * of a step calls none of these functions. Where `run` waits for several things at once, it is remembered which came
 * first, so a `Promise.race` has the same result in each turn. A question that lost such a race stays open until the
 * task ends, and its answer is ignored. Functions need no `this`.
 */
export interface TaskContext extends AppChanges {
  taskId: string;
  principal: Principal;
  /**
   * The app's streams, bound to the caller's tenant. What `run` reads outside a step may differ in the next turn. An
   * `await` of anything but these functions does not keep a turn open: while all else waits, the turn may end there and
   * `run` starts again.
   */
  streams: AppStreams;
  /**
   * Runs `run` once and remembers what it returns: a JSON value of at most 350,000 bytes (undefined becomes null). A
   * try that fails is made again after a pause. After the last try the step throws, in this turn and in every later
   * one. The same name may be used again, for another step. Steps may run side by side (`Promise.all`).
   */
  step: <Value extends Json | void>(
    name: string,
    run: (step: StepContext) => Promise<Value> | Value,
    options?: StepOptions,
  ) => Promise<Value>;
  sleep: (ms: number) => Promise<void>;
  /**
   * Waits until a condition on the events of a stream holds, for any key that the condition allows. Returns null when
   * the time is over first. `threshold` and `match` hold at once where the latest event of a key passes already, and
   * `change` is measured from that event. `rate`, `count` and `absence` begin with the wait. Silence is reported 5 s
   * late, because clocks may differ by that much. No event is missed, however long the wait takes and whichever process
   * checks, except an event that retention removed before any process could check it.
   * @param options `timeoutMs`: default as long as the task may take.
   */
  waitFor: <Data = Json, Kind extends ConditionKind = ConditionKind>(
    stream: StreamRef<Data>,
    condition: Condition<Data> & { kind: Kind },
    options?: { timeoutMs?: number },
  ) => Promise<Occurrence<Data, Kind> | null>;
  /** Asks the person behind the task. The same key may be used again, for another question. */
  ask: <Request extends AskRequest>(key: string, request: Request) => Promise<Answer<ContentOf<Request>>>;
  /**
   * Returns epoch ms. The value is remembered, as those of `random` and `uuid` are: the same call returns the same
   * value in each turn.
   */
  now: () => number;
  random: () => number;
  uuid: () => string;
  /** Stores a page of the result, as a step of its own. See `StepContext.page`. */
  page: (text: string, mimeType?: string) => Promise<void>;
  /**
   * Reports what the task is doing, for clients that poll it. It is written at most once a second, and the newest
   * message is written.
   */
  progress: (message: string) => void;
  /** Aborts when the task is cancelled, when another process takes it over, or when the time of this turn is over. */
  signal: AbortSignal;
  /** Epoch ms by which this turn ends. Where `run` is not done by then, another turn starts it again. */
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
 * What a client gets that does not know tasks. `handle`: an answer at once, with a handle for the tools get_task,
 * answer_task and cancel_task. `wait`: the result, where it comes within `waitMs`; else an error. `refuse`: an error at
 * once.
 */
export type TaskFallback = 'handle' | 'wait' | 'refuse';

export interface TaskOptions<Input extends z.ZodType, Output extends z.ZodType> extends Displayed, Scoped {
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

/** A declared task, with the type of its input forgotten. `run` gets what `input` validated. */
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
