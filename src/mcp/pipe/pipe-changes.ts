/**
 * Changes told over a pipe: `subscriptions/listen` of 2026-07-28, for as long as its request is not cancelled, and for clients of
 * earlier revisions `resources/subscribe` with what is listed, for as long as the connection stands. The SDK knows neither which
 * resources can change nor tasks, so these messages are answered here. Workers do not bundle this file.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  isJSONRPCRequest,
  type JSONRPCRequest,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server';
import { asTidegateError } from '../../base/errors.ts';
import { INVALID_PARAMS, type RpcError } from '../../base/json-rpc.ts';
import type { Principal } from '../../base/principal.ts';
import { openAccount } from '../../store/counting.ts';
import { filterOf } from '../listen/asked.ts';
import { listeningCaller } from '../listen/held.ts';
import { createListen } from '../listen/listeners.ts';
import { createListChanges } from '../sessions/list-changes.ts';
import { createResourceUpdates } from '../sessions/resource-updates.ts';
import type { ClientSession, KeptSession } from '../sessions/sessions.ts';
import { withoutUri, withUri } from '../sessions/subscribed.ts';
import { protocolAnswer, wholeMessage } from '../wire/errors.ts';
import { claimOf } from '../wire/message.ts';
import { isObject, textOf } from '../wire/params.ts';
import { MODERN_VERSION } from '../wire/versions.ts';
import { inLegacyCode } from '../wire/legacy-errors.ts';
import { extensionRefusal } from '../serve/extension-check.ts';
import type { ServerDeps } from '../serve/answering.ts';
import { changesSubscriptions, unknownTo } from '../serve/subscribing.ts';

export interface PipeChanges {
  /** Whether a message is answered here; all others are the SDK's. */
  takes(message: unknown): boolean;
  close(): void;
}

/** Listeners of one connection. */
const MOST_LISTENERS = 100;
/** The caller of a listener is judged by no clock: its request is never over. */
const NEVER = Number.MAX_SAFE_INTEGER;
/** No platform counts the store calls of a connection. */
const ANY = { left: Number.POSITIVE_INFINITY };

/** @param send resolves when the message is on its way */
export function createPipeChanges(
  { runtime, store, registry, watch, ...deps }: ServerDeps & Required<Pick<ServerDeps, 'watch' | 'connection'>>,
  principal: Principal,
  send: (message: object) => Promise<void>,
): PipeChanges {
  const own = deps.registryOf(principal);
  const told = { runtime, watch, registryOf: deps.registryOf };
  const listen = createListen({ runtime, watch, bounds: { reads: null }, registry });
  const listeners = new Map<unknown, AbortController>();
  const connection = new AbortController();
  const call = { principal, account: openAccount(store, runtime), deadline: NEVER };
  // Nobody reads any more where it fails, and the connection ends.
  const tell = (message: object) => send(message).catch(() => {});
  let kept: KeptSession = {};
  /** Asked for by `initialize`. */
  let asked = '';
  let updates: { changed(session: { kept: KeptSession }): void } | null = null;

  function answer(message: object): void {
    send(message).catch((thrown: unknown) => runtime.log('debug', `stdio: ${String(thrown)}`));
  }

  function errorOf(thrown: unknown): RpcError {
    const refusal = protocolAnswer(asTidegateError(thrown), runtime.newId());
    return { code: refusal.code, message: wholeMessage(refusal), data: refusal.data };
  }

  async function open(request: JSONRPCRequest): Promise<void> {
    const { id, params = {} } = request;
    const refusal = extensionRefusal(own.extensions, request);
    if (refusal !== null) return answer((await refusal.json()) as object);
    const over = new AbortController();
    try {
      const asked = filterOf(params);
      if (listeners.has(id)) return answer(refused(id, 'an id that no other request has'));
      if (listeners.size >= MOST_LISTENERS) return answer(refused(id, `at most ${MOST_LISTENERS} listeners`));
      listeners.set(id, over);
      const signal = AbortSignal.any([over.signal, connection.signal]);
      const sink = {
        over: signal,
        send,
        end(last?: object) {
          listeners.delete(id);
          over.abort();
          if (last) answer(last);
        },
      };
      await listen(id, asked, sink, listeningCaller(principal, openAccount(store, runtime), signal, NEVER), own);
    } catch (thrown) {
      listeners.delete(id);
      over.abort();
      answer({ jsonrpc: '2.0', id, error: errorOf(thrown) });
    }
  }

  function subscribe(request: JSONRPCRequest): void {
    const { id, method, params = {} } = request;
    try {
      const uri = textOf(params, 'uri');
      if (method === 'resources/unsubscribe') kept = withoutUri(kept, uri);
      else if (own.resources.sourcesOf(uri) === null) throw unknownTo(uri);
      else kept = withUri(kept, uri, runtime.now());
      updates?.changed({ kept });
      answer({ jsonrpc: '2.0', id, result: {} });
    } catch (thrown) {
      const error = errorOf(thrown);
      const isUnknown = error.data?.['code'] === 'not_found';
      const data = { ...error.data, ...(isUnknown ? { uri: params['uri'] as string } : {}) };
      answer({ jsonrpc: '2.0', id, error: isUnknown ? inLegacyCode({ ...error, data }) : error });
    }
  }

  /** The connection in the place of a session, of which nothing is stored. */
  function standing(): ClientSession {
    const id = deps.connection ?? '';
    const client = { name: '', version: '' };
    const reading = { partition: '', id, value: null, version: null };
    return { id, version: asked, client, askable: {}, level: null, kept, reading };
  }

  /** Once the client of an earlier revision is ready to be told. */
  function attend(): void {
    if (updates !== null) return;
    const attended = { session: { kept }, call, signal: connection.signal, since: runtime.now(), reads: ANY, tell };
    createListChanges(told).attend(attended);
    updates = createResourceUpdates(told).attend(attended);
    for (const source of deps.standing ?? []) source.attend({ ...attended, session: standing() });
  }

  return {
    takes(message) {
      const { method, params } = (message ?? {}) as { method?: unknown; params?: unknown };
      if (method === 'initialize' && isObject(params)) asked = String(params['protocolVersion']);
      if (method === 'notifications/initialized') attend();
      if (method === 'notifications/cancelled') {
        const listener = listeners.get(isObject(params) ? params['requestId'] : undefined);
        listener?.abort();
        return listener !== undefined && listeners.delete((params as { requestId: unknown }).requestId);
      }
      if (!isJSONRPCRequest(message)) return false;
      const version = claimOf(message, PROTOCOL_VERSION_META_KEY);
      if (version === undefined && updates !== null && changesSubscriptions(message.method)) {
        subscribe(message);
        return true;
      }
      // What the SDK would refuse, it refuses.
      const isWhole = version === MODERN_VERSION && isObject(claimOf(message, CLIENT_CAPABILITIES_META_KEY));
      if (!isWhole || message.method !== 'subscriptions/listen') return false;
      void open(message);
      return true;
    },
    close: () => connection.abort(),
  };
}

function refused(id: JSONRPCRequest['id'], expected: string): object {
  const data = { code: 'invalid_input', expected };
  return {
    jsonrpc: '2.0',
    id,
    error: { code: INVALID_PARAMS, message: `The listener is refused; expected ${expected}`, data },
  };
}
