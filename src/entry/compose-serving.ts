/** The registry of an app with what its streams give, and what serves it over the SDK: most of what there is to load. */
import type { Principal } from '../core/principal.ts';
import { createRegistry, type Registry } from '../mcp/registry.ts';
import type { ServerDeps } from '../mcp/server.ts';
import { createServing, type SdkServing } from '../mcp/serving.ts';
import { streamResources } from '../mcp/stream-resources.ts';
import { streamTools } from '../mcp/tools/index.ts';
import { createAppStreams } from '../streams/app-streams.ts';
import type { Deps } from '../streams/deps.ts';

/** @throws TidegateError `invalid_config` for names that collide with built-in ones, and schemas that MCP cannot show. */
export function composeRegistry(deps: Deps): Registry {
  const streamsFor = (principal: Principal, deadline: number) => createAppStreams(deps, principal, deadline);
  return createRegistry({ ...deps, streamsFor }, { tools: streamTools(deps), resources: streamResources(deps) });
}

/**
 * @param timing how long a request may take, where the host does not leave it at the default.
 * @throws TidegateError as `composeRegistry` does.
 */
export function composeServing(deps: Deps, timing: Pick<ServerDeps, 'requestMs' | 'deadlineOf'> = {}): SdkServing {
  return createServing({ runtime: deps.runtime, registry: composeRegistry(deps), ...timing });
}
