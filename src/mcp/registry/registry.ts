/**
 * The registry: an app's tools, tasks, resources and prompts and the built-in ones, ready to be listed and called. Built once
 * per isolate; it knows no protocol version, no transport and no SDK, so one of it serves them all. Lists
 * take the caller; what they show is the same for all as long as no declaration names a scope.
 */
import type { App } from '../../declare/app.ts';
import type { Tool } from '../../declare/tool.ts';
import type { Prompt } from '../../declare/prompt.ts';
import type { Resource } from '../../declare/resource.ts';
import type { Task } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import { type About, aboutOf } from './about.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Caller } from '../../calls/caller.ts';
import {
  complete,
  type CompletedArgument,
  type Completion,
  type CompletionReference,
  createPromptRegistry,
  type PromptRegistry,
} from './prompts.ts';
import { createResourceRegistry, type ResourceRegistry } from './resources.ts';
import { createToolRegistry, type ToolRegistry } from './tools.ts';
import type { TaskMethods } from '../tasks/methods.ts';
import { openTaskParts } from '../tasks/parts.ts';

export interface Registry {
  about: About;
  tools: ToolRegistry;
  resources: ResourceRegistry;
  prompts: PromptRegistry;
  /** Null: there are no tasks. */
  tasks: TaskMethods | null;
  complete(reference: CompletionReference, argument: CompletedArgument, caller: Caller): Promise<Completion>;
}

/** Tools, resources and prompts that the server adds to every app. */
export interface BuiltIns {
  tools?: Record<string, Tool>;
  resources?: Record<string, Resource>;
  prompts?: Record<string, Prompt>;
}

/** @param last stand behind all others in the lists @throws TidegateError `invalid_config` for a name or URI taken twice, or a schema that MCP cannot show. */
export function createRegistry(deps: HandlerDeps & { app: App }, others: BuiltIns, last: BuiltIns = {}): Registry {
  const { app } = deps;
  const taskParts = deps.tasks && deps.tasks.catalog.size > 0 ? openTaskParts(deps.tasks, deps.runtime) : null;
  const builtIns: BuiltIns = {
    ...others,
    tools: { ...others.tools, ...taskParts?.tools, ...last.tools },
    resources: { ...others.resources, ...taskParts?.resources, ...last.resources },
  };
  const catalog = [...(deps.tasks?.catalog ?? [])];
  const builtInTools = new Map<string, Tool | Task>([
    ...Object.entries(builtIns.tools ?? {}),
    ...catalog.filter(([name]) => !app.tasks.has(name)),
  ]);
  const declaredTools = new Map<string, Tool | Task>([...app.tools, ...app.tasks]);
  checkNames('tools', app.tools, builtInTools);
  checkNames('tasks', app.tasks, builtInTools);
  const resources = createResourceRegistry(deps, mergeResources(app.resources, builtIns.resources));
  const prompts = merge('prompts', app.prompts, builtIns.prompts);
  return {
    about: aboutOf(app, taskParts !== null),
    tools: createToolRegistry(deps, builtInTools, declaredTools, new Set(['get_task', 'read_result'])),
    tasks: taskParts?.methods ?? null,
    resources,
    prompts: createPromptRegistry(deps, prompts),
    complete: (reference, argument, caller) => complete(deps, prompts, resources, reference, argument, caller),
  };
}

function merge<Item>(
  part: string,
  declared: ReadonlyMap<string, Item>,
  given: Record<string, Item> = {},
): ReadonlyMap<string, Item> {
  const builtIn = new Map(Object.entries(given));
  checkNames(part, declared, builtIn);
  return new Map([...builtIn, ...declared]);
}

function checkNames(part: string, declared: ReadonlyMap<string, unknown>, builtIn: ReadonlyMap<string, unknown>): void {
  for (const name of builtIn.keys()) {
    if (declared.has(name)) throw taken(`${part}.${name}`, `a name other than the built-in ${name}`);
  }
}

function mergeResources(declared: ReadonlyMap<string, Resource>, builtIn: Record<string, Resource> = {}) {
  const uris = new Map(Object.entries(builtIn).map(([name, { uri }]) => [uri, name]));
  for (const [name, { uri }] of declared) {
    const other = uris.get(uri);
    if (other !== undefined)
      throw taken(`resources.${name}.uri`, `a URI other than ${uri}, which the built-in ${other} has`);
  }
  return merge('resources', declared, builtIn);
}

function taken(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected });
}
