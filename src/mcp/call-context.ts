/** What a request brings to a handler, and the context that the handler gets. Knows nothing of the wire. */
import type { AppStreams, HandlerContext, McpLogLevel, ToolContext } from '../core/declaration/handlers.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import type { Runtime } from '../core/runtime.ts';

/** Made by the edge for each request; its functions do nothing where the caller did not ask. */
export interface Caller {
  principal: Principal;
  signal: AbortSignal;
  /** Epoch ms by which an answer has to be there. */
  deadline: number;
  /** What the client declared of itself; null where the protocol version does not say. */
  clientCapabilities: JsonObject | null;
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
  progress: (progress: number, total?: number, message?: string) => void;
  emit: (partial: Json) => void;
}

/** What handlers stand on beside the caller; made once. */
export interface HandlerDeps {
  runtime: Pick<Runtime, 'now' | 'newId' | 'log'>;
  streamsFor(principal: Principal): AppStreams;
}

/** The streams are bound when first asked for: most handlers read one, and lists read none. */
export function handlerContext(deps: HandlerDeps, caller: Caller): HandlerContext {
  return toolContext(deps, caller);
}

export function toolContext(deps: HandlerDeps, caller: Caller): ToolContext {
  let streams: AppStreams | null = null;
  return {
    principal: caller.principal,
    get streams() {
      streams ??= deps.streamsFor(caller.principal);
      return streams;
    },
    now: deps.runtime.now,
    signal: caller.signal,
    deadline: caller.deadline,
    log: caller.log,
    progress: caller.progress,
    emit: caller.emit,
  };
}
