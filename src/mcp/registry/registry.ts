/**
 * The registry: the tools, resources and prompts of an app and of its extensions, ready to be listed and called. It
 * serves every protocol version and transport, because it knows none of them. It shows the same to all who ask it: callers
 * with other scopes have another one, made of the part of the app that they may use.
 */
import type { App } from '../../declare/app.ts';
import { digestOf } from '../../base/digest.ts';
import type { ListDigests } from '../../calls/changes/deployment.ts';
import type { BuiltInName } from '../../declare/built-ins.ts';
import type { CacheHint, ChangeSource, Resource } from '../../declare/resource.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { invalidConfig } from '../../base/errors.ts';
import { type About, aboutOf } from './about.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Caller } from '../../calls/caller.ts';
import type { Needs } from '../../calls/needs.ts';
import type { Extension, SpecialTool } from '../extension.ts';
import {
  complete,
  type CompletedArgument,
  type Completion,
  type CompletionReference,
  createPromptRegistry,
  type PromptRegistry,
} from './prompts.ts';
import { createExtensionRegistry, type ExtensionRegistry } from './extensions.ts';
import { createResourceRegistry, DECLARED, type NamedResource, type ResourceRegistry } from './resources.ts';
import type { ListedTool } from './tool-entry.ts';
import { createToolRegistry, type ToolRegistry } from './tools.ts';

export interface Registry {
  about: About;
  /** Of lists that hold declared items alone. */
  listHint: CacheHint;
  tools: ToolRegistry;
  resources: ResourceRegistry;
  prompts: PromptRegistry;
  extensions: ExtensionRegistry;
  complete(reference: CompletionReference, argument: CompletedArgument, caller: Caller): Promise<Completion>;
  /** The same for as long as each list shows the same. */
  listDigests(): ListDigests;
  /** What a caller needs to read a resource. Nothing for a URI that reads none. */
  scopesOfRead(uri: string): readonly string[];
  /** What a caller needs to complete an argument of what is declared under this reference. */
  scopesOfCompletion(reference: CompletionReference, chosen: Readonly<Record<string, string>>): readonly string[];
}

export interface RegistryPart {
  /** `private`: who else asks may be shown something else. Default `public`. */
  cacheScope?: CacheHint['cacheScope'];
  /** True: it is of a part of an app whose whole has a registry, so that nothing of it is told to the operator again. */
  isPart?: boolean;
  /** The streams that completions find. Default: those that handlers get. */
  completesWith?: HandlerDeps['streamsFor'];
  /** Streams that may change a resource, also those that may not be read. Default: those of the app. */
  allStreams?: App['streams'];
  /** Whether clients can listen to what changes. Default false. */
  listens?: boolean;
}

/**
 * @param extensions in the order in which lists show them, before what the app declares
 * @throws TidegateError `invalid_config` for a name or URI taken twice, or a schema that MCP cannot show.
 */
export function createRegistry(
  deps: HandlerDeps & { app: App },
  extensions: readonly Extension[],
  {
    cacheScope = 'public',
    isPart = false,
    completesWith,
    allStreams = deps.app.streams,
    listens = false,
  }: RegistryPart = {},
): Registry {
  const { app } = deps;
  const listHint = { ...DECLARED, cacheScope };
  const completing = completesWith ? { ...deps, streamsFor: completesWith } : deps;
  const special = allOf<SpecialTool>(extensions.map(({ specialTools }) => specialTools));
  const builtInTools = shownOf(app, [
    ...allOf<ListedTool>(extensions.map(({ tools }) => tools)),
    ...[...special].filter(([, { isDeclared }]) => !isDeclared),
  ]);
  const declaredSpecial = new Map([...special].filter(([, { isDeclared }]) => isDeclared));
  checkNames(app.tools, builtInTools, (name) => `tools.${name}`);
  checkNames(declaredSpecial, builtInTools, (name) => declaredSpecial.get(name)?.path ?? name);
  const declaredTools = new Map<string, ListedTool>([...app.tools, ...declaredSpecial]);
  const resources = createResourceRegistry(
    deps,
    mergeResources(app.resources, allOf(extensions.map(({ resources: own }) => own))),
    listHint,
    (ref) => streamOf(allStreams, ref) ?? logOfTrigger(app, ref),
  );
  const prompts = merge('prompts', app.prompts, allOf(extensions.map(({ prompts: own }) => own)));
  const unpaged = new Set(
    extensions.flatMap(({ unpaged: names = [] }) => names.flatMap((name) => shownAs(app, name) ?? [])),
  );
  const toolNeeds = needsBy('tools', (name) => shownAs(app, name));
  const resourceNeeds = needsBy('resources', (name) => name);
  const promptRegistry = createPromptRegistry(deps, prompts);
  const tools = createToolRegistry(deps, builtInTools, declaredTools, unpaged, toolNeeds, isPart);

  function needsBy<Part extends 'tools' | 'resources'>(part: Part, shown: (name: string) => string | null) {
    const given = extensions.flatMap(({ needs }) => Object.entries(needs?.[part] ?? {}));
    type One = NonNullable<NonNullable<Needs[Part]>[string]>;
    return new Map(
      given.flatMap(([name, one]): [string, One][] => {
        const listed = shown(name);
        return listed === null ? [] : [[listed, one as One]];
      }),
    );
  }

  function scopesOfResource({ name, resource }: NamedResource, variables: Readonly<Record<string, string>>) {
    return [...(resource.scopes ?? []), ...(resourceNeeds.get(name)?.(variables) ?? [])];
  }

  return {
    listHint,
    about: aboutOf(
      app,
      extensions.flatMap(({ capability }) => capability ?? []),
      listens,
    ),
    tools,
    extensions: createExtensionRegistry(deps, extensions),
    resources,
    prompts: promptRegistry,
    complete: (reference, argument, caller) => complete(completing, prompts, resources, reference, argument, caller),
    listDigests: () => ({
      tools: digestOf(JSON.stringify(allPages((cursor) => tools.list(cursor)))),
      resources: digestOf(JSON.stringify(resources.declared())),
      prompts: digestOf(JSON.stringify(allPages((cursor) => promptRegistry.list(cursor)))),
      events: digestOf(JSON.stringify(extensions.flatMap(({ lists }) => lists?.events?.() ?? []))),
    }),
    scopesOfRead(uri) {
      const found = resources.at(uri);
      return found === null ? [] : scopesOfResource(found, found.variables);
    },
    scopesOfCompletion(reference, chosen) {
      if (reference.type === 'ref/prompt') return promptRegistry.scopesOf(reference.name);
      const found = resources.find(reference.uri);
      return found === null ? [] : scopesOfResource(found, chosen);
    },
  };
}

function allPages(page: (cursor: string | undefined) => { items: readonly unknown[]; nextCursor?: string }): unknown[] {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const { items: some, nextCursor } = page(cursor);
    items.push(...some);
    cursor = nextCursor;
  } while (cursor !== undefined);
  return items;
}

function streamOf(streams: App['streams'], ref: ChangeSource['stream']): DeclaredStream | null {
  if (typeof ref === 'string') return streams.get(ref) ?? null;
  return [...streams.values()].find(({ declaration }) => declaration === ref) ?? null;
}

function logOfTrigger({ triggers }: Pick<App, 'triggers'>, ref: ChangeSource['stream']): DeclaredStream | null {
  return [...triggers.values()].find(({ log }) => log.name === ref)?.log ?? null;
}

/**
 * The built-in tools that the app does not leave out, with the names and texts that it gives them.
 * @throws TidegateError `invalid_config` for a new name that a tool of an extension has
 */
function shownOf(app: App, tools: readonly (readonly [string, ListedTool])[]): Map<string, ListedTool> {
  const shown = new Map<string, ListedTool>();
  for (const [name, tool] of tools) {
    const listed = shownAs(app, name);
    if (listed === null) continue;
    const twin = tools.find(([other]) => other !== name && shownAs(app, other) === listed);
    if (twin && listed !== name)
      throw invalidConfig(`builtIns.${name}.name`, `a name other than that of the tool ${twin[0]}`);
    const own = app.builtIns[name as BuiltInName];
    const { name: _name, ...texts } = typeof own === 'object' ? own : {};
    shown.set(listed, { ...tool, ...texts });
  }
  return shown;
}

/** Under which name a tool is listed that an extension has under this one; null: the app leaves it out. */
function shownAs({ toolNames }: Pick<App, 'toolNames'>, name: string): string | null {
  return Object.hasOwn(toolNames, name) ? toolNames[name as BuiltInName] : name;
}

/** The items of all extensions by name, in the order of the extensions. */
function allOf<Item>(given: readonly (Readonly<Record<string, Item>> | undefined)[]): ReadonlyMap<string, Item> {
  return new Map(given.flatMap((items = {}) => Object.entries(items)));
}

function merge<Item>(
  section: string,
  declared: ReadonlyMap<string, Item>,
  builtIn: ReadonlyMap<string, Item>,
): ReadonlyMap<string, Item> {
  checkNames(declared, builtIn, (name) => `${section}.${name}`);
  return new Map([...builtIn, ...declared]);
}

/** @param fieldOf answers where the app declares the item of a name */
function checkNames(
  declared: ReadonlyMap<string, unknown>,
  builtIn: ReadonlyMap<string, unknown>,
  fieldOf: (name: string) => string,
): void {
  for (const name of builtIn.keys()) {
    if (declared.has(name)) throw invalidConfig(fieldOf(name), `a name other than the built-in ${name}`);
  }
}

function mergeResources(declared: ReadonlyMap<string, Resource>, builtIn: ReadonlyMap<string, Resource>) {
  const uris = new Map([...builtIn].map(([name, { uri }]) => [uri, name]));
  for (const [name, { uri }] of declared) {
    const other = uris.get(uri);
    if (other !== undefined)
      throw invalidConfig(`resources.${name}.uri`, `a URI other than ${uri}, which the built-in ${other} has`);
  }
  return merge('resources', declared, builtIn);
}
