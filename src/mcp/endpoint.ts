/**
 * The MCP endpoint behind HTTP: which era a message belongs to, who serves it, and what becomes of a store that is gone.
 * It takes the parsed body and the principal; limits, origins and authentication are the HTTP app's.
 */
import { isLegacyRequest, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import type { JsonObject } from '../core/json.ts';
import { type Principal, PUBLIC } from '../core/principal.ts';
import { createLegacy, LEGACY_VERSIONS } from './legacy.ts';
import { type AuthInfo, claimOf } from './message.ts';
import { createModern, MODERN_VERSION } from './modern.ts';
import { capabilitiesOf, createServerSource, type Refusal, type ServerDeps } from './server.ts';

export type McpEndpointDeps = ServerDeps;

export interface McpEndpoint {
  /** Answers one POST. `body` is its parsed JSON. Never rejects for what a client sent. */
  serve(request: Request, body: unknown, principal: Principal): Promise<Response>;
  /** Newest first. */
  versions: readonly string[];
  capabilities: JsonObject;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export function createMcpEndpoint(deps: ServerDeps): McpEndpoint {
  const source = createServerSource(deps);
  const modern = createModern(deps.registry, source, deps.runtime.log);
  const legacy = createLegacy(source);

  return {
    versions: [MODERN_VERSION, ...LEGACY_VERSIONS],
    capabilities: capabilitiesOf(deps.registry),
    close: () => modern.close(),
    async serve(request, body, principal) {
      const serving = (await isLegacy(request, body)) ? legacy : modern;
      const response = await serving.serve(request, body, authInfoOf(principal));
      const refusal = source.refusalOf(request);
      return refusal === null ? response : later(response, refusal);
    },
  };
}

/** A message that claims a protocol version in its `_meta` is modern, but for `initialize`; the SDK tells the others. */
function isLegacy(request: Request, body: unknown): boolean | Promise<boolean> {
  const claimed = claimOf(body, PROTOCOL_VERSION_META_KEY) !== undefined;
  if (claimed && (body as { method?: unknown }).method !== 'initialize') return false;
  return isLegacyRequest(request, body);
}

/** The SDK sends errors of handlers with 200; a stream that has begun keeps its status. */
function later(response: Response, { httpStatus, retryAfterMs }: Refusal): Response {
  if (!response.headers.get('content-type')?.startsWith('application/json')) return response;
  const headers = new Headers(response.headers);
  headers.set('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  return new Response(response.body, { status: httpStatus, headers });
}

function authInfoOf(principal: Principal): AuthInfo | undefined {
  if (principal === PUBLIC) return undefined;
  const { client, subject, scopes } = principal;
  return { token: '', clientId: client ?? subject, scopes: [...scopes], extra: { principal } };
}
