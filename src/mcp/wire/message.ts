/** Reads a JSON-RPC message before it is served, whatever is wrong with it. */
import { isAnswer } from '../../base/json-rpc.ts';
import { isObject } from './params.ts';

/** A value of a message's `_meta`. Undefined: it has none. */
export function claimOf(body: unknown, key: string): unknown {
  if (typeof body !== 'object' || body === null) return undefined;
  const { params } = body as { params?: unknown };
  if (typeof params !== 'object' || params === null) return undefined;
  const { _meta: meta } = params as { _meta?: unknown };
  return typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)[key] : undefined;
}

/**
 * What is wrong with the form of one message, as what was expected of a member of it. Null: nothing is; whether it is what
 * its method asks for, is judged later. An answer passes.
 */
export function formProblem(message: unknown): string | null {
  if (!isObject(message)) return 'an object';
  const { jsonrpc, method, id, params } = message;
  if (jsonrpc !== '2.0') return 'jsonrpc: "2.0"';
  if (isAnswer(message)) return null;
  if (typeof method !== 'string') return 'method: a text';
  if ('id' in message && typeof id !== 'string' && !Number.isInteger(id)) return 'id: a text or a whole number';
  if (params !== undefined && !isObject(params)) return 'params: an object';
  const token = claimOf(message, 'progressToken');
  if (token === undefined || token === null || typeof token === 'string' || Number.isSafeInteger(token)) return null;
  return 'params._meta.progressToken: a text or a whole number';
}

/** Most messages in one batch. */
export const MOST_BATCHED = 50;

/** Longest text of a message that the log shows, in characters. */
const LOGGED_CHARACTERS = 200;

/**
 * What a message asks for, for the log: its method, and the name of its tool, prompt or resource. Of a batch the log
 * shows the length.
 */
export function askedFor(body: unknown): { mcp: string; name?: string } {
  if (Array.isArray(body)) return { mcp: `batch of ${body.length}` };
  const { method, params } = (typeof body === 'object' && body !== null ? body : {}) as {
    method?: unknown;
    params?: { name?: unknown; uri?: unknown } | null;
  };
  if (typeof method !== 'string') return { mcp: '' };
  const name = params?.name ?? params?.uri;
  return { mcp: shortened(method), ...(typeof name === 'string' ? { name: shortened(name) } : {}) };
}

function shortened(text: string): string {
  return text.length <= LOGGED_CHARACTERS ? text : `${text.slice(0, LOGGED_CHARACTERS)}…`;
}
