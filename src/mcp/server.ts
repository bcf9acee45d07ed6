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
import { dispatch, serves } from './dispatch.ts';
import { protocolAnswer } from './errors.ts';
import type { Registry } from './registry.ts';
import { TASKS_EXTENSION } from './tasks/extension.ts';
import { answerTaskMethods, withResponses } from './tasks/sdk.ts';

export interface ServerDeps {
  runtime: Pick<Runtime, 'now' | 'newId' | 'log'>;
  registry: Registry;
  /** Longest time a request may take; default 60,000. */
  requestMs?: number;
  /** When the host itself ends a request over HTTP, epoch ms; null: it does not. An earlier end than `requestMs` gives. */
  deadlineOf?: (request: Request) => number | null;
}

/** An answer that says to come again later. */
export interface Refusal {
  httpStatus: number;
  retryAfterMs: number;
}

export interface ServerSource {
  factory: McpServerFactory;
  /** Null: the request was answered, or its error is its own fault. */
  refusalOf(request: Request): Refusal | null;
}

const REQUEST_MS = 60_000;
const DISCOVER_TTL_MS = 3_600_000;

/** Elicitation answers are the only thing that the SDK would validate with it, and nothing here elicits. */
const NO_VALIDATOR: NonNullable<ServerOptions['jsonSchemaValidator']> = {
  getValidator() {
    throw new Error('no JSON Schema validator is used');
  },
};

export function createServerSource(deps: ServerDeps): ServerSource {
  const { registry, runtime, requestMs = REQUEST_MS, deadlineOf = () => null } = deps;
  const refusals = new WeakMap<Request, Refusal>();
  const options: ServerOptions = {
    capabilities: capabilitiesOf(registry),
    instructions: registry.instructions,
    jsonSchemaValidator: NO_VALIDATOR,
    cacheHints: { 'server/discover': { ttlMs: DISCOVER_TTL_MS, cacheScope: 'public' } },
  };
  const { extensions: _modern, ...legacyCapabilities } = capabilitiesOf(registry);
  const legacyOptions: ServerOptions = { ...options, capabilities: legacyCapabilities };

  function deadlineFor(request: Request | undefined): number {
    const ours = runtime.now() + requestMs;
    return Math.min(ours, (request && deadlineOf(request)) ?? ours);
  }

  async function answer(request: JSONRPCRequest, context: ServerContext): Promise<Result> {
    try {
      const caller = callerOf(context, principalOf(context), deadlineFor(context.http?.req));
      return (await dispatch(registry, withResponses(request, context), caller)) as Result;
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
      const { httpStatus, retryAfterMs } = refusal;
      if (retryAfterMs !== null && httpRequest) refusals.set(httpRequest, { httpStatus, retryAfterMs });
      throw new ProtocolError(refusal.code, refusal.message, refusal.data);
    }
  }

  return {
    factory(request) {
      const server = new Server(registry.identity, request.era === 'modern' ? options : legacyOptions);
      if (!servesRequest(registry, request)) return server;
      server.fallbackRequestHandler = answer;
      if (registry.tasks !== null && request.era === 'modern') answerTaskMethods(server, answer);
      return server;
    },
    refusalOf: (request) => refusals.get(request) ?? null,
  };
}

/** What the server can do, as `server/discover` says it; `initialize` says it without the extensions, which it has not. */
export function capabilitiesOf(registry: Registry) {
  return {
    ...(registry.tasks === null ? {} : { extensions: { [TASKS_EXTENSION]: {} } }),
    logging: {},
    tools: {},
    ...(registry.resources.size > 0 ? { resources: {} } : {}),
    ...(registry.prompts.size > 0 ? { prompts: {} } : {}),
    completions: {},
  };
}

/**
 * In the modern era over HTTP the method stands in a checked header: an instance without a handler makes the SDK answer
 * 404 with -32601, which it cannot do for an error that a handler throws.
 */
function servesRequest(registry: Registry, { era, requestInfo }: McpRequestContext): boolean {
  if (era !== 'modern' || !requestInfo) return true;
  const method = requestInfo.headers.get('mcp-method');
  return method !== null && serves(registry, method);
}

function principalOf(context: ServerContext): Principal {
  const principal = context.http?.authInfo?.extra?.principal;
  return principal === undefined ? PUBLIC : (principal as Principal);
}
