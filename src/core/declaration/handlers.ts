/** What an app declares beside streams: tools, resources and prompts of its own, and the context they run in. */
import type * as z from 'zod';
import type { StreamEvent } from '../event.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Principal } from '../principal.ts';
import type { Answer, AskRequest, ContentOf, InputRequest } from './ask.ts';
import type { Annotations, Displayed } from './display.ts';
import type { Root, SampleParams, SampleResult } from './client-asks.ts';
import type { AppFeeds } from './outlet.ts';
import type { Stream } from './stream.ts';

/** MCP's log levels, as `io.modelcontextprotocol/logLevel` names them. */
export type McpLogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/**
 * A stream by its declaration, which gives the types of its data, or by name: what a name stands for only the app knows,
 * so its data are not typed and a name that no stream has is found out when it is asked for.
 */
export type StreamRef<Data, Input = unknown> = string | Stream<Data, Input>;

export interface EventPage<Data> {
  events: StreamEvent<Data>[];
  /** Where to go on, also when there was nothing; null while the stream never had an event. */
  cursor: string | null;
  /** Events after the given cursor are gone; the page begins at the oldest that is left. */
  truncated: boolean;
}

/** A part of a stream's past. */
export interface HistoryOptions {
  /** Event time from which on, inclusive: epoch ms, ISO 8601, or ago: `-1h`. */
  from?: number | string;
  /** Event time up to which, exclusive. */
  to?: number | string;
  /** Only events of these keys, and gaps; at most 20. */
  keys?: readonly string[];
  /** 1 to 1,000; default 100. */
  limit?: number;
  /** Of arrival. Default: `oldest` first where there is a `from`, else `newest` first. */
  order?: 'oldest' | 'newest';
  /** `cursor` of the page before; what else is asked must then be as it was, or be left out. */
  cursor?: string;
}

export interface HistoryEvents<Data> {
  events: StreamEvent<Data>[];
  /** For the next page; null where this is the last. */
  cursor: string | null;
  /** Events of the range are gone, by retention. */
  truncated: boolean;
}

/** The app's streams, bound to the caller's tenant. An unknown stream throws `not_found`. */
export interface AppStreams {
  names(): string[];
  /** The newest event, of `key` where the stream is keyed; null where there is none. One store call. */
  latest<Data = Json>(stream: StreamRef<Data>, key?: string): Promise<StreamEvent<Data> | null>;
  /** The newest event of each key, in key order; `limit` is 1 to 1,000, default 100. One store call. */
  latestByKey<Data = Json>(
    stream: StreamRef<Data>,
    page?: { after?: string; limit?: number },
  ): Promise<{ events: StreamEvent<Data>[]; next: string | null }>;
  /** Keys that begin with `prefix` (default: all), in order; `limit` is 1 to 1,000, default 100. One store call. */
  keys(stream: StreamRef<unknown>, page?: { prefix?: string; limit?: number }): Promise<CompletedValues>;
  /** The newest `n` events (1 to 1,000), oldest first; `before` a cursor where one is given. One store call. */
  last<Data = Json>(stream: StreamRef<Data>, n: number, before?: string): Promise<EventPage<Data>>;
  /** Events after a cursor (null: from the oldest on), oldest first; `limit` is 1 to 1,000, default 100. One store call. */
  read<Data = Json>(stream: StreamRef<Data>, after: string | null, limit?: number): Promise<EventPage<Data>>;
  /** Events of a range of time, a page at a time, gaps among them. Two store calls a page; more with `keys`. */
  history<Data = Json>(stream: StreamRef<Data>, options?: HistoryOptions): Promise<HistoryEvents<Data>>;
  /** Validates `data` by the stream's schema, appends it, and answers the event. Throws `invalid_input`. */
  append<Data = Json, Input = unknown>(
    stream: StreamRef<Data, Input>,
    data: NoInfer<Input>,
  ): Promise<StreamEvent<Data>>;
}

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

/** What was found of values that complete what was typed; of more than 100 clients see the first 100. */
export interface CompletedValues {
  values: string[];
  /** There are more than these. */
  hasMore: boolean;
}

/**
 * Finds values that begin with `value`, for an argument or a variable; `chosen` are the others, where the client says them.
 * See `completeStreams` and `completeKeys`.
 */
export type Completer<Name extends string = string> = (
  value: string,
  context: ListContext,
  chosen?: Readonly<Partial<Record<Name, string>>>,
) => Promise<string[] | CompletedValues>;

/** How long and for whom an answer may be cached. */
export interface CacheHint {
  ttlMs: number;
  cacheScope: 'public' | 'private';
}

/** Names of the variables in a URI template: `'id'` of `mine://{id}`; none where there are none. */
export type VariableOf<Uri extends string> = string extends Uri
  ? string
  : Uri extends `${string}{${infer Name}}${infer Rest}`
    ? (Name extends `+${infer Bare}` ? Bare : Name) | VariableOf<Rest>
    : never;

export interface ResourceOptions<Uri extends string = string> extends Displayed {
  /** A URI, or a template (RFC 6570: `mine://{id}`, and `{+path}` for what has slashes), whose variables `read` gets. */
  uri: Uri;
  description?: string;
  mimeType?: string;
  annotations?: Annotations;
  /** Bytes of what is read, where that is known beforehand; not of a template. */
  size?: number;
  cache?: CacheHint;
  read(
    variables: Record<VariableOf<Uri>, string>,
    context: HandlerContext & { uri: string },
  ): Promise<ResourceContents[] | string>;
  /** Resources that a template lists; default: none. */
  list?(context: ListContext): Promise<ListedResource[]>;
  /** For the variables of a template. */
  complete?: { [Name in VariableOf<Uri>]?: Completer<VariableOf<Uri>> };
}

/** A declared resource, with the names of its variables forgotten. */
export interface Resource extends ResourceOptions {
  kind: 'resource';
}

/** Declares a resource; a `uri` that is written out gives the types of its variables. */
export function resource<const Uri extends string>(options: ResourceOptions<Uri>): Resource {
  return { kind: 'resource', ...options };
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
