/** The app put together from its declaration, a store and a host: what every entry that answers HTTP does first, and only here. */
import { createApp, type HttpApp, type HttpOptions } from '../http/app.ts';
import { aboutOf } from '../mcp/about.ts';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointDeps } from '../mcp/endpoint.ts';
import type { Deps } from '../streams/deps.ts';
import { hasTasks } from './has-tasks.ts';

/** @param serving what `composeServing` answers, or where it comes from when it is first needed. */
export function composeHttp(
  deps: Deps,
  options: HttpOptions,
  serving: McpEndpointDeps['serving'],
): { http: HttpApp; mcp: McpEndpoint } {
  const mcp = createMcpEndpoint({ about: aboutOf(deps.app, hasTasks(deps.app)), serving });
  return { mcp, http: createApp({ ...deps, mcp }, options) };
}
