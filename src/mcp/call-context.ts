/** What a request brings to a handler, and the context that the handler gets. Knows nothing of the wire. */
import type { AppStreams, ListContext, McpLogLevel, ToolContext } from '../core/declaration/handlers.ts';
import type { AppFeeds } from '../core/declaration/outlet.ts';
import { TidegateError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Account } from '../store/counting.ts';
import type { Store } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import type { Tasks } from '../tasks/service.ts';
import { type Asking, ASKS_NOTHING, type InputRequired, withAsking } from './asking.ts';
import type { Asked, RequestStates, Retry } from './request-state.ts';
import type { Results } from './results/results.ts';

/** Made by the edge for each request; its functions do nothing where the caller did not ask. */
export interface Caller {
  principal: Principal;
  /** What the request asks of the store goes on it. */
  account: Pick<Account, 'store'>;
  /** Aborts when the caller went away. */
  signal: AbortSignal;
  /** Epoch ms by which an answer has to be there. */
  deadline: number;
  /** What the client declared of itself; null where the protocol version does not say. */
  clientCapabilities: JsonObject | null;
  /** What it brings of an earlier round, where it was asked something; null: nothing. */
  retry: Retry | null;
  /** What else came beside the request: `_meta`, without what belongs to the protocol. */
  meta: Readonly<Record<string, unknown>>;
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
  progress: (progress: number, total?: number, message?: string) => void;
  emit: (partial: Json) => void;
}

/** What handlers stand on beside the caller; made once. */
export interface HandlerDeps {
  runtime: Pick<Runtime, 'now' | 'newId' | 'log' | 'sleep'>;
  streamsFor(principal: Principal, deadline: number, store: Store): AppStreams;
  /** Absent: handlers reach no feeds at once. */
  feedsFor?: (context: Omit<ToolContext, 'feeds'>, store: Store) => AppFeeds;
  requestStates: RequestStates<Caller>;
  /** Null: there are none. */
  tasks: Tasks | null;
  /** Keeps what is too large to be answered; default: everything is answered as it is. */
  results?: Results;
}

/** Under it stands the request's view of the store, for the built-in handlers; an app's own have its streams. */
const STORE = Symbol('store');

interface AccountedContext extends ToolContext {
  readonly [STORE]: Store;
}

/** What built-in handlers are made of. The store comes with each request, so that none reads past its account. */
export type AppDeps = Omit<Deps, 'store'>;

/** The store as the account of a request sees it. */
export function storeOf(context: ListContext): Store {
  return (context as AccountedContext)[STORE];
}

/** What a built-in handler reads through. */
export function accounted(deps: AppDeps, context: ListContext): Deps {
  return { ...deps, store: storeOf(context) };
}

/** Tasks, with what they ask of the store on the account of a request. */
export function accountedTasks(tasks: Tasks, context: ListContext): Tasks {
  return tasks.on(storeOf(context));
}

/**
 * Runs a handler in its context. Streams and the signal are made when first asked for: most handlers need neither, and
 * a deadline is only watched for one that can be told of it.
 */
export async function inContext<Answer>(
  deps: HandlerDeps,
  caller: Caller,
  handler: (context: ToolContext) => Promise<Answer>,
  asking: Asking = ASKS_NOTHING,
): Promise<Answer> {
  let streams: AppStreams | null = null;
  let feeds: AppFeeds | null = null;
  let watch: DeadlineWatch | null = null;
  const context: AccountedContext = {
    principal: caller.principal,
    get [STORE]() {
      return caller.account.store;
    },
    get streams() {
      streams ??= deps.streamsFor(caller.principal, caller.deadline, caller.account.store);
      return streams;
    },
    get feeds() {
      feeds ??= (deps.feedsFor ?? noFeeds)(context, caller.account.store);
      return feeds;
    },
    get signal() {
      watch ??= watchDeadline(deps.runtime, caller);
      return watch.signal;
    },
    now: deps.runtime.now,
    deadline: caller.deadline,
    log: caller.log,
    progress: caller.progress,
    emit: caller.emit,
    ask: asking.ask,
    sample: asking.sample,
    roots: asking.roots,
    canAsk: asking.canAsk,
  };
  if (asking !== ASKS_NOTHING) asking.left = () => watch?.leave();
  try {
    return await handler(context);
  } catch (thrown) {
    // Whatever a handler throws when it is told to stop, being stopped is the reason.
    throw ended(watch) ?? thrown;
  } finally {
    (watch as DeadlineWatch | null)?.end();
  }
}

/** As `inContext`, for a handler that may ask: it answers, or its request ends with questions. */
export function inAskingContext<Answer>(
  deps: HandlerDeps,
  caller: Caller,
  asked: Asked,
  handler: (context: ToolContext) => Promise<Answer>,
): Promise<Answer | InputRequired> {
  return withAsking(deps, caller, asked, (asking) => inContext(deps, caller, handler, asking));
}

function noFeeds(): never {
  throw new TidegateError('internal', 'this host reaches no feeds at once');
}

interface DeadlineWatch {
  signal: AbortSignal;
  end(): void;
  /** Ends it, and tells the handler, which waits for an answer that comes with another request. */
  leave(): void;
}

/** A signal that aborts when the caller goes away or its time is over. */
function watchDeadline(runtime: HandlerDeps['runtime'], { signal, deadline }: Caller): DeadlineWatch {
  const told = new AbortController();
  const timer = new AbortController();
  const stop = (message: string) => {
    if (!timer.signal.aborted) told.abort(new TidegateError('cancelled', message));
  };
  const gone = () => stop('The caller went away');
  if (signal.aborted) gone();
  signal.addEventListener('abort', gone, { once: true });
  void runtime
    .sleep(Math.max(0, deadline - runtime.now()), timer.signal)
    .then(() => stop('The time for this request is over'));
  function end() {
    timer.abort();
    signal.removeEventListener('abort', gone);
  }
  return {
    signal: told.signal,
    end,
    leave() {
      stop('The request ended with a question; its retry enters the handler again');
      end();
    },
  };
}

function ended(watch: DeadlineWatch | null): TidegateError | null {
  const reason: unknown = watch?.signal.reason;
  return reason instanceof TidegateError ? reason : null;
}
