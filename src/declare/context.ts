/**
 * The context that an app's tools, prompts and resources run in. This file holds types alone, and `calls/context.ts`
 * makes the context.
 */
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
import type { AppAlarms } from './trigger.ts';
import type { AppFeeds } from './app-feeds.ts';

/** MCP's log levels, as `io.modelcontextprotocol/logLevel` names them. */
export type McpLogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/**
 * What a handler may ask the person behind a call, and the client. Where there is no answer yet, the request ends with
 * the question and the handler does not go on. When the client sends the request again with the answer, the handler
 * runs again from its beginning, and the same `ask` returns the answer. So all code before an `ask` runs again in each
 * round. Put code with effects after the last `ask`. Questions that are asked together (`Promise.all`) are sent
 * together. No client's behaviour makes one of these functions reject.
 */
export interface Asks {
  /**
   * @param key names the question: a letter, then up to 63 letters, digits, `_`, `.` and `-`. A key may be used again,
   * for another question. The two questions must then come in the same order on each run of the handler.
   */
  ask: <Request extends AskRequest>(key: string, request: Request) => Promise<Answer<ContentOf<Request>>>;
  /**
   * Asks the client's own model for an answer.
   * @deprecated in MCP since 2026-07-28: ask a provider of models directly.
   */
  sample: (key: string, params: SampleParams) => Promise<SampleResult>;
  /**
   * Asks for the folders that the client works in.
   * @deprecated in MCP since 2026-07-28: take them as arguments.
   */
  roots: (key: string) => Promise<Root[]>;
  /**
   * Whether the client supports this kind of question. A handler that asks a client that does not support it ends the
   * request with an error.
   */
  canAsk: (kind: InputRequest['kind']) => boolean;
}

/**
 * How an app tells clients that listen that something of its own changed. Each call costs one store call, and resolves when the
 * change is stored: whoever listens hears of it within 11 s, on whichever instance, and of one thing once a second at most. It is
 * told in the tenant of the caller alone.
 */
export interface AppChanges {
  resources: {
    /**
     * The content of a resource changed.
     * @param uri as clients read it; the resource has to declare `changes`. Absent: what `resources/list` shows changed
     */
    changed: (uri?: string) => Promise<void>;
  };
  tools: {
    /** What `tools/list` shows changed. */
    changed: () => Promise<void>;
  };
  prompts: {
    /** What `prompts/list` shows changed. */
    changed: () => Promise<void>;
  };
}

/**
 * The context of tools, prompts and reads of resources. Its functions need no `this`, so a handler may destructure it.
 */
export interface HandlerContext extends ListContext, Asks, AppChanges {
  feeds: AppFeeds;
  /** The alarms of the app's triggers. */
  alarms: AppAlarms;
}

/** The context of a handler that lists or completes, and that may not ask. */
export interface ListContext {
  principal: Principal;
  streams: AppStreams;
  now: () => number;
  /** Aborts when the caller disconnects, or when the platform's time is over. */
  signal: AbortSignal;
  /** Epoch ms by which the handler has to answer. Half a second later the caller is told that it did not. */
  deadline: number;
  /** Sends a log message to the caller, where the caller asked for this level or a lower one. */
  log: (level: McpLogLevel, data: Json, logger?: string) => void;
}

export interface ToolContext extends HandlerContext {
  /** Sends the progress to the caller, where the caller gave a progress token. `progress` must grow. */
  progress: (progress: number, total?: number, message?: string) => void;
  /**
   * Sends a partial result at once, as a progress message, where the caller can receive one. Otherwise does nothing.
   */
  emit: (partial: Json) => void;
  /**
   * Ends the connection, where the caller comes back for the answer by itself (2025-11-25 with a session, after a second): for
   * work that takes long. The handler goes on, and its answer is kept for 5 minutes. Otherwise does nothing.
   */
  closeStream: () => void;
}
