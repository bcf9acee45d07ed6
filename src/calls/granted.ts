/**
 * The part of an app that a caller with some scopes may use. What is made of the part knows nothing of the rest: a stream
 * that is not in it does not exist. What is shown of one feed, such as its last error, is for readers of any stream that it
 * fills. Pure.
 */
import { isAuditLog, scopeToRead } from '../auth/audit/stream.ts';
import {
  ADMIN_SCOPE,
  ALARMS_READ,
  ALARMS_WRITE,
  alarmScope,
  isGranted,
  isOperator,
  namedScopes,
  missingScopes,
  publishScope,
  TASKS_SCOPE,
} from '../base/scopes.ts';
import type { App } from '../declare/app.ts';
import type { BuiltInName, ToolNames } from '../declare/built-ins.ts';
import type { Scoped } from '../declare/scoped.ts';
import type { DeclaredTrigger } from '../declare/trigger.ts';
import { feedScopes } from './needs.ts';
import { publishToolsOf } from './publish-tools.ts';

export interface Granted {
  /** With what is granted alone, and with null for the names of tools that are not. */
  app: App;
  /** Feeds whose state and dead letters may be read. */
  feeds: App['feeds'];
  /** Whether messages may be published to a feed. */
  mayPublish: (feed: string) => boolean;
  /** Whether what declares scopes may be used. */
  mayUse: (declared: Scoped) => boolean;
  tasks: boolean;
  admin: boolean;
  /** Whether the tools of operators are listed: `admin` was given by name. */
  operates: boolean;
  /** Whether a tool of operators is granted by name. */
  mayOperate: (tool: Scoped) => boolean;
}

/** The whole: what a caller is granted that nothing restricts. */
export function wholeOf(app: App): Granted {
  return {
    app,
    feeds: app.feeds,
    mayPublish: () => true,
    mayUse: () => true,
    tasks: true,
    admin: true,
    operates: false,
    mayOperate: () => false,
  };
}

/** @param held scopes of a caller that something restricts, or that is an operator */
export function grantedTo(app: App, held: readonly string[]): Granted {
  const has = (scope: string) => isGranted(held, scope);
  const mayUse = ({ scopes = [] }: Scoped) => missingScopes(held, scopes).length === 0;
  const mayPublish = (feed: string) => has(publishScope(feed));
  const tasks = has(TASKS_SCOPE);
  const streams = part(app.streams, (stream) => has(scopeToRead(stream)));
  const granted = {
    feeds: part(app.feeds, (_feed, name) => missingScopes(held, feedScopes(app, name)).length === 0),
    mayPublish,
    mayUse,
    tasks,
    admin: tasks && has(ADMIN_SCOPE),
    operates: isOperator({ scopes: held }),
    mayOperate: ({ scopes = [] }: Scoped) => missingScopes(namedScopes(held), scopes).length === 0,
  };
  const feeds = part(
    app.feeds,
    ({ targets }, name) => targets.some(({ stream }) => streams.has(stream)) || granted.feeds.has(name),
  );
  const triggers = triggersOf(
    app,
    has,
    (trigger) => mayUse(trigger) && [...trigger.on.values()].every((name) => streams.has(name)),
  );
  return {
    ...granted,
    app: {
      ...app,
      streams,
      feeds,
      tools: part(app.tools, mayUse),
      tasks: part(app.tasks, (task) => tasks && mayUse(task)),
      triggers,
      resources: part(app.resources, mayUse),
      prompts: part(app.prompts, mayUse),
      toolNames: namesWithout(app.toolNames, hiddenTools(app, granted, streams.size > 0, triggers.size > 0, has)),
    },
  };
}

/**
 * The same text for all scopes with which the same is granted.
 * @param added what may declare scopes beside the app
 */
export function grantKey(app: App, held: readonly string[], added: readonly Scoped[]): string {
  const has = (scope: string) => (isGranted(held, scope) ? '1' : '0');
  const all = ({ scopes = [] }: Scoped) => (missingScopes(held, scopes).length === 0 ? '1' : '0');
  const things = [app.tools, app.tasks, app.triggers, app.resources, app.prompts].flatMap((each) => [...each.values()]);
  return [
    has(TASKS_SCOPE),
    has(ADMIN_SCOPE),
    isOperator({ scopes: held }) ? (isGranted(namedScopes(held), ADMIN_SCOPE) ? '2' : '1') : '0',
    ...[...app.streams.values()].map((stream) => has(scopeToRead(stream))),
    ...[...app.feeds.keys()].map((name) => has(publishScope(name))),
    ...alarmed(app).flatMap((name) => [has(alarmScope(ALARMS_READ, name)), has(alarmScope(ALARMS_WRITE, name))]),
    ...[...things, ...added].map(all),
  ].join('');
}

/** Names of triggers with alarms. */
function alarmed({ triggers }: App): string[] {
  return [...triggers.values()].filter(({ alarm }) => alarm !== null).map(({ name }) => name);
}

function part<Item>(all: ReadonlyMap<string, Item>, isIn: (item: Item, name: string) => boolean): Map<string, Item> {
  return new Map([...all].filter(([name, item]) => isIn(item, name)));
}

/** Those that may be used; of whoever may not read the alarms of one, it has none. */
function triggersOf(
  { triggers }: App,
  has: (scope: string) => boolean,
  mayUse: (trigger: DeclaredTrigger) => boolean,
): Map<string, DeclaredTrigger> {
  const usable = [...triggers].filter(([, trigger]) => mayUse(trigger));
  return new Map(
    usable.map(([name, trigger]) => [name, has(alarmScope(ALARMS_READ, name)) ? trigger : { ...trigger, alarm: null }]),
  );
}

function hiddenTools(
  app: App,
  { mayPublish, mayUse, tasks, admin }: Omit<Granted, 'app'>,
  reads: boolean,
  hasTriggers: boolean,
  has: (scope: string) => boolean,
): BuiltInName[] {
  const alarms = alarmed(app);
  const hasAlarms = (does: typeof ALARMS_READ | typeof ALARMS_WRITE) =>
    alarms.some((name) => has(alarmScope(does, name)));
  const publish = publishToolsOf(app, mayPublish);
  const hasStreams = reads || hasOwnStreams(app);
  const hasTasks = tasks && (hasStreams || app.tasks.size > 0);
  const hidden: Partial<Record<BuiltInName, boolean>> = {
    list_streams: !hasStreams,
    read_latest: !reads,
    read_history: !reads,
    tail_stream: !reads,
    poll_changes: !reads && !hasTasks && !tellsOfChanges(app, mayUse),
    subscribe: !reads,
    list_subscriptions: !reads,
    unsubscribe: !reads,
    publish: !publish.has('publish'),
    request: !publish.has('request'),
    get_task: !hasTasks,
    answer_task: !hasTasks,
    cancel_task: !hasTasks,
    wait_for: !tasks || !reads,
    export_history: !tasks || !reads,
    replay_dead_letters: !admin,
    list_alarms: !hasAlarms(ALARMS_READ),
    acknowledge_alarm: !hasAlarms(ALARMS_READ) || !hasAlarms(ALARMS_WRITE),
    list_triggers: !hasTriggers,
    try_condition: !hasTriggers,
  };
  return (Object.keys(hidden) as BuiltInName[]).filter((name) => hidden[name]);
}

/** Whether there are streams beside the audit log, which a host adds and few may read. */
function hasOwnStreams({ streams }: App): boolean {
  return [...streams.values()].some((stream) => !isAuditLog(stream));
}

/** Whether there are declared resources that say what changes them. */
export function tellsOfChanges({ resources }: Pick<App, 'resources'>, mayUse: Granted['mayUse']): boolean {
  return [...resources.values()].some((resource) => resource.changes !== undefined && mayUse(resource));
}

function namesWithout(names: ToolNames, hidden: readonly BuiltInName[]): ToolNames {
  return { ...names, ...Object.fromEntries(hidden.map((name) => [name, null])) };
}
