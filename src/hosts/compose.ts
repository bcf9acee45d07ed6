/** The app put together from its declaration, a store and a host: what every entry that answers HTTP does first, and only here. */
import { createApp, type HttpApp, type HttpOptions } from '../http/app.ts';
import { pushTokens } from '../http/push-tokens.ts';
import { aboutOf } from '../mcp/registry/about.ts';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointDeps } from '../mcp/serve/endpoint.ts';
import type { Deps } from '../streams/deps.ts';
import { hasTasks } from './has-tasks.ts';

/** Beside what HTTP needs, the environment, as far as tokens of pushes are in it; default: nothing is set. */
export interface ComposeOptions extends Omit<HttpOptions, 'pushTokens'> {
  variable?: (name: string) => string | null;
}

/**
 * @param serving what `composeServing` answers, or where it comes from when it is first needed
 * @throws TidegateError `invalid_config` naming a token that is not set.
 */
export function composeHttp(
  deps: Deps,
  { variable = () => null, ...options }: ComposeOptions,
  serving: McpEndpointDeps['serving'],
): { http: HttpApp; mcp: McpEndpoint } {
  const mcp = createMcpEndpoint({ about: aboutOf(deps.app, hasTasks(deps.app)), serving });
  return { mcp, http: createApp({ ...deps, mcp }, { ...options, pushTokens: pushTokens(deps.app, variable) }) };
}
