/**
 * Makes the caller of the registry from the SDK's request context. Log and progress messages are sent only where the
 * client asked for them.
 */
import type { ServerContext } from '@modelcontextprotocol/server';
import { type JsonObject, sentJson } from '../../base/json.ts';
import type { Caller, LegacyClient } from '../../calls/caller.ts';
import type { McpLogLevel } from '../../declare/context.ts';
import { isWanted } from '../sessions/sessions.ts';
import { isObject } from '../wire/params.ts';
import { CLIENT_CAPABILITIES_META_KEY } from '../wire/meta-keys.ts';

/** Longest text of a progress message, in characters. A longer text is cut. */
const PROGRESS_TEXT = 8_192;

function nothing(): void {}

/** What is heard of a request: the SDK's context, or what stands for it where the request goes on elsewhere. */
export interface HeardRequest {
  mcpReq: Pick<
    ServerContext['mcpReq'],
    '_meta' | 'signal' | 'notify' | 'log' | 'envelope' | 'inputResponses' | 'requestState'
  >;
  http?: ServerContext['http'];
}

/** A caller that can also be told that its request waits. */
interface WaitingCaller extends Caller {
  waits: (message: string) => void;
}

type Given = Pick<Caller, 'principal' | 'account' | 'deadline'>;
/** What requests of 2025-11-25 and before do not say themselves. */
type Legacy = Pick<Caller, 'clientCapabilities' | 'retry'> & {
  /** Nothing is sent before this is known, and nothing where it is null: the session was ended. Absent: there is none. */
  kept?: Promise<{ level: McpLogLevel | null } | null> | undefined;
  client?: Omit<LegacyClient, 'notify'>;
};

const LEGACY_UNASKED: Legacy = { clientCapabilities: null, retry: null };

export function callerOf(heard: HeardRequest, given: Given, legacy: Legacy = LEGACY_UNASKED): WaitingCaller {
  return new RequestCaller(heard, given, legacy);
}

/** The same for calls whose answer is a task. */
export function asTask(caller: Caller): Caller {
  // What is made on demand is read by its own name, and is no member to be copied.
  const { signal, log, leave } = caller;
  return { ...caller, signal, log, leave, asTask: true };
}

class RequestCaller implements WaitingCaller {
  readonly #heard: HeardRequest;
  readonly #legacy: Legacy;
  #last = Number.NEGATIVE_INFINITY;
  readonly principal;
  readonly account;
  readonly deadline;
  readonly clientCapabilities;
  readonly retry;
  readonly meta;
  readonly progress: Caller['progress'];
  readonly emit: Caller['emit'];
  readonly waits;
  declare readonly legacy?: LegacyClient;

  constructor(heard: HeardRequest, { principal, account, deadline }: Given, legacy: Legacy) {
    const { mcpReq } = heard;
    const envelope: Record<string, unknown> | undefined = mcpReq.envelope;
    const capabilities = envelope?.[CLIENT_CAPABILITIES_META_KEY];
    const { _meta: meta, inputResponses: responses } = mcpReq;
    const token = meta?.progressToken;
    const state = mcpReq.requestState();
    const isRetry = capabilities !== undefined && (state !== undefined || responses !== undefined);
    this.#heard = heard;
    this.#legacy = legacy;
    this.principal = principal;
    this.account = account;
    this.deadline = deadline;
    this.clientCapabilities = capabilities === undefined ? legacy.clientCapabilities : (capabilities as JsonObject);
    this.retry = isRetry ? { responses: responses ?? {}, state } : legacy.retry;
    this.meta = meta ?? NO_META;
    if (token === undefined) {
      this.progress = nothing;
      this.emit = nothing;
      this.waits = nothing;
    } else {
      this.progress = (value, total, message) => this.#progress(token, value, total, message);
      this.emit = (partial) => this.#progress(token, Math.max(this.#last, 0) + 1, undefined, sentJson(partial));
      // So little that the handler's own progress still grows.
      this.waits = (message: string) => this.#progress(token, Math.max(this.#last, 0) + 1e-6, undefined, message);
    }
    const { client } = legacy;
    if (client) {
      const notify: LegacyClient['notify'] = (method, params) =>
        this.#send(() => mcpReq.notify({ method, params: { ...params } }));
      this.legacy = { ...client, notify };
    }
  }

  get log(): Caller['log'] {
    return (level, data, logger) =>
      this.#send((least) => (isWanted(level, least) ? this.#heard.mcpReq.log(level, data, logger) : null));
  }

  get leave(): () => void {
    return () =>
      this.#send(() => {
        this.#heard.http?.closeSSE?.();
        return null;
      });
  }

  /** Made where a handler asks for it. */
  get signal(): AbortSignal {
    return this.#heard.mcpReq.signal;
  }

  /** @param work is given the least level of log messages that the client wants; null: all */
  #send(work: (least: McpLogLevel | null) => Promise<void> | null): void {
    const { kept } = this.#legacy;
    const sent = kept ? kept.then((session) => session && work(session.level)) : work(null);
    sent?.catch(nothing);
  }

  #progress(token: string | number, value: number, total?: number, message?: string): void {
    if (!(value > this.#last)) return;
    this.#last = value;
    const text = message === undefined ? {} : { message: message.slice(0, PROGRESS_TEXT) };
    const params = { progressToken: token, progress: value, ...(total === undefined ? {} : { total }), ...text };
    this.#send(() => this.#heard.mcpReq.notify({ method: 'notifications/progress', params }));
  }
}

const NO_META = Object.freeze({});

/** Of a request that goes on where its client has no connection: nobody hears what it sends before its result. */
export function unheard(meta: unknown, signal: AbortSignal = new AbortController().signal): HeardRequest {
  return {
    mcpReq: {
      _meta: isObject(meta) ? meta : undefined,
      signal,
      notify: () => Promise.resolve(),
      log: () => Promise.resolve(),
      envelope: undefined,
      inputResponses: undefined,
      requestState: () => undefined,
    },
  };
}
