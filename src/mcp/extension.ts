/**
 * What is added to an app's server: an extension of MCP with its capability, its methods and its tools, or tools,
 * resources and prompts alone. Lists show extensions in the order in which the registry gets them. An extension knows
 * no SDK and no transport; what it answers goes out as it is.
 */
import type * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import type { InputRequired } from '../calls/question-round.ts';
import type { Caller, LegacyClient } from '../calls/caller.ts';
import type { HandlerDeps } from '../calls/deps.ts';
import type { Needs } from '../calls/needs.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import type { ListContext, ToolContext } from '../declare/context.ts';
import type { Displayed } from '../declare/display.ts';
import type { Prompt } from '../declare/prompt.ts';
import type { Resource } from '../declare/resource.ts';
import type { Scoped } from '../declare/scoped.ts';
import type { Tool, ToolAnnotations } from '../declare/tool.ts';

/** What server and client declare of an extension, under `capabilities.extensions`. */
export interface ExtensionCapability {
  /** As `io.modelcontextprotocol/tasks`. */
  id: string;
  /** What the server says of it; often nothing. */
  settings: JsonObject;
}

export interface Extension {
  /** Absent: there is nothing that a client has to declare, and there are no methods and no notifications. */
  capability?: ExtensionCapability;
  /** By name. Only a request of 2026-07-28 that declares the capability reaches one. */
  methods?: Readonly<Record<string, ExtensionMethod>>;
  /** What 2025-11-25 has of the same in its core, for requests of that revision alone. */
  core?: CorePart;
  /** What a client may ask for under `notifications` of `subscriptions/listen` where it declares the capability. */
  notifications?: readonly string[];
  /** Of the tasks that `taskIds` of `subscriptions/listen` names. One extension has them. */
  taskNotices?: TaskNotices;
  /** What a caller needs for its methods and notifications. Tools, resources and prompts have scopes of their own. */
  scopes?: readonly string[];
  tools?: Readonly<Record<string, Tool>>;
  /**
   * Tools that answer a call in a way of their own. They stand behind `tools`; those of the app behind the app's tools.
   */
  specialTools?: Readonly<Record<string, SpecialTool>>;
  /** Names of `tools` whose results are never kept in pages, because they answer pages themselves. */
  unpaged?: readonly string[];
  resources?: Readonly<Record<string, Resource>>;
  prompts?: Readonly<Record<string, Prompt>>;
  /** What calls of tools and reads of resources need by what they ask, beside the scopes that those declare. */
  needs?: Needs;
}

/** Capabilities and methods that 2025-11-25 has in its core, and later revisions by an extension. */
export interface CorePart {
  /** As `initialize` answers them, by name. */
  capabilities: Readonly<Record<string, JsonObject>>;
  methods: Readonly<Record<string, CoreMethod>>;
  /**
   * Takes what a client answers by a message of its own to a request that `ask` of a method's client sent.
   * @param key as `ask` was given it
   */
  answer(key: string, given: Readonly<Record<string, unknown>>, context: ToolContext): Promise<void>;
}

export interface CoreMethod {
  /** Answers the result. The context is that of a tool, and cannot ask; `client` can. Errors as those of `ExtensionMethod`. */
  run(params: Readonly<Record<string, unknown>>, context: ToolContext, client: LegacyClient): Promise<object>;
}

/** What listeners are told of tasks. */
export interface TaskNotices {
  /** Those of these ids that are tasks of the caller's and may be read by it. */
  seen(ids: readonly string[], context: ListContext): Promise<readonly string[]>;
  /** What is sent when a task has changed: what the task is like now. Null: it is there no more. */
  notice(id: string, context: ListContext): Promise<object | null>;
}

export interface ExtensionMethod {
  /** It has a parameter `inputResponses` of its own. Without this the SDK takes it for the answers of a retry. */
  takesResponses?: boolean;
  /**
   * Answers the result. The context is that of a tool, and cannot ask.
   * @throws TidegateError which is answered as a JSON-RPC error, by its code
   */
  run(params: Readonly<Record<string, unknown>>, context: ToolContext): Promise<object>;
}

/** A tool that is listed and whose arguments are checked like any other; then `call` answers. */
export interface SpecialTool extends Displayed, Scoped {
  /** Where it is declared, e.g. `tasks.report`: errors of its schemas name it. */
  path: string;
  /** Whether the app declared it; else it comes with the server. */
  isDeclared: boolean;
  description: string;
  input?: z.ZodType;
  annotations?: ToolAnnotations;
  /** Whether a call can be answered by a task of 2025-11-25, or has to be. Absent: it cannot. */
  taskSupport?: TaskSupport;
  /** Made when it is first listed. */
  outputSchema?: () => JsonObject;
  /** @param given the arguments as the caller sent them, and what `input` made of them */
  call(
    given: { args: unknown; input: unknown },
    deps: HandlerDeps,
    caller: Caller,
  ): Promise<ToolResult | InputRequired | SpecialResult>;
}

export type TaskSupport = 'optional' | 'required';

/** A result of another type than `complete` and `input_required`; one with `task` is of 2025-11-25. */
export type SpecialResult = { resultType: string } | { task: object };
