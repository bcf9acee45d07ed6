/**
 * What is added to an app's server: an extension of MCP with its capability, its methods and its tools, or tools,
 * resources and prompts alone. Lists show extensions in the order in which the registry gets them. An extension knows
 * no SDK and no transport; what it answers goes out as it is.
 */
import type * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import type { InputRequired } from '../calls/question-round.ts';
import type { Caller, LegacyClient } from '../calls/caller.ts';
import type { PrincipalNow } from '../calls/events/rights-watch.ts';
import type { WantedTask } from '../calls/changes/topics.ts';
import type { HandlerDeps } from '../calls/deps.ts';
import type { Needs } from '../calls/needs.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import type { ListContext, ToolContext } from '../declare/context.ts';
import type { Displayed } from '../declare/display.ts';
import type { Prompt } from '../declare/prompt.ts';
import type { Resource } from '../declare/resource.ts';
import type { Scoped } from '../declare/scoped.ts';
import type { Tool, ToolAnnotations } from '../declare/tool.ts';
import type { ListName } from '../streams/hints.ts';

/** What server and client declare of an extension, under `capabilities.extensions`. */
export interface ExtensionCapability {
  /** As `io.modelcontextprotocol/tasks`. */
  id: string;
  /** What the server says of it; often nothing. */
  settings: JsonObject;
  /** The name under which the same stands among the capabilities themselves too, for clients that look there, of every revision. */
  alsoAs?: string;
}

export interface Extension {
  /** Absent: there is nothing that a client has to declare, and there are no methods and no notifications. */
  capability?: ExtensionCapability;
  /** By name. Only a request of 2026-07-28 that declares the capability reaches one, where nothing else is said. */
  methods?: Readonly<Record<string, ExtensionMethod>>;
  /** By name. Methods that are answered by notifications. As for `methods`; earlier revisions have none. */
  streams?: Readonly<Record<string, StreamMethod>>;
  /** Its methods and notifications are for clients too that do not declare the capability. */
  forAll?: true;
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
  /** What calls of tools, reads of resources and methods need by what they ask, beside the scopes that those declare. */
  needs?: Needs;
  /** What it lists by methods of its own, so that clients can be told where a deployment lists something else. */
  lists?: Partial<Record<ListName, () => unknown>>;
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

interface CoreMethod {
  /** Answers the result. The context is that of a tool, and cannot ask; `client` can. Errors as those of `ExtensionMethod`. */
  run(params: Readonly<Record<string, unknown>>, context: ToolContext, client: LegacyClient): Promise<object>;
}

/** What listeners are told of tasks. */
export interface TaskNotices {
  /** Those of these ids that are tasks which the caller may read. */
  seen(ids: readonly string[], context: ListContext): Promise<readonly WantedTask[]>;
  /** What is sent when a task has changed: what the task is like now. Null: it is there no more. */
  notice(id: string, context: ListContext): Promise<object | null>;
}

export interface ExtensionMethod {
  /** Requests of earlier revisions reach it too. */
  earlier?: true;
  /** It has a parameter `inputResponses` of its own. Without this the SDK takes it for the answers of a retry. */
  takesResponses?: boolean;
  /**
   * Answers the result. The context is that of a tool, and cannot ask.
   * @throws TidegateError which is answered as a JSON-RPC error, by its code
   */
  run(params: Readonly<Record<string, unknown>>, context: ToolContext, client: MethodClient): Promise<object>;
}

/** What is known of the client of a method. */
interface MethodClient {
  /** The request is of 2025-11-25 or before. */
  isEarlier: boolean;
}

/** A method whose request stays open: its answer is what it sends, until its client leaves or nothing more comes. */
interface StreamMethod {
  /**
   * Judges the request, before anything is sent.
   * @throws TidegateError which is answered as a JSON-RPC error, by its code
   */
  open(params: Readonly<Record<string, unknown>>, context: ToolContext): Promise<OpenedStream>;
}

export interface OpenedStream {
  /**
   * Sends. Where it resolves, nothing more will come, and the request is answered; where it rejects, the connection is cut. The host
   * cuts it when its time is over, and the client comes back.
   */
  run(channel: StreamChannel): Promise<void>;
}

export interface StreamChannel {
  /** Resolves when the client has taken it. The id of the request stands in its `_meta`. */
  send(method: string, params: object): Promise<void>;
  /** Aborts when the client left, or its time is over. */
  signal: AbortSignal;
  /** Who the caller is by now, by what it brought with its request. Null: nobody can tell. */
  now: PrincipalNow | null;
  /** Store calls that it may make. Absent: any number. */
  reads?: { left: number };
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
