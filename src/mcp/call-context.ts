/** What a request brings to a handler, and the context that the handler gets. Knows nothing of the wire. */
import type { AppStreams, McpLogLevel, ToolContext } from '../core/declaration/handlers.ts';
import { TidegateError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Tasks } from '../tasks/service.ts';

/** Made by the edge for each request; its functions do nothing where the caller did not ask. */
export interface Caller {
  principal: Principal;
  /** Aborts when the caller went away. */
  signal: AbortSignal;
  /** Epoch ms by which an answer has to be there. */
  deadline: number;
  /** What the client declared of itself; null where the protocol version does not say. */
  clientCapabilities: JsonObject | null;
  /** What else came beside the request: `_meta`, without what belongs to the protocol. */
  meta: Readonly<Record<string, unknown>>;
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
  progress: (progress: number, total?: number, message?: string) => void;
  emit: (partial: Json) => void;
}

/** What handlers stand on beside the caller; made once. */
export interface HandlerDeps {
  runtime: Pick<Runtime, 'now' | 'newId' | 'log' | 'sleep'>;
  streamsFor(principal: Principal, deadline: number): AppStreams;
  /** Null: there are none. */
  tasks: Tasks | null;
}

/**
 * Runs a handler in its context. Streams and the signal are made when first asked for: most handlers need neither, and
 * a deadline is only watched for one that can be told of it.
 */
export async function inContext<Answer>(
  deps: HandlerDeps,
  caller: Caller,
  handler: (context: ToolContext) => Promise<Answer>,
): Promise<Answer> {
  let streams: AppStreams | null = null;
  let watch: DeadlineWatch | null = null;
  const context: ToolContext = {
    principal: caller.principal,
    get streams() {
      streams ??= deps.streamsFor(caller.principal, caller.deadline);
      return streams;
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
  };
  try {
    return await handler(context);
  } catch (thrown) {
    // Whatever a handler throws when it is told to stop, being stopped is the reason.
    throw ended(watch) ?? thrown;
  } finally {
    (watch as DeadlineWatch | null)?.end();
  }
}

interface DeadlineWatch {
  signal: AbortSignal;
  end(): void;
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
  return {
    signal: told.signal,
    end() {
      timer.abort();
      signal.removeEventListener('abort', gone);
    },
  };
}

function ended(watch: DeadlineWatch | null): TidegateError | null {
  const reason: unknown = watch?.signal.reason;
  return reason instanceof TidegateError ? reason : null;
}
