/** What an app declares beside streams: tools and prompts of its own, and the context that they and its resources run in. */
import type * as z from 'zod';
import type { Json, JsonObject } from '../json.ts';
import type { Principal } from '../principal.ts';
import type { Answer, AskRequest, ContentOf, InputRequest } from './ask.ts';
import type { AppStreams } from './app-streams.ts';
import type { Annotations, Displayed } from './display.ts';
import type { Root, SampleParams, SampleResult } from './client-asks.ts';
import type { AppFeeds } from './outlet.ts';
import type { Completer } from './resource.ts';

export type * from './app-streams.ts';
export * from './resource.ts';
export type * from './stream-windows.ts';

/** MCP's log levels, as `io.modelcontextprotocol/logLevel` names them. */
export type McpLogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/**
 * What a handler may ask of the person behind a call, and of the client. Where the answer is not there yet the request
 * ends with the question and the handler never goes on: the client's retry enters it again, from its beginning, and the
 * same `ask` answers. So all that stands before an `ask` runs once more with each round; effects belong behind the last
 * one. Questions that are asked together (`Promise.all`) are sent together. None of these rejects for what a client did.
 */
export interface Asks {
  /**
   * @param key names the question: a letter, then up to 63 letters, digits, `_`, `.` and `-`. The same key may be used
   * again: the second is another question, as long as both come in the same order on each entry.
   */
  ask: <Request extends AskRequest>(key: string, request: Request) => Promise<Answer<ContentOf<Request>>>;
  /** An answer of the client's own model. @deprecated in MCP since 2026-07-28: ask a provider of models directly. */
  sample: (key: string, params: SampleParams) => Promise<SampleResult>;
  /** The folders that the client works in. @deprecated in MCP since 2026-07-28: take them as arguments. */
  roots: (key: string) => Promise<Root[]>;
  /** Whether the client can be asked like that; one that cannot be is answered with an error where it is asked all the same. */
  canAsk: (kind: InputRequest['kind']) => boolean;
}

/** What tools, prompts and reads of resources get; its functions need no `this`, so it may be taken apart. */
export interface HandlerContext extends ListContext, Asks {
  feeds: AppFeeds;
}

/** What a handler gets that may not ask: one that lists or completes. */
export interface ListContext {
  principal: Principal;
  streams: AppStreams;
  now: () => number;
  /** Aborts when the caller went away or the platform's time is over. */
  signal: AbortSignal;
  /** Epoch ms by which an answer has to be there. */
  deadline: number;
  /** Sent to the caller where it asked for this level or a lower one. */
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
}

export interface ToolContext extends HandlerContext {
  /** Sent where the caller gave a progress token. `progress` must grow. */
  progress: (progress: number, total?: number, message?: string) => void;
  /** A partial result: sent at once, as a progress message, where the caller can take one; else nothing. */
  emit: (partial: Json) => void;
}

export type ContentBlock = { annotations?: Annotations } & (
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: ResourceContents }
  | ({ type: 'resource_link' } & ListedResource)
);

/** A resource as lists and links show it. */
export interface ListedResource extends Displayed {
  uri: string;
  name: string;
  description?: string;
  mimeType?: string;
  annotations?: Annotations;
  /** Bytes of what is read, before any encoding. */
  size?: number;
}

export interface ResourceContents {
  uri: string;
  mimeType?: string;
  /** Text, or base64 in `blob`. */
  text?: string;
  blob?: string;
}

/** What a tool answers: content of its own, or `structured` alone (its JSON is then the text too). */
export interface ToolAnswer<Output = unknown> {
  content?: ContentBlock[];
  /** Short text for people; becomes the first content block. */
  text?: string;
  structured?: Output;
  /** True: the tool ran and failed, and the model should read why. */
  isError?: boolean;
}

export interface ToolAnnotations {
  title?: string;
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

export interface ToolOptions<Input extends z.ZodType, Output extends z.ZodType> extends Displayed {
  description: string;
  /** An object schema; absent: no arguments. */
  input?: Input;
  /** Makes the answer's `structured` required, and checked. */
  output?: Output;
  annotations?: ToolAnnotations;
  /** JSON Schema to show instead of the one made from `input` (which still validates). */
  inputJsonSchema?: JsonObject;
  /** MCP client capabilities that the tool cannot run without, e.g. `{ sampling: {} }`; a client without them is refused. */
  clientCapabilities?: JsonObject;
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer<z.input<Output>> | string>;
}

/** A declared tool, with its argument's type forgotten: `run` is called with what `input` has validated. */
export interface Tool extends Omit<ToolOptions<z.ZodType, z.ZodType>, 'run'> {
  kind: 'tool';
  run(input: never, context: ToolContext): Promise<ToolAnswer | string>;
}

export function tool<Input extends z.ZodType = z.ZodObject, Output extends z.ZodType = z.ZodType>(
  options: ToolOptions<Input, Output>,
): Tool {
  return { kind: 'tool', ...options };
}

export interface PromptArgument {
  name: string;
  /** Its name for people. */
  title?: string;
  description?: string;
  required?: boolean;
  complete?: Completer;
}

/** What a prompt is given: a text for each required argument, and perhaps one for each other. */
export type PromptInput<Arguments extends readonly PromptArgument[]> = {
  [Argument in Arguments[number] as Argument['required'] extends true ? Argument['name'] : never]: string;
} & {
  [Argument in Arguments[number] as Argument['required'] extends true ? never : Argument['name']]?: string;
};

export interface PromptOptions<
  Arguments extends readonly PromptArgument[] = readonly PromptArgument[],
> extends Displayed {
  description: string;
  arguments?: Arguments;
  run(input: PromptInput<Arguments>, context: HandlerContext): Promise<PromptMessage[] | string>;
}

export interface PromptMessage {
  role: 'user' | 'assistant';
  content: ContentBlock;
}

/** A declared prompt, with the names of its arguments forgotten. */
export interface Prompt extends PromptOptions {
  kind: 'prompt';
}

/** Declares a prompt; the `arguments` that are written out give the type of what `run` gets. */
export function prompt<const Arguments extends readonly PromptArgument[]>(options: PromptOptions<Arguments>): Prompt {
  return { kind: 'prompt', ...options };
}
