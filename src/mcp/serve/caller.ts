/**
 * Makes the caller of the registry from the SDK's request context. Log and progress messages are sent only where the
 * client asked for them.
 */
import { CLIENT_CAPABILITIES_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import type { JsonObject } from '../../base/json.ts';
import type { Caller } from '../../calls/caller.ts';
import type { McpLogLevel } from '../../declare/context.ts';
import { isWanted } from './sessions.ts';

/** Longest text of a progress message, in characters. A longer text is cut. */
const PROGRESS_TEXT = 8_192;

function nothing(): void {}

type Given = Pick<Caller, 'principal' | 'account' | 'deadline'>;
/** What requests of 2025-11-25 and before do not say themselves. */
export type Legacy = Pick<Caller, 'clientCapabilities' | 'retry'> & {
  /** The least level of log messages that the client wants. Null or absent: all. */
  level?: McpLogLevel | null;
};

export const LEGACY_UNASKED: Legacy = { clientCapabilities: null, retry: null };

export function callerOf(
  { mcpReq }: ServerContext,
  { principal, account, deadline }: Given,
  legacy: Legacy = LEGACY_UNASKED,
): Caller {
  const envelope: Record<string, unknown> | undefined = mcpReq.envelope;
  const capabilities = envelope?.[CLIENT_CAPABILITIES_META_KEY];
  const { _meta: meta } = mcpReq;
  const token = meta?.progressToken;
  const { inputResponses: responses = {} } = mcpReq;
  const state = mcpReq.requestState();
  const isRetry = capabilities !== undefined && (state !== undefined || mcpReq.inputResponses !== undefined);
  let last = Number.NEGATIVE_INFINITY;

  const progress = (value: number, total?: number, message?: string): void => {
    if (token === undefined || !(value > last)) return;
    last = value;
    const text = message === undefined ? {} : { message: message.slice(0, PROGRESS_TEXT) };
    const params = { progressToken: token, progress: value, ...(total === undefined ? {} : { total }), ...text };
    mcpReq.notify({ method: 'notifications/progress', params }).catch(nothing);
  };

  return {
    principal,
    account,
    signal: mcpReq.signal,
    deadline,
    clientCapabilities: capabilities === undefined ? legacy.clientCapabilities : (capabilities as JsonObject),
    retry: isRetry ? { responses, state } : legacy.retry,
    meta: meta ?? {},
    log(level, data, logger) {
      if (isWanted(level, legacy.level ?? null)) mcpReq.log(level, data, logger).catch(nothing);
    },
    progress: token === undefined ? nothing : progress,
    emit:
      token === undefined ? nothing : (partial) => progress(Math.max(last, 0) + 1, undefined, JSON.stringify(partial)),
  };
}
