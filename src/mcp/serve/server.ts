/**
 * The SDK's server over the registry: a small instance per exchange, or per stdio connection; everything it uses is
 * made once. Requests come through the fallback handler, so that nothing is registered, parsed or converted for each
 * request. The SDK still does what comes before a handler: eras, envelopes, headers, discovery, cancellation.
 */
import {
  type JSONRPCRequest,
  type McpRequestContext,
  type McpServerFactory,
  ProtocolError,
  type Result,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { RpcError } from '../../base/json-rpc.ts';
import { isPublic, type Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Sealer } from '../../base/seal.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import type { Store } from '../../store/store.ts';
import { callerOf } from './caller.ts';
import { dispatch, serves, streamFor } from './dispatch.ts';
import { streamOverPipe } from '../listen/pipe-streams.ts';
import { protocolAnswer, wholeMessage } from '../wire/errors.ts';
import { createDirect, type Direct } from './direct.ts';
import { createExchanges, type Exchange, type Exchanges } from './exchange.ts';
import { ExchangeServer, serverOptions, type ServerOptionsByEra } from './exchange-server.ts';
import { askedFor } from '../wire/message.ts';
import type { ListenBounds } from '../listen/held.ts';
import type { Registry } from '../registry/registry.ts';
import { declareTasks } from './core-tasks.ts';
import type { StandingSource } from '../sessions/standing.ts';
import { inLegacyCode, sendLegacyErrors } from './legacy-errors.ts';
import { enterAgain, runLegacy } from './run-legacy.ts';
import type { LateResults } from '../asking/late-results.ts';
import type { ClientQuestions } from '../asking/asking.ts';
import type { GoesOn } from '../asking/going-on.ts';
import { answerExtensionMethods, withResponses } from './extension-methods.ts';

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

export interface ServerSource {
  factory: McpServerFactory;
  /** Has to be called before a request over HTTP is served. */
  begin(...given: Parameters<Exchanges['begin']>): Exchange;
  /** How a request that was asked about goes on, at the instance that its answers came to. */
  goesOn(exchange: Exchange): GoesOn;
  /** What answers requests in which nothing is unusual. Null: the SDK does. */
  direct: Direct | null;
  /** What a client is told of an error, and the log beside it. It sets the exchange's refusal. */
  failure(method: string, thrown: unknown, exchange: Exchange): RpcError;
}

/** Most clients give up after 60 s, and hear nothing that comes later. */
const REQUEST_MS = 58_000;

/**
 * @param local who calls where a message comes without HTTP; null: all messages come over HTTP
 * @param asking asks clients of 2025-11-25 and before that have a session; null: they are not asked
 */
export function createServerSource(
  deps: ServerDeps,
  local: Principal | null = null,
  asking: ClientQuestions | null = null,
): ServerSource {
  const { registry, registryOf, runtime, store } = deps;
  const { requestMs = REQUEST_MS, deadlineOf = () => null, connection = null } = deps;
  const exchanges = createExchanges(store, runtime, local, registryOf, deadlineFor);
  const { icons: _icons, ...brief } = registry.about.identity;
  const hasStreams = deps.streamMs !== 0;
  const whole = serverOptions(registry, hasStreams);
  // Registries come and go with the scopes of callers.
  const ofParts = new WeakMap<Registry, ServerOptionsByEra>();

  function optionsOf(asked: Registry): ServerOptionsByEra {
    if (asked === registry) return whole;
    const made = ofParts.get(asked) ?? serverOptions(asked, hasStreams);
    ofParts.set(asked, made);
    return made;
  }

  function registryFor({ requestInfo }: McpRequestContext): Registry {
    if (requestInfo) return exchanges.of(requestInfo).registry;
    return local === null ? registry : registryOf(local);
  }

  const optionsFor = (asked: Registry, { era, requestInfo }: McpRequestContext) => {
    const { modern, legacy, sessionless } = optionsOf(asked);
    return era === 'modern' ? modern : requestInfo && !deps.sessionSealer ? sessionless : legacy;
  };

  function deadlineFor(request: Request | undefined): number {
    const ours = runtime.now() + requestMs;
    return Math.min(ours, (request && deadlineOf(request)) ?? ours);
  }

  function failure(method: string, thrown: unknown, exchange: Exchange): ProtocolError {
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

  function inWords(method: string, thrown: unknown, exchange: Exchange): RpcError {
    const { code, message, data } = thrown instanceof ProtocolError ? thrown : failure(method, thrown, exchange);
    return { code, message, data: data as JsonObject };
  }

  async function run(
    given: JSONRPCRequest,
    context: ServerContext,
    exchange: Exchange,
    server: Server,
  ): Promise<Result> {
    const request = withResponses(given, context, exchange.registry.extensions);
    try {
      const result = isLegacy(context)
        ? await runLegacy(request, context, exchange, server, {
            asking,
            deadlineOf,
            newId: () => runtime.newId(),
            connection,
            deadline: () => deadlineFor(undefined),
          })
        : await runModern(request, context, exchange);
      return result as Result;
    } catch (thrown) {
      if (thrown instanceof ProtocolError) throw thrown;
      throw failure(request.method, thrown, exchange);
    }
  }

  async function runModern(request: JSONRPCRequest, context: ServerContext, exchange: Exchange): Promise<object> {
    const caller = callerOf(context, exchange);
    const open = streamFor(exchange.registry, request, caller);
    if (open === null) return dispatch(exchange.registry, request, caller, false);
    if (!context.http) return streamOverPipe(request.id, context, await open(), runtime);
    // What serves the exchange opens it, once the SDK has judged the message.
    exchange.isOpening = deps.listening != null;
    if (exchange.isOpening) return {};
    await open();
    throw new TidegateError('not_supported', `${request.method} stays open, and nothing does on this host`);
  }

  async function answer(request: JSONRPCRequest, context: ServerContext, server: ExchangeServer): Promise<Result> {
    const exchange = exchanges.of(context.http?.req);
    const startedAt = runtime.now();
    const work = run(request, context, exchange, server);
    exchange.working.add(work);
    server.atWork += 1;
    try {
      return await work;
    } finally {
      exchange.working.delete(work);
      server.atWork -= 1;
      // Over HTTP the route logs the request.
      if (!context.http && runtime.log.wants?.('debug') !== false) {
        const ms = runtime.now() - startedAt;
        runtime.log('debug', 'request', { ...askedFor(request), ms, ...exchange.account.spent() });
      }
    }
  }

  return {
    factory(request) {
      const identity = introducesItself(request) ? registry.about.identity : brief;
      const asked = registryFor(request);
      const server = new ExchangeServer(identity, optionsFor(asked, request));
      if (request.era === 'legacy') {
        sendLegacyErrors(server);
        declareTasks(
          server,
          request.requestInfo === undefined || !isPublic(exchanges.of(request.requestInfo).principal),
        );
      }
      if (!servesRequest(asked, request)) return server;
      const answerHere = (message: JSONRPCRequest, context: ServerContext) => answer(message, context, server);
      server.fallbackRequestHandler = answerHere;
      if (request.era === 'modern') {
        const only = request.requestInfo?.headers.get('mcp-method') ?? null;
        answerExtensionMethods(server, asked.extensions, only, answerHere);
      }
      return server;
    },
    begin: (...given) => exchanges.begin(...given),
    direct:
      deps.direct === false
        ? null
        : createDirect({
            runtime,
            run: async ({ id, method, params }, heard, exchange) =>
              dispatch(exchange.registry, { jsonrpc: '2.0', id, method, params }, callerOf(heard, exchange), false),
            failure: inWords,
            identity: brief,
          }),
    goesOn: (exchange) => ({
      enter: (request, params, retry, signal) => enterAgain(request, params, retry, exchange, signal),
      failure: (method, thrown) => inLegacyCode(inWords(method, thrown, exchange)),
    }),
    failure: inWords,
  };
}

/** A request of 2026-07-28 says its version itself. */
function isLegacy({ mcpReq }: ServerContext): boolean {
  return mcpReq.envelope === undefined;
}

/** Every modern answer names the server, without its icons; `server/discover` answers those too. */
function introducesItself({ era, requestInfo }: McpRequestContext): boolean {
  return era !== 'modern' || !requestInfo || requestInfo.headers.get('mcp-method') === 'server/discover';
}

/**
 * In the modern era over HTTP a checked header names the method. For an unknown one the instance gets no handler, so
 * the SDK answers 404 with -32601, which it cannot do for an error that a handler throws.
 */
function servesRequest(registry: Registry, { era, requestInfo }: McpRequestContext): boolean {
  if (era !== 'modern' || !requestInfo) return true;
  const method = requestInfo.headers.get('mcp-method');
  return method !== null && serves(registry, method);
}
