/**
 * The registry of an app with the tools and resources of its streams, and the SDK's server over it. It is most of what a
 * host loads, so a module that has to start fast does not import it.
 */
import { createSealer, type Secrets } from '../base/seal.ts';
import { confirmedTopics, createAppFeeds } from '../calls/feeds.ts';
import type { AppDeps } from '../calls/context.ts';
import type { HandlerDeps } from '../calls/deps.ts';
import { bindHttpTools } from '../apis/bind.ts';
import type { ReadVariable } from '../declare/open-secrets.ts';
import { createRegistry, type Registry } from '../mcp/registry/registry.ts';
import type { ServerDeps } from '../mcp/serve/server.ts';
import { createResults } from '../calls/results.ts';
import { createServing, type SdkServing } from '../mcp/serve/serving.ts';
import { createRequestStates } from '../calls/request-state.ts';
import { tasksExtension } from '../mcp/tasks/extension.ts';
import type { Extension } from '../mcp/extension.ts';
import { resultReaders } from '../tools/read-result.ts';
import { streamNeeds } from '../calls/needs.ts';
import { streamResources } from '../tools/stream-resources.ts';
import { streamTools } from '../tools/index.ts';
import { takeOnce } from '../store/take-once.ts';
import { createAppStreams } from '../calls/streams.ts';
import { usedStateKey } from '../calls/names.ts';
import { BY_SCHEDULE, type Dispatch } from '../tasks/records/dispatch.ts';
import type { TaskDeps } from '../tasks/records/find-task.ts';
import { createTasks, type Tasks } from '../tasks/work/service.ts';

/** @throws TidegateError `invalid_config` for names that collide with built-in ones, and schemas that MCP cannot show, and secrets that are not set. */
export function composeRegistry(
  deps: AppDeps,
  { tasks = null, secrets = null, variable = deps.runtime.variable ?? NOT_SET, extensions = [] }: RegistryOptions,
): Registry {
  const { app, runtime } = deps;
  if (secrets === null) warnOfNoSecret(deps);
  const streamsFor: HandlerDeps['streamsFor'] = (principal, deadline, store) =>
    createAppStreams({ ...deps, store }, principal, deadline);
  const feedsFor: HandlerDeps['feedsFor'] = (context, store) => createAppFeeds({ ...deps, store }, context);
  const requestStates: HandlerDeps['requestStates'] = createRequestStates({
    runtime,
    sealer: createSealer(secrets, `${app.name}/request-state`),
    takeOnce: ({ principal, deadline, account }, id, expiresAt) =>
      takeOnce(runtime, account.store, usedStateKey(principal.tenant, id), expiresAt, deadline),
  });
  const results = createResults({
    runtime,
    sealer: secrets === null ? null : createSealer(secrets, `${app.name}/result`),
    ...app.results,
    most: app.quotas,
    reader: app.toolNames.read_result,
  });
  return createRegistry({ ...deps, app: bindHttpTools(deps, variable), streamsFor, feedsFor, requestStates, results }, [
    { tools: streamTools(deps), resources: streamResources(deps), needs: streamNeeds(app) },
    ...(tasks && tasks.catalog.size > 0 ? [tasksExtension(tasks, deps)] : []),
    resultReaders(results, app),
    ...extensions,
  ]);
}

/** Logged when the host is made, because otherwise the first person to be asked would find out. */
function warnOfNoSecret({ app, runtime }: AppDeps): void {
  const topics = confirmedTopics(app);
  if (topics.length === 0) return;
  const message =
    'TIDEGATE_SECRET is not set, so nobody can be asked, and nothing is published that is to be confirmed';
  runtime.log('warn', message, { field: 'TIDEGATE_SECRET', topics });
}

export interface RegistryOptions {
  tasks?: Tasks | null;
  /** What request states are sealed with. Default null: a handler that asks fails. */
  secrets?: Secrets | null;
  /** The environment, as far as the app's secrets name it. Default: that of the runtime. */
  variable?: ReadVariable;
  /** Extensions of MCP, listed behind the built-in ones. Default: none. */
  extensions?: readonly Extension[];
}

const NOT_SET: ReadVariable = () => null;

/** How long a request may take, where the host does not leave it at the default, and who works on tasks. */
export interface ServingOptions
  extends
    Pick<ServerDeps, 'requestMs' | 'deadlineOf' | 'outlivesClients'>,
    Pick<RegistryOptions, 'secrets' | 'variable' | 'extensions'> {
  /** Who hears of tasks that begin, are answered or wake. A function is given what tasks work with. Default: the schedule alone finds them. */
  dispatch?: Dispatch | ((deps: TaskDeps) => Dispatch);
}

/** @throws TidegateError as `composeRegistry` does. */
export function composeServing(
  deps: TaskDeps,
  {
    dispatch = BY_SCHEDULE,
    secrets,
    variable,
    extensions,
    requestMs,
    deadlineOf,
    outlivesClients,
  }: ServingOptions = {},
): SdkServing {
  const tasks = createTasks(deps, typeof dispatch === 'function' ? dispatch(deps) : dispatch);
  const registry = composeRegistry(deps, { tasks, secrets, variable, extensions });
  const sessionSealer = secrets ? createSealer(secrets, `${deps.app.name}/session`) : null;
  return createServing({ ...deps, registry, sessionSealer, requestMs, deadlineOf, outlivesClients });
}
