/** The extensions of a registry: which methods and notifications they have, and whose each is. */
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Caller, LegacyClient } from '../../calls/caller.ts';
import { inContext } from '../../calls/context.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Extension } from '../extension.ts';
import type { Params } from '../wire/params.ts';

export interface FoundMethod {
  /** The id of the extension that a client has to declare. */
  extension: string;
  scopes: readonly string[];
  takesResponses: boolean;
  run(params: Params, caller: Caller): Promise<object>;
}

export interface FoundCoreMethod {
  scopes: readonly string[];
  run(params: Params, caller: Caller, client: LegacyClient): Promise<object>;
}

export interface FoundCoreAnswer {
  scopes: readonly string[];
  run(key: string, given: Params, caller: Caller): Promise<void>;
}

export interface ExtensionRegistry {
  methods: ReadonlyMap<string, FoundMethod>;
  /** Those that 2025-11-25 has in its core. */
  coreMethods: ReadonlyMap<string, FoundCoreMethod>;
  /** Takes answers of clients of that revision to requests of `coreMethods`; null: there are none. */
  coreAnswer: FoundCoreAnswer | null;
  /** What `initialize` of 2025-11-25 answers beside the capabilities of all revisions. */
  coreCapabilities: Readonly<Record<string, JsonObject>>;
  /** By name in `subscriptions/listen`: the id of the extension that a client has to declare. */
  notifications: ReadonlyMap<string, string>;
  /** What listeners are told of tasks; null: there are none. */
  tasks: TasksFor | null;
  /** What a caller needs to be sent notifications of this name. */
  scopesOfNotification(name: string): readonly string[];
}

interface TasksFor {
  /** As `TaskNotices`. */
  seen(ids: readonly string[], caller: Caller): Promise<readonly string[]>;
  notice(id: string, caller: Caller): Promise<object | null>;
}

/**
 * @throws TidegateError `invalid_config` for a method or notification of two extensions, or of one without a capability
 */
export function createExtensionRegistry(deps: HandlerDeps, extensions: readonly Extension[]): ExtensionRegistry {
  const methods = new Map<string, FoundMethod>();
  const coreMethods = new Map<string, FoundCoreMethod>();
  let coreAnswer: FoundCoreAnswer | null = null;
  const notifications = new Map<string, string>();
  const scopesOf = new Map<string, readonly string[]>();
  for (const { capability, methods: own = {}, core, notifications: asked = [], scopes = [] } of extensions) {
    if (core) {
      const run: FoundCoreAnswer['run'] = (key, given, caller) =>
        inContext(deps, caller, (context) => core.answer(key, given, context));
      coreAnswer = { scopes, run };
    }
    for (const [name, method] of Object.entries(core?.methods ?? {})) {
      coreMethods.set(name, {
        scopes,
        run: (params, caller, client) => inContext(deps, caller, (context) => method.run(params, context, client)),
      });
    }
    for (const [name, method] of Object.entries(own)) {
      const found: FoundMethod = {
        extension: ownerOf(name, capability?.id, methods),
        scopes,
        takesResponses: method.takesResponses ?? false,
        run: (params, caller) => inContext(deps, caller, (context) => method.run(params, context)),
      };
      methods.set(name, found);
    }
    for (const name of asked) {
      notifications.set(name, ownerOf(name, capability?.id, notifications));
      scopesOf.set(name, scopes);
    }
  }
  const [notices] = extensions.flatMap(({ taskNotices }) => taskNotices ?? []);
  const tasks: TasksFor | null = notices
    ? {
        seen: (ids, caller) => inContext(deps, caller, (context) => notices.seen(ids, context)),
        notice: (id, caller) => inContext(deps, caller, (context) => notices.notice(id, context)),
      }
    : null;
  return {
    methods,
    coreMethods,
    coreAnswer,
    coreCapabilities: Object.assign({}, ...extensions.map(({ core }) => core?.capabilities ?? {})),
    notifications,
    tasks,
    scopesOfNotification: (name) => scopesOf.get(name) ?? [],
  };
}

function ownerOf(name: string, id: string | undefined, taken: ReadonlyMap<string, unknown>): string {
  if (id !== undefined && !taken.has(name)) return id;
  const field = `extensions.${id ?? '(without capability)'}.${name}`;
  const expected = id === undefined ? 'a capability, which a client has to declare' : 'a name of no other extension';
  throw new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected });
}
