/** The app put together from its declaration, a store and a host: what every entry does first, and only here. */
import type { Hono } from 'hono';
import type { Principal } from '../core/principal.ts';
import { createApp, type HttpOptions } from '../http/app.ts';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointDeps } from '../mcp/endpoint.ts';
import { createRegistry, type Registry } from '../mcp/registry.ts';
import { streamResources } from '../mcp/stream-resources.ts';
import { streamTools } from '../mcp/tools/index.ts';
import { createAppStreams } from '../streams/app-streams.ts';
import type { Deps } from '../streams/deps.ts';
import { BY_SCHEDULE, type Dispatch } from '../tasks/dispatch.ts';
import type { TaskDeps } from '../tasks/find-task.ts';
import { createTasks, type Tasks } from '../tasks/service.ts';

/** With the catalog of all tasks that there are. */
export function withTasks(deps: Deps): TaskDeps {
  return { ...deps, catalog: deps.app.tasks };
}

/** @throws TidegateError `invalid_config` for names that collide with built-in ones. */
export function composeRegistry(deps: Deps, tasks: Tasks): Registry {
  const streamsFor = (principal: Principal, deadline: number) => createAppStreams(deps, principal, deadline);
  const builtIns = { tools: streamTools(deps), resources: streamResources(deps) };
  return createRegistry({ ...deps, streamsFor, tasks }, builtIns);
}

export interface ComposeOptions extends Pick<McpEndpointDeps, 'requestMs' | 'deadlineOf'> {
  /** Who works on tasks that are begun, answered or woken; default: the schedule. */
  dispatch?: Dispatch;
}

/** The app's HTTP side, and the MCP endpoint in it. */
export function composeHttp(
  deps: TaskDeps,
  options: HttpOptions,
  { dispatch = BY_SCHEDULE, ...timing }: ComposeOptions = {},
): { http: Hono; mcp: McpEndpoint } {
  const registry = composeRegistry(deps, createTasks(deps, dispatch));
  const mcp = createMcpEndpoint({ runtime: deps.runtime, registry, ...timing });
  return { mcp, http: createApp({ ...deps, mcp }, options) };
}
