/**
 * What is known and answered of a request without the SDK: its exchange, what its client is told of an error, the checks that
 * need the registry, and plain requests of 2026-07-28. A host that never hears anything else does not load the SDK.
 */
import { asTidegateError } from '../../base/errors.ts';
import { HEADER_MISMATCH, type RpcError, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Sealer } from '../../base/seal.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import type { Store } from '../../store/store.ts';
import type { LateResults } from '../asking/late-results.ts';
import type { ListenBounds } from '../listen/held.ts';
import type { Registry } from '../registry/registry.ts';
import type { StandingSource } from '../sessions/standing.ts';
import { protocolAnswer, wholeMessage } from '../wire/errors.ts';
import { claimOf } from '../wire/message.ts';
import { PROTOCOL_VERSION_META_KEY } from '../wire/meta-keys.ts';
import { headerMismatch } from '../wire/param-headers.ts';
import { plainRequest } from '../wire/plain.ts';
import { isProtocolError, ProtocolError } from '../wire/protocol-error.ts';
import { MODERN_VERSION } from '../wire/versions.ts';
import { callerOf } from './caller.ts';
import { createDirect, type DirectDeps } from './direct.ts';
import { answersDirectly, dispatch } from './dispatch.ts';
import { createExchanges, type Exchange, type Exchanges } from './exchange.ts';
import { extensionRefusal } from './extension-check.ts';

export interface ServerDeps {
  runtime: Runtime;
  /** Of the whole app. */
  registry: Registry;
  /** What a principal may use: the whole, or the registry of a part of the app. */
  registryOf: (principal: Principal) => Registry;
  /** Seals sessions of 2025-11-25 and before. Default null: there are none, and no level of log messages over HTTP. */
  sessionSealer?: Sealer | null;
  /** The store whose calls are counted for each request. */
  store: Store;
  /** Longest time that a request may take; default 58,000. */
  requestMs?: number;
  /**
   * When the host itself ends a request over HTTP, epoch ms; null: it does not. The earlier of this and `requestMs`
   * counts.
   */
  deadlineOf?: (request: Request) => number | null;
  /** How clients of 2026-07-28 listen to changes. Default null: they cannot. */
  listening?: { watch: ChangeWatch; bounds: ListenBounds } | null;
  /**
   * Longest time that a stream stays open, ms; its client comes back then. 0: there are none but those of requests. Default
   * 3,600,000.
   */
  streamMs?: number;
  /** What tells clients of 2025-11-25 and before on their streams that belong to no request. Default: nothing. */
  standing?: readonly StandingSource[];
  /** Of a pipe: what tasks that are begun over it remember in the place of a session. Default null: nothing. */
  connection?: string | null;
  /** By which this instance hears of what others did. Default: it looks now and then. */
  watch?: ChangeWatch;
  /**
   * Whether work can go on after its client went away, as 2025-11-25 asks for. False where the platform stops the process
   * then: handlers are told by their signal. Default true.
   */
  outlivesClients?: boolean;
  /**
   * Whether work goes on when its own request has been answered. False where the platform ends it then: an answer to a
   * question is acknowledged when all that came of it is done. Default true.
   */
  worksAfterAnswer?: boolean;
  /** Whether plain requests of 2026-07-28 are answered without the SDK. Default true. */
  direct?: boolean;
  /** Keeps the results of calls that were answered in words because nobody answered in time. Default null: they are lost. */
  late?: LateResults | null;
}

export interface Answering extends Exchanges {
  /** What a client is told of an error, and the log beside it. It sets the exchange's refusal. */
  failure: (method: string, thrown: unknown, exchange: Exchange) => RpcError;
  /** The same as an error that the SDK sends as it is. */
  toThrow: (method: string, thrown: unknown, exchange: Exchange) => ProtocolError;
  /** By when a request has to be answered that is entered now, epoch ms. */
  deadlineFor: (request: Request | undefined) => number;
  /** Who answers, without icons. */
  brief: Registry['about']['identity'];
  /** The answer to a message of 2026-07-28: a refusal, or that of a plain request. Null: the SDK has to see it. */
  answer(request: Request, body: unknown, exchange: Exchange): Response | Promise<Response> | null;
  /** Aborts the handlers that are under way. */
  close(): void;
}

/** Most clients give up after 60 s, and hear nothing that comes later. */
const REQUEST_MS = 58_000;

/** @param local who calls where a message comes without HTTP; null: all messages come over HTTP */
export function createAnswering(deps: ServerDeps, local: Principal | null): Answering {
  const { registry, registryOf, runtime, store } = deps;
  const { requestMs = REQUEST_MS, deadlineOf = () => null } = deps;
  const { icons: _icons, ...brief } = registry.about.identity;
  const exchanges = createExchanges(store, runtime, local, registryOf, deadlineFor);
  const direct = deps.direct === false ? null : createDirect({ runtime, run, failure, identity: brief });

  function deadlineFor(request: Request | undefined): number {
    const ours = runtime.now() + requestMs;
    return Math.min(ours, (request && deadlineOf(request)) ?? ours);
  }

  function toThrow(method: string, thrown: unknown, exchange: Exchange): ProtocolError {
    if (isProtocolError(thrown)) return thrown;
    const error = asTidegateError(thrown);
    const reference = runtime.newId();
    const refusal = protocolAnswer(error, reference);
    if (refusal.defect) {
      const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
      runtime.log('error', `${method} failed: ${error.message}`, { reference, code: error.code, cause });
    }
    const { httpStatus, retryAfterMs } = refusal;
    if (retryAfterMs !== null) exchange.refusal = { httpStatus, retryAfterMs };
    return new ProtocolError(refusal.code, wholeMessage(refusal), refusal.data);
  }

  function failure(method: string, thrown: unknown, exchange: Exchange): RpcError {
    const { code, message, data } = toThrow(method, thrown, exchange);
    return { code, message, ...(data === undefined ? {} : { data }) };
  }

  return {
    ...exchanges,
    failure,
    toThrow,
    deadlineFor,
    brief,
    answer(request, body, exchange) {
      const mismatch = mismatchOf(registry, request, body);
      if (mismatch !== null) return rpcErrorResponse(400, { code: HEADER_MISMATCH, message: mismatch }, body);
      const refusal = extensionRefusal(registry.extensions, body);
      if (refusal !== null || direct === null || !answersDirectly(exchange.registry, body)) return refusal;
      const plain = plainRequest(request.headers, body);
      return plain && direct.serve(request, plain, exchange);
    },
    close: () => direct?.close(),
  };
}

async function run(...[{ id, method, params }, heard, exchange]: Parameters<DirectDeps['run']>): Promise<object> {
  return dispatch(exchange.registry, { jsonrpc: '2.0', id, method, params }, callerOf(heard, exchange), false);
}

function mismatchOf(registry: Registry, request: Request, body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { method, params } = body as { method?: unknown; params?: { name?: unknown; arguments?: unknown } };
  if (method !== 'tools/call' || typeof params?.name !== 'string') return null;
  const declared = registry.tools.paramHeaders(params.name);
  if (declared.length === 0 || claimOf(body, PROTOCOL_VERSION_META_KEY) !== MODERN_VERSION) return null;
  return headerMismatch(declared, params.arguments, request.headers);
}
