/** Makes the context that a handler gets from what its request brings. Knows nothing of the wire. */
import type { AppStreams } from '../declare/app-streams.ts';
import type { AppChanges, ListContext, ToolContext } from '../declare/context.ts';
import type { AppAlarms } from '../declare/trigger.ts';
import type { AppFeeds } from '../declare/app-feeds.ts';
import { TidegateError } from '../base/errors.ts';
import { shortened } from '../base/text.ts';
import type { Store } from '../store/store.ts';
import { pacedBy, UNBOUNDED, type Work } from '../store/work.ts';
import { answerLimit } from '../base/time/answer-limit.ts';
import { inTime, lift, type Lift } from '../base/time/in-time.ts';
import type { Deps } from '../streams/deps.ts';
import type { Tasks } from '../tasks/work/service.ts';
import { ASKS_NOTHING, withAsking } from './asking.ts';
import type { Asking, InputRequired } from './question-round.ts';
import type { Asked } from './request-state.ts';
import type { Caller } from './caller.ts';
import { type DeadlineWatch, watchDeadline } from '../base/time/deadline-watch.ts';
import type { HandlerDeps } from './deps.ts';
import type { Scope } from '../streams/scope.ts';

/** Holds the request's view of the store, for built-in handlers. An app's own handlers have the streams instead. */
const STORE = Symbol('store');

/** The request's share of the process. */
const WORK = Symbol('work');

/** What a context is made of. */
const CALL = Symbol('call');

interface AccountedContext extends ToolContext {
  readonly [STORE]: Store;
  readonly [WORK]: Work;
}

/**
 * What built-in handlers are made with. The store comes with each request, so that every call is counted on its
 * account.
 */
export type AppDeps = Omit<Deps, 'store'>;

/** The store, with its calls counted on the account of the request. */
export function storeOf(context: ListContext): Store {
  return (context as AccountedContext)[STORE];
}

/** The request's share of what the process can do, for handlers that wait. */
export function workOf(context: ListContext): Work {
  return (context as AccountedContext)[WORK];
}

/** What a built-in handler reads through: the caller's tenant, with calls counted on the account of the request. */
export function accounted(deps: AppDeps, context: ListContext): Scope {
  const runtime = pacedBy(deps.runtime, workOf(context));
  return { ...deps, runtime, store: storeOf(context), tenant: context.principal.tenant };
}

/** Tasks, with their calls to the store counted on the account of the request. */
export function accountedTasks(tasks: Tasks, context: ListContext): Tasks {
  return tasks.on(storeOf(context));
}

/** Of a URI or a name that a client sends. */
const NAME_CHARACTERS = 200;

/** What a context is made of, and what of it was made. Null: its handler has not read it. */
interface CallParts {
  readonly deps: HandlerDeps;
  readonly caller: Caller;
  readonly asking: Asking;
  streams: AppStreams | null;
  feeds: AppFeeds | null;
  alarms: AppAlarms | null;
  watch: DeadlineWatch | null;
}

/**
 * Streams, feeds and the signal are made when the handler first reads them, because most handlers need none of them. Its parts stand
 * under a symbol, so that a proxy of it, or what an app derives from it, reads them too.
 */
class CallContext implements AccountedContext {
  readonly [CALL]: CallParts;
  readonly [WORK]: Work;
  readonly principal;
  readonly now;
  readonly deadline;

  constructor(deps: HandlerDeps, caller: Caller, asking: Asking) {
    this[CALL] = { deps, caller, asking, streams: null, feeds: null, alarms: null, watch: null };
    this[WORK] = caller.account.work ?? UNBOUNDED;
    this.principal = caller.principal;
    this.now = deps.runtime.now;
    this.deadline = caller.deadline;
  }

  get [STORE](): Store {
    return this[CALL].caller.account.store;
  }

  get streams(): AppStreams {
    return (this[CALL].streams ??= this[CALL].deps.streamsFor(this.principal, this.deadline, this[STORE]));
  }

  get alarms(): AppAlarms {
    return (this[CALL].alarms ??= (this[CALL].deps.alarmsFor ?? noAlarms)(this.principal, this.deadline, this[STORE]));
  }

  get feeds(): AppFeeds {
    return (this[CALL].feeds ??= (this[CALL].deps.feedsFor ?? noFeeds)(this, this[STORE]));
  }

  get resources(): AppChanges['resources'] {
    return changesOf(this).resources;
  }

  get tools(): AppChanges['tools'] {
    return changesOf(this).tools;
  }

  get prompts(): AppChanges['prompts'] {
    return changesOf(this).prompts;
  }

  get signal(): AbortSignal {
    return (this[CALL].watch ??= watchDeadline(this[CALL].deps.runtime, this[CALL].caller)).signal;
  }

  get log(): ToolContext['log'] {
    return this[CALL].caller.log;
  }

  get progress(): ToolContext['progress'] {
    return this[CALL].caller.progress;
  }

  get emit(): ToolContext['emit'] {
    return this[CALL].caller.emit;
  }

  get closeStream(): () => void {
    return () => this[CALL].caller.leave?.();
  }

  get ask(): ToolContext['ask'] {
    return this[CALL].asking.ask;
  }

  get sample(): ToolContext['sample'] {
    return this[CALL].asking.sample;
  }

  get roots(): ToolContext['roots'] {
    return this[CALL].asking.roots;
  }

  get canAsk(): ToolContext['canAsk'] {
    return this[CALL].asking.canAsk;
  }
}

function changesOf(context: CallContext): AppChanges {
  const { deps, caller } = context[CALL];
  return (deps.changesFor ?? noChanges)(context.principal, context.deadline, caller.account.store);
}

/** A handler that was entered. No closure, because V8 (of Node 24) keeps what one holds here until it collects all of its heap. */
class Entry {
  readonly #context: CallContext;
  readonly #limit: Lift;

  constructor(context: CallContext, limit: Lift) {
    this.#context = context;
    this.#limit = limit;
  }

  /** Nobody waits for it any more. */
  leave(): void {
    lift(this.#limit);
    this.#context[CALL].watch?.leave();
  }
}

/**
 * Runs a handler in its context. The caller is answered at the deadline, also where the handler has not ended by then.
 * @param what the handler is, for the log and for the caller: `tool slow`
 * @throws TidegateError `cancelled` where the handler does not answer in time; what the handler throws
 */
export async function inContext<Answer>(
  deps: HandlerDeps,
  caller: Caller,
  what: string,
  handler: (context: ToolContext) => Promise<Answer>,
  asking: Asking = ASKS_NOTHING,
): Promise<Answer> {
  const context = new CallContext(deps, caller, asking);
  const limit: Lift = { isLifted: false, stop: null };
  if (asking !== ASKS_NOTHING) asking.left = new Entry(context, limit);
  try {
    return await inTime(
      deps.runtime,
      entered(deps.runtime, what, () => handler(context)),
      answerLimit(deps.runtime, caller.deadline, what),
      limit,
    );
  } catch (thrown) {
    // The reason is that the handler was stopped, whatever it throws then.
    throw ended(context[CALL].watch) ?? thrown;
  } finally {
    context[CALL].watch?.end();
  }
}

/** As `inContext`, for a handler that may ask: it answers, or the request ends with questions. */
export function inAskingContext<Answer>(
  deps: HandlerDeps,
  caller: Caller,
  asked: Asked,
  handler: (context: ToolContext) => Promise<Answer>,
): Promise<Answer | InputRequired> {
  const what = `${KINDS[asked.method]} ${shortened(asked.name, NAME_CHARACTERS)}`;
  return withAsking(deps, caller, asked, (asking) => inContext(deps, caller, what, handler, asking));
}

const KINDS: Record<Asked['method'], string> = {
  'tools/call': 'tool',
  'prompts/get': 'prompt',
  'resources/read': 'resource',
};

/** A handler of an app may throw at once, whatever its type says. */
function entered<Answer>(
  { named }: HandlerDeps['runtime'],
  what: string,
  handler: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return Promise.resolve(named ? named(what, handler) : handler());
  } catch (thrown) {
    // As it was thrown, whatever it is.
    return new Promise((_resolve, reject) => reject(thrown));
  }
}

function noFeeds(): never {
  throw new TidegateError('internal', 'this host reaches no feeds at once');
}

function noChanges(): never {
  throw new TidegateError('internal', 'this host tells nobody of changes');
}

function ended(watch: DeadlineWatch | null): TidegateError | null {
  const reason: unknown = watch?.signal.reason;
  return reason instanceof TidegateError ? reason : null;
}

function noAlarms(): AppAlarms {
  throw new TidegateError('not_supported', 'alarms cannot be reached here');
}
