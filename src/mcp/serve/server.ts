/**
 * The SDK's server over the registry: a small instance per exchange, or per stdio connection; everything it uses is
 * made once. Requests come through the fallback handler, so that nothing is registered, parsed or converted for each
 * request. The SDK still does what comes before a handler: eras, envelopes, headers, discovery, cancellation.
 */
import type {
  JSONRPCRequest,
  McpRequestContext,
  McpServerFactory,
  Result,
  Server,
  ServerContext,
} from '@modelcontextprotocol/server';
import { TidegateError } from '../../base/errors.ts';
import { isPublic, type Principal } from '../../base/principal.ts';
import { callerOf } from './caller.ts';
import { dispatch, serves, streamFor } from './dispatch.ts';
import { streamOverPipe } from '../listen/pipe-streams.ts';
import { type Answering, createAnswering, type ServerDeps } from './answering.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeServer, serverOptions, type ServerOptionsByEra } from './exchange-server.ts';
import { askedFor } from '../wire/message.ts';
import type { Registry } from '../registry/registry.ts';
import { declareTasks } from './core-tasks.ts';
import { inLegacyCode, sendLegacyErrors } from '../wire/legacy-errors.ts';
import { enterAgain, runLegacy } from './run-legacy.ts';
import type { ClientQuestions } from '../asking/asking.ts';
import type { GoesOn } from '../asking/going-on.ts';
import { answerExtensionMethods, withResponses } from './extension-methods.ts';

export interface ServerSource {
  factory: McpServerFactory;
  /** How a request that was asked about goes on, at the instance that its answers came to. */
  goesOn(exchange: Exchange): GoesOn;
  /** What a client is told of an error, and the log beside it. It sets the exchange's refusal. */
  failure: Answering['failure'];
}

/**
 * @param local who calls where a message comes without HTTP; null: all messages come over HTTP
 * @param answering where it is made already
 * @param asking asks clients of 2025-11-25 and before that have a session; null: they are not asked
 */
export function createServerSource(
  deps: ServerDeps,
  local: Principal | null = null,
  asking: ClientQuestions | null = null,
  answering: Answering = createAnswering(deps, local),
): ServerSource {
  const { registry, registryOf, runtime } = deps;
  const { deadlineOf = () => null, connection = null } = deps;
  const { brief, deadlineFor, failure, toThrow } = answering;
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
    if (requestInfo) return answering.of(requestInfo).registry;
    return local === null ? registry : registryOf(local);
  }

  const optionsFor = (asked: Registry, { era, requestInfo }: McpRequestContext) => {
    const { modern, legacy, sessionless } = optionsOf(asked);
    return era === 'modern' ? modern : requestInfo && !deps.sessionSealer ? sessionless : legacy;
  };

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
      throw toThrow(request.method, thrown, exchange);
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
    const exchange = answering.of(context.http?.req);
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
          request.requestInfo === undefined || !isPublic(answering.of(request.requestInfo).principal),
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
    goesOn: (exchange) => ({
      enter: (request, params, retry, signal) => enterAgain(request, params, retry, exchange, signal),
      failure: (method, thrown) => inLegacyCode(failure(method, thrown, exchange)),
    }),
    failure,
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
