/**
 * Makes the caller of the registry from the SDK's request context. Log and progress messages are sent only where the
 * client asked for them.
 */
import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { type JsonObject, sentJson } from '../../base/json.ts';
import type { Caller, LegacyClient } from '../../calls/caller.ts';
import type { McpLogLevel } from '../../declare/context.ts';
import { isWanted } from '../sessions/sessions.ts';
import { isObject } from '../wire/params.ts';

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
export interface WaitingCaller extends Caller {
  waits: (message: string) => void;
}

type Given = Pick<Caller, 'principal' | 'account' | 'deadline'>;
/** What requests of 2025-11-25 and before do not say themselves. */
export type Legacy = Pick<Caller, 'clientCapabilities' | 'retry'> & {
  /** Nothing is sent before this is known, and nothing where it is null: the session was ended. Absent: there is none. */
  kept?: Promise<{ level: McpLogLevel | null } | null> | undefined;
  client?: Omit<LegacyClient, 'notify'>;
};

export const LEGACY_UNASKED: Legacy = { clientCapabilities: null, retry: null };

export function callerOf(
  { mcpReq, http }: HeardRequest,
  { principal, account, deadline }: Given,
  legacy: Legacy = LEGACY_UNASKED,
): WaitingCaller {
  const envelope: Record<string, unknown> | undefined = mcpReq.envelope;
  const capabilities = envelope?.[CLIENT_CAPABILITIES_META_KEY];
  const { _meta: meta } = mcpReq;
  const token = meta?.progressToken;
  const { inputResponses: responses = {} } = mcpReq;
  const state = mcpReq.requestState();
  const isRetry = capabilities !== undefined && (state !== undefined || mcpReq.inputResponses !== undefined);
  let last = Number.NEGATIVE_INFINITY;

  /** @param work is given the least level of log messages that the client wants; null: all */
  function send(work: (least: McpLogLevel | null) => Promise<void> | null): void {
    const { kept } = legacy;
    const sent = kept ? kept.then((session) => session && work(session.level)) : work(null);
    sent?.catch(nothing);
  }

  const progress = (value: number, total?: number, message?: string): void => {
    if (token === undefined || !(value > last)) return;
    last = value;
    const text = message === undefined ? {} : { message: message.slice(0, PROGRESS_TEXT) };
    const params = { progressToken: token, progress: value, ...(total === undefined ? {} : { total }), ...text };
    send(() => mcpReq.notify({ method: 'notifications/progress', params }));
  };

  const { client } = legacy;
  const notify: LegacyClient['notify'] = (method, params) =>
    send(() => mcpReq.notify({ method, params: { ...params } }));

  return {
    principal,
    account,
    ...(client ? { legacy: { ...client, notify } } : {}),
    // Made where a handler asks for it.
    get signal() {
      return mcpReq.signal;
    },
    deadline,
    clientCapabilities: capabilities === undefined ? legacy.clientCapabilities : (capabilities as JsonObject),
    retry: isRetry ? { responses, state } : legacy.retry,
    meta: meta ?? {},
    log(level, data, logger) {
      send((least) => (isWanted(level, least) ? mcpReq.log(level, data, logger) : null));
    },
    leave() {
      send(() => {
        http?.closeSSE?.();
        return null;
      });
    },
    progress: token === undefined ? nothing : progress,
    // So little that the handler's own progress still grows.
    waits: (message) => progress(Math.max(last, 0) + 1e-6, undefined, message),
    emit: token === undefined ? nothing : (partial) => progress(Math.max(last, 0) + 1, undefined, sentJson(partial)),
  };
}

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
