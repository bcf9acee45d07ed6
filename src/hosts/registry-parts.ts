/**
 * Makes registries of one app: of the whole, and of parts of it. What they share is made once: secrets, limits and answers of
 * HTTP tools, questions, large answers, and how handlers reach streams and feeds, which is with the app's whole authority.
 */
import { bindHttpTools } from '../apis/bind.ts';
import { withAuditedTools } from './audited.ts';
import { createSealer, type Secrets } from '../base/seal.ts';
import { createDeploymentNote } from '../calls/changes/deployment.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import type { HandlerDeps } from '../calls/deps.ts';
import type { ChangeWatch } from '../calls/changes/kept.ts';
import { createAppFeeds } from '../calls/publishing/app-feeds.ts';
import { type Granted, tellsOfChanges } from '../calls/granted.ts';
import { usedStateKey } from '../calls/names.ts';
import { type NeedsOf, streamNeeds } from '../calls/needs.ts';
import { createRequestStates } from '../calls/request-state.ts';
import { createResults } from '../calls/results.ts';
import { createAppStreams } from '../calls/streams.ts';
import { TASKS_SCOPE } from '../base/scopes.ts';
import type { App } from '../declare/app.ts';
import type { AppStreams, StreamRef } from '../declare/app-streams.ts';
import type { ReadVariable } from '../declare/check/open-secrets.ts';
import type { Scoped } from '../declare/scoped.ts';
import type { DeliveryService } from '../deliveries/subscriptions.ts';
import type { Task } from '../declare/task.ts';
import type { Tool } from '../declare/tool.ts';
import type { Extension } from '../mcp/extension.ts';
import { pollChangesTool } from '../mcp/listen/poll-changes.ts';
import { createRegistry, type Registry, type RegistryPart } from '../mcp/registry/registry.ts';
import { offersEvents } from '../mcp/events/capability.ts';
import { eventsExtension } from '../mcp/events/extension.ts';
import { tasksExtension } from '../mcp/tasks/extension.ts';
import { takeOnce } from '../store/take-once.ts';
import { createAppAlarms } from '../calls/events/app-alarms.ts';
import { createAppChanges } from '../streams/app-changes.ts';
import type { Tasks } from '../tasks/work/service.ts';
import { alarmResources } from '../tools/alarms/alarm-resources.ts';
import { alarmTools } from '../tools/alarms/alarm-tools.ts';
import { eventResources } from '../tools/events/event-resources.ts';
import { streamTools } from '../tools/index.ts';
import { triggerTools } from '../tools/triggers/trigger-tools.ts';
import { subscriptionTools } from '../tools/events/subscriptions.ts';
import { publishTools } from '../tools/outlet-tools.ts';
import { resultReaders } from '../tools/read-result.ts';
import { unknownSourceNotes } from '../tools/unknown-keys.ts';
import { streamResources } from '../tools/stream-resources.ts';

/** What all registries of an app are made with. */
export interface RegistryOptions {
  tasks?: Tasks | null;
  /** The tasks that come with the package, made for a part of the app. Default: those of `tasks`, whatever the part. */
  builtInTasks?: (app: App) => Readonly<Record<string, Task>>;
  /** What request states are sealed with. Default null: a handler that asks fails. */
  secrets?: Secrets | null;
  /** The environment, as far as the app's secrets name it. Default: that of the runtime. */
  variable?: ReadVariable;
  /** Extensions of MCP, listed behind the built-in ones. Default: none. */
  extensions?: readonly Extension[];
  /** Whether clients can listen to what changes. Default false. */
  listens?: boolean;
  /** By which requests for events that stay open hear of them. Default null: no request stays open. */
  watch?: ChangeWatch | null;
  /** Delivers to who subscribes. Default null: nobody does. */
  deliveries?: DeliveryService | null;
  /** Whether what is delivered can be signed, as webhooks of the events extension are. Default false. */
  signs?: boolean;
  /** The tools of operators, for those to whom they are listed; null: there are none. */
  operatorTools?: () => Readonly<Record<string, Tool>> | null;
  /** Whether callers are known, so that no cache may give one of them what another is shown. Default false. */
  knowsCallers?: boolean;
}

const NOT_SET: ReadVariable = () => null;

type Compose = (granted: Granted, part: RegistryPart) => Registry;

export function createComposer(
  deps: AppDeps,
  {
    tasks = null,
    builtInTasks,
    secrets = null,
    variable = deps.runtime.variable ?? NOT_SET,
    extensions = [],
    listens = false,
    watch = null,
    deliveries = null,
    signs = false,
    operatorTools = () => null,
    knowsCallers = false,
  }: RegistryOptions,
): Compose {
  const { app, runtime } = deps;
  const bound = withAuditedTools(bindHttpTools(deps, variable), deps.audit);
  const results = createResults({
    runtime,
    sealer: secrets === null ? null : createSealer(secrets, `${app.name}/result`),
    ...app.results,
    most: app.quotas,
    reader: app.toolNames.read_result,
  });
  const handlerDeps: HandlerDeps = {
    runtime,
    streamsFor: (principal, deadline, store) => createAppStreams({ ...deps, store }, principal, deadline),
    feedsFor: (context, store) => createAppFeeds({ ...deps, store }, context),
    alarmsFor: (principal, deadline, store) => createAppAlarms({ ...deps, store }, principal, deadline),
    changesFor: ({ tenant }, deadline, store) => createAppChanges({ runtime, store }, tenant, () => deadline),
    requestStates: createRequestStates({
      runtime,
      sealer: createSealer(secrets, `${app.name}/request-state`),
      takeOnce: ({ principal, deadline, account }, id, expiresAt) =>
        takeOnce(runtime, account.store, usedStateKey(principal.tenant, id), expiresAt, deadline),
    }),
    results,
  };

  /** Of all that the deployment lists: the whole app is composed first. */
  let whole: Registry | null = null;
  const noteLists = createDeploymentNote(runtime, () => (whole as Registry).listDigests());

  function tasksOf(granted: Granted): Extension[] {
    if (tasks === null || tasks.catalog.size === 0) return [];
    const made = tasksExtension(tasks, { app: granted.app, runtime }, catalogFor(granted, tasks.catalog));
    // Pages of results belong to whoever has their handle.
    return [granted.tasks ? made : { resources: made.resources ?? {} }];
  }

  function catalogFor(granted: Granted, catalog: Tasks['catalog']): Tasks['catalog'] {
    if (granted.app === app) return catalog;
    // Who replays dead letters has to know no stream that they are of.
    const { replay_dead_letters: replay } = granted.admin ? (builtInTasks?.(app) ?? {}) : {};
    const builtIns = Object.entries({ ...builtInTasks?.(granted.app), ...(replay && { replay_dead_letters: replay }) });
    return new Map([...builtIns.filter(([name]) => !app.tasks.has(name)), ...granted.app.tasks]);
  }

  return (granted, part) => {
    const isWhole = granted.app === app;
    const tools = new Map([...bound.tools].filter(([name]) => granted.app.tools.has(name)));
    const partDeps = { ...deps, app: granted.app };
    const completesWith: RegistryPart['completesWith'] = (principal, deadline, store) =>
      readableStreams(granted.app, createAppStreams({ ...partDeps, store }, principal, deadline));
    const taskParts = tasksOf(granted);
    const needs = streamNeeds(app);
    const registry: Registry = createRegistry(
      { ...deps, ...handlerDeps, app: isWhole ? bound : { ...granted.app, tools } },
      [
        {
          tools: {
            ...streamTools(partDeps, { hasStreams: app.streams.size > 0, mayPublish: () => false }),
            ...triggerTools(partDeps),
            ...pollTools(partDeps, taskParts, () => registry),
            ...alarmTools(partDeps),
            // Nobody subscribes whom nobody knows.
            ...(deliveries && knowsCallers && offersEvents(app) ? subscriptionTools(partDeps, deliveries) : {}),
            // Named as in the whole app.
            ...publishTools(deps, granted.mayPublish),
          },
          resources: {
            ...streamResources({ ...partDeps, app: { ...granted.app, feeds: granted.feeds } }),
            ...alarmResources(partDeps),
            ...eventResources(partDeps),
          },
          needs: { ...needs, tools: { ...needs.tools, poll_changes: pollNeeds(() => registry) } },
        },
        ...taskParts,
        ...(offersEvents(app)
          ? [
              eventsExtension(deps, {
                app: granted.app,
                deliveries: signs ? deliveries : null,
                watch,
                listens,
              }),
            ]
          : []),
        resultReaders(results, app),
        ...(granted.operates ? [usableOf({ tools: operatorTools() ?? {} }, granted.mayOperate)] : []),
        ...(isWhole ? extensions : extensions.map((one) => usableOf(one, granted.mayUse))),
      ],
      isWhole ? part : { ...part, completesWith, allStreams: app.streams },
    );
    if (isWhole) whole = registry;
    return registry;
  };

  /** None where there is nothing to ask about. */
  function pollTools(partDeps: AppDeps, taskParts: readonly Extension[], registry: () => Registry) {
    const [notices] = taskParts.flatMap(({ taskNotices }) => taskNotices ?? []);
    const isThere = app.streams.size > 0 || notices !== undefined || tellsOfChanges(app, () => true);
    const made: Record<string, Tool> = {};
    if (!isThere) return made;
    made['poll_changes'] = pollChangesTool(partDeps, {
      sourcesOf: (uri) => registry().resources.sourcesOf(uri),
      tasksSeen: async (ids, context) => (await notices?.seen(ids, context)) ?? [],
      unknownKeys: (sources, context) => unknownSourceNotes(accounted(partDeps, context), sources),
      noteLists,
    });
    return made;
  }
}

/** What reads of all the resources need, and the tasks. */
function pollNeeds(registry: () => Registry): NeedsOf<Readonly<Record<string, unknown>>> {
  return ({ uris, tasks }) => {
    const asked = Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
    const ofTasks = Array.isArray(tasks) && tasks.length > 0 ? [TASKS_SCOPE] : [];
    return [...new Set([...asked.flatMap((uri) => registry().scopesOfRead(uri)), ...ofTasks])];
  };
}

/** Streams for completions: a stream that is not in the part has no keys. */
function readableStreams(app: App, streams: AppStreams): AppStreams {
  const isIn = (ref: StreamRef<unknown>) =>
    typeof ref === 'string'
      ? app.streams.has(ref)
      : [...app.streams.values()].some(({ declaration }) => declaration === ref);
  return {
    ...streams,
    keys: async (ref, options) => (isIn(ref) ? streams.keys(ref, options) : { values: [], hasMore: false }),
  };
}

/** All of an extension that may declare scopes. */
export function scopedIn(extension: Extension): Scoped[] {
  const { tools, specialTools, resources, prompts } = extension;
  const items = [tools, specialTools, resources, prompts].flatMap((each = {}) => Object.values<Scoped>(each));
  return [extension, ...items];
}

/** What a caller may use of an extension that a host adds. */
function usableOf(extension: Extension, mayUse: Granted['mayUse']): Extension {
  const { methods, notifications, tools, specialTools, resources, prompts, ...rest } = extension;
  const usable = <Item extends Scoped>(items: Readonly<Record<string, Item>> = {}) =>
    Object.fromEntries(Object.entries(items).filter(([, item]) => mayUse(item)));
  return {
    ...rest,
    ...(mayUse(extension) && methods ? { methods } : {}),
    ...(mayUse(extension) && notifications ? { notifications } : {}),
    tools: usable(tools),
    specialTools: usable(specialTools),
    resources: usable(resources),
    prompts: usable(prompts),
  };
}
