/** The app put together from its declaration, a store and a host: what every entry does first, and only here. */
import { createApp, type HttpApp, type HttpOptions } from '../http/app.ts';
import type { AppDeps, HandlerDeps } from '../mcp/call-context.ts';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointDeps } from '../mcp/endpoint.ts';
import { createRegistry, type Registry } from '../mcp/registry.ts';
import { streamResources } from '../mcp/stream-resources.ts';
import { streamTools } from '../mcp/tools/index.ts';
import { createAppStreams } from '../streams/app-streams.ts';
import type { Deps } from '../streams/deps.ts';

/** @throws TidegateError `invalid_config` for names that collide with built-in ones. */
export function composeRegistry(deps: AppDeps): Registry {
  const streamsFor: HandlerDeps['streamsFor'] = (principal, deadline, store) =>
    createAppStreams({ ...deps, store }, principal, deadline);
  return createRegistry({ ...deps, streamsFor }, { tools: streamTools(deps), resources: streamResources(deps) });
}

/** @param timing how long a request may take, where the host does not leave it at the default. */
export function composeHttp(
  deps: Deps,
  options: HttpOptions,
  timing: Pick<McpEndpointDeps, 'requestMs' | 'deadlineOf'> = {},
): { http: HttpApp; mcp: McpEndpoint } {
  const mcp = createMcpEndpoint({ ...deps, registry: composeRegistry(deps), ...timing });
  return { mcp, http: createApp({ ...deps, mcp }, options) };
}
