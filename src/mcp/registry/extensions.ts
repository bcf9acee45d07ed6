/** The extensions of a registry: which methods and notifications they have, and whose each is. */
import type { WantedTask } from '../../calls/changes/topics.ts';
import { invalidConfig } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Caller, LegacyClient } from '../../calls/caller.ts';
import { inContext } from '../../calls/context.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { ListName } from '../../streams/hints.ts';
import type { Extension, OpenedStream } from '../extension.ts';
import type { Params } from '../wire/params.ts';

interface Found {
  /** The id of the extension that a client has to declare. */
  extension: string;
  /** Whether a client need not declare it. */
  isForAll: boolean;
  scopesOf(params: Params): readonly string[];
}

interface FoundMethod extends Found {
  /** Whether requests of earlier revisions reach it. */
  isEarlier: boolean;
  takesResponses: boolean;
  run(params: Params, caller: Caller): Promise<object>;
}

export interface FoundStream extends Found {
  open(params: Params, caller: Caller): Promise<OpenedStream>;
}

interface FoundCoreMethod {
  scopes: readonly string[];
  run(params: Params, caller: Caller, client: LegacyClient): Promise<object>;
}

interface FoundCoreAnswer {
  scopes: readonly string[];
  run(key: string, given: Params, caller: Caller): Promise<void>;
}

export interface ExtensionRegistry {
  methods: ReadonlyMap<string, FoundMethod>;
  /** Methods that are answered by notifications. */
  streams: ReadonlyMap<string, FoundStream>;
  /** Those that 2025-11-25 has in its core. */
  coreMethods: ReadonlyMap<string, FoundCoreMethod>;
  /** Takes answers of clients of that revision to requests of `coreMethods`; null: there are none. */
  coreAnswer: FoundCoreAnswer | null;
  /** What `initialize` of 2025-11-25 answers beside the capabilities of all revisions. */
  coreCapabilities: Readonly<Record<string, JsonObject>>;
  /** By name in `subscriptions/listen`: the id of the extension that a client has to declare. Not those that are for all. */
  notifications: ReadonlyMap<string, string>;
  /** Lists of extensions of which clients can be told that they changed. */
  lists: ReadonlySet<ListName>;
  /** What listeners are told of tasks; null: there are none. */
  tasks: TasksFor | null;
  /** What a caller needs to be sent notifications of this name. */
  scopesOfNotification(name: string): readonly string[];
}

interface TasksFor {
  /** As `TaskNotices`. */
  seen(ids: readonly string[], caller: Caller): Promise<readonly WantedTask[]>;
  notice(id: string, caller: Caller): Promise<object | null>;
}

/**
 * @throws TidegateError `invalid_config` for a method or notification of two extensions, or of one without a capability
 */
export function createExtensionRegistry(deps: HandlerDeps, extensions: readonly Extension[]): ExtensionRegistry {
  const methods = new Map<string, FoundMethod>();
  const streams = new Map<string, FoundStream>();
  const coreMethods = new Map<string, FoundCoreMethod>();
  let coreAnswer: FoundCoreAnswer | null = null;
  const notifications = new Map<string, string>();
  const scopesOf = new Map<string, readonly string[]>();
  for (const extension of extensions) {
    const { capability, methods: own = {}, core, notifications: asked = [], scopes = [], forAll = false } = extension;
    const foundAs = (name: string): Found => ({
      extension: ownerOf(name, capability?.id, new Map<string, unknown>([...methods, ...streams])),
      isForAll: forAll,
      scopesOf: (params) => [...scopes, ...(extension.needs?.methods?.[name]?.(params) ?? [])],
    });
    if (core) {
      const run: FoundCoreAnswer['run'] = (key, given, caller) =>
        inContext(deps, caller, 'answer to a question', (context) => core.answer(key, given, context));
      coreAnswer = { scopes, run };
    }
    for (const [name, method] of Object.entries(core?.methods ?? {})) {
      coreMethods.set(name, {
        scopes,
        run: (params, caller, client) =>
          inContext(deps, caller, `method ${name}`, (context) => method.run(params, context, client)),
      });
    }
    for (const [name, method] of Object.entries(own)) {
      methods.set(name, {
        ...foundAs(name),
        isEarlier: method.earlier ?? false,
        takesResponses: method.takesResponses ?? false,
        run: (params, caller) =>
          inContext(deps, caller, `method ${name}`, (context) =>
            method.run(params, context, { isEarlier: caller.legacy !== undefined }),
          ),
      });
    }
    for (const [name, method] of Object.entries(extension.streams ?? {})) {
      const open: FoundStream['open'] = (params, caller) =>
        inContext(deps, caller, `method ${name}`, (context) => method.open(params, context));
      streams.set(name, { ...foundAs(name), open });
    }
    for (const name of asked) {
      const owner = ownerOf(name, capability?.id, notifications);
      if (!forAll) notifications.set(name, owner);
      scopesOf.set(name, scopes);
    }
  }
  const [notices] = extensions.flatMap(({ taskNotices }) => taskNotices ?? []);
  const tasks: TasksFor | null = notices
    ? {
        seen: (ids, caller) => inContext(deps, caller, 'notice of tasks', (context) => notices.seen(ids, context)),
        notice: (id, caller) => inContext(deps, caller, 'notice of tasks', (context) => notices.notice(id, context)),
      }
    : null;
  return {
    methods,
    streams,
    coreMethods,
    coreAnswer,
    coreCapabilities: Object.assign({}, ...extensions.map(({ core }) => core?.capabilities ?? {})),
    notifications,
    lists: new Set(extensions.flatMap(({ lists = {} }) => Object.keys(lists) as ListName[])),
    tasks,
    scopesOfNotification: (name) => scopesOf.get(name) ?? [],
  };
}

function ownerOf(name: string, id: string | undefined, taken: ReadonlyMap<string, unknown>): string {
  if (id !== undefined && !taken.has(name)) return id;
  const field = `extensions.${id ?? '(without capability)'}.${name}`;
  const expected = id === undefined ? 'a capability, which a client has to declare' : 'a name of no other extension';
  throw invalidConfig(field, expected);
}
