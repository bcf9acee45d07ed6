/**
 * The SDK's server over the registry: one small instance per exchange (or per stdio connection), all of what it stands
 * on made once. Requests come through the fallback handler, so that nothing is registered, parsed or converted twice per
 * request; the SDK keeps what it does before a handler: eras, envelopes, headers, discovery, cancellation.
 */
import {
  type JSONRPCRequest,
  type McpRequestContext,
  type McpServerFactory,
  ProtocolError,
  type Result,
  Server,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import { asTidegateError } from '../core/errors.ts';
import { type Principal, PUBLIC } from '../core/principal.ts';
import type { Runtime } from '../core/runtime.ts';
import { callerOf } from './caller.ts';
import { DISCOVER_CACHE } from './discover.ts';
import { dispatch, METHODS } from './dispatch.ts';
import { protocolAnswer } from './errors.ts';
import type { Registry } from './registry.ts';

export interface ServerDeps {
  runtime: Pick<Runtime, 'now' | 'newId' | 'log'>;
  registry: Registry;
  /** Longest time a request may take; default 60,000. */
  requestMs?: number;
  /** When the host itself ends a request over HTTP, epoch ms; null: it does not. An earlier end than `requestMs` gives. */
  deadlineOf?: (request: Request) => number | null;
}

export interface ServerSource {
  factory: McpServerFactory;
  /** How long to stay away, where a request was answered with an error that is not its own fault; else null. */
  refusedFor(request: Request): number | null;
}

const REQUEST_MS = 60_000;

/** Elicitation answers are the only thing that the SDK would validate with it, and nothing here elicits. */
const NO_VALIDATOR: NonNullable<ServerOptions['jsonSchemaValidator']> = {
  getValidator() {
    throw new Error('no JSON Schema validator is used');
  },
};

export function createServerSource(deps: ServerDeps): ServerSource {
  const { registry, runtime, requestMs = REQUEST_MS, deadlineOf = () => null } = deps;
  const refusals = new WeakMap<Request, number>();
  const options: ServerOptions = {
    capabilities: registry.about.capabilities,
    instructions: registry.about.instructions,
    jsonSchemaValidator: NO_VALIDATOR,
    cacheHints: { 'server/discover': DISCOVER_CACHE },
  };

  function deadlineFor(request: Request | undefined): number {
    const ours = runtime.now() + requestMs;
    return Math.min(ours, (request && deadlineOf(request)) ?? ours);
  }

  async function answer(request: JSONRPCRequest, context: ServerContext): Promise<Result> {
    try {
      const caller = callerOf(context, principalOf(context), deadlineFor(context.http?.req));
      return (await dispatch(registry, request, caller)) as Result;
    } catch (thrown) {
      if (thrown instanceof ProtocolError) throw thrown;
      const error = asTidegateError(thrown);
      const reference = runtime.newId();
      const refusal = protocolAnswer(error, reference);
      if (refusal.defect) {
        const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
        runtime.log('error', `${request.method} failed: ${error.message}`, { reference, code: error.code, cause });
      }
      const httpRequest = context.http?.req;
      if (refusal.retryAfterMs !== null && httpRequest) refusals.set(httpRequest, refusal.retryAfterMs);
      throw new ProtocolError(refusal.code, refusal.message, refusal.data);
    }
  }

  return {
    factory(request) {
      const server = new Server(registry.about.identity, options);
      if (servesRequest(request)) server.fallbackRequestHandler = answer;
      return server;
    },
    refusedFor: (request) => refusals.get(request) ?? null,
  };
}

/**
 * In the modern era over HTTP the method stands in a checked header: an instance without a handler makes the SDK answer
 * 404 with -32601, which it cannot do for an error that a handler throws.
 */
function servesRequest({ era, requestInfo }: McpRequestContext): boolean {
  if (era !== 'modern' || !requestInfo) return true;
  const method = requestInfo.headers.get('mcp-method');
  return method !== null && METHODS.has(method);
}

function principalOf(context: ServerContext): Principal {
  const principal = context.http?.authInfo?.extra?.principal;
  return principal === undefined ? PUBLIC : (principal as Principal);
}
