/** The app put together from its declaration, a store and a host: what every entry does first, and only here. */
import type { Hono } from 'hono';
import type { Principal } from '../core/principal.ts';
import { createSealer, type Secrets } from '../core/seal.ts';
import { createApp, type HttpOptions } from '../http/app.ts';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointDeps } from '../mcp/endpoint.ts';
import { createRegistry, type Registry } from '../mcp/registry.ts';
import { createRequestStates } from '../mcp/request-state.ts';
import { streamResources } from '../mcp/stream-resources.ts';
import { streamTools } from '../mcp/tools/index.ts';
import { takeOnce } from '../store/once.ts';
import { createAppStreams } from '../streams/app-streams.ts';
import type { Deps } from '../streams/deps.ts';
import { usedStateKey } from '../streams/names.ts';

/**
 * @param secrets null: a handler that asks fails.
 * @throws TidegateError `invalid_config` for names that collide with built-in ones.
 */
export function composeRegistry(deps: Deps, secrets: Secrets | null): Registry {
  const { app, runtime, store } = deps;
  const streamsFor = (principal: Principal, deadline: number) => createAppStreams(deps, principal, deadline);
  const requestStates = createRequestStates({
    runtime,
    sealer: createSealer(secrets, `${app.name}/request-state`),
    takeOnce: ({ principal, deadline }, id, expiresAt) =>
      takeOnce(runtime, store, usedStateKey(principal.tenant, id), expiresAt, deadline),
  });
  const builtIns = { tools: streamTools(deps), resources: streamResources(deps) };
  return createRegistry({ ...deps, streamsFor, requestStates }, builtIns);
}

/** @param timing how long a request may take, where the host does not leave it at the default. */
export function composeHttp(
  deps: Deps,
  { secrets, ...options }: HttpOptions & { secrets: Secrets | null },
  timing: Pick<McpEndpointDeps, 'requestMs' | 'deadlineOf'> = {},
): { http: Hono; mcp: McpEndpoint } {
  const mcp = createMcpEndpoint({ runtime: deps.runtime, registry: composeRegistry(deps, secrets), ...timing });
  return { mcp, http: createApp({ ...deps, mcp }, options) };
}
