/** The context that an app's tools, prompts and resources run in. Types alone: `calls/context.ts` makes it. */
import type { Json } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import type { Answer } from './ask.ts';
import type { AskRequest } from './ask.ts';
import type { ContentOf } from './ask.ts';
import type { InputRequest } from './ask.ts';
import type { AppStreams } from './app-streams.ts';
import type { Root } from './client-asks.ts';
import type { SampleParams } from './client-asks.ts';
import type { SampleResult } from './client-asks.ts';
import type { AppFeeds } from './app-feeds.ts';

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
