/**
 * `resources/subscribe` and `resources/unsubscribe` of 2025-11-25 and before: the session keeps what its client wants to hear of,
 * and the stream of the session, on whichever instance it is open, tells it (`sessions/resource-updates.ts`).
 */
import { sentJsonResponse } from '../../base/json.ts';
import type { JSONRPCRequest } from '@modelcontextprotocol/server';
import { TidegateError } from '../../base/errors.ts';
import { type RpcError, rpcErrorResponse } from '../../base/json-rpc.ts';
import { gone, needsSession } from '../sessions/answers.ts';
import type { SessionHints } from '../sessions/session-hints.ts';
import type { ClientSession, KeptSession, Sessions } from '../sessions/sessions.ts';
import { subscribedIn, withoutUri, withUri } from '../sessions/subscribed.ts';
import { textOf } from '../wire/params.ts';
import type { Exchange } from './exchange.ts';
import { inLegacyCode } from '../wire/legacy-errors.ts';

const METHODS = new Set(['resources/subscribe', 'resources/unsubscribe']);

interface SubscribingDeps {
  sessions: Sessions;
  hints: SessionHints;
  now: () => number;
  failure: (method: string, thrown: unknown, exchange: Exchange) => RpcError;
}

/** Whether a request changes what a session keeps. */
export function changesSubscriptions(method: string): boolean {
  return METHODS.has(method);
}

/** Answers both methods. */
export function createSubscribing({ sessions, hints, now, failure }: SubscribingDeps) {
  /** False: the session was ended. */
  async function subscribe(session: ClientSession, uri: string, exchange: Exchange): Promise<boolean> {
    if (exchange.registry.resources.sourcesOf(uri) === null) throw unknownTo(uri);
    if (subscribedIn(session.kept).has(uri)) return true;
    const at = now();
    return change(session, (kept) => withUri(kept, uri, at), exchange);
  }

  async function unsubscribe(session: ClientSession, uri: string, exchange: Exchange): Promise<boolean> {
    if (withoutUri(session.kept, uri) === session.kept) return true;
    return change(session, (kept) => withoutUri(kept, uri), exchange);
  }

  async function change(
    session: ClientSession,
    changed: (kept: KeptSession) => KeptSession,
    exchange: Exchange,
  ): Promise<boolean> {
    const { tenant } = exchange.principal;
    const isKept = await sessions.change(session, changed, exchange, hints.told(tenant, session.id));
    if (isKept) await hints.trim(exchange.account.store, tenant);
    return isKept;
  }

  return async (body: JSONRPCRequest, exchange: Exchange): Promise<Response> => {
    if (exchange.session === null) return needsSession(body.method, body);
    try {
      const session = await exchange.session.kept;
      const uri = textOf(body.params ?? {}, 'uri');
      const run = body.method === 'resources/subscribe' ? subscribe : unsubscribe;
      if (session === null || !(await run(session, uri, exchange))) return gone(body);
      return sentJsonResponse({ jsonrpc: '2.0', id: body.id, result: {} });
    } catch (thrown) {
      const error = failure(body.method, thrown, exchange);
      if (!(thrown instanceof TidegateError) || thrown.code !== 'not_found') return rpcErrorResponse(200, error, body);
      return rpcErrorResponse(
        200,
        inLegacyCode({ ...error, data: { ...error.data, uri: body.params?.['uri'] as string } }),
        body,
      );
    }
  };
}

export function unknownTo(uri: string): TidegateError {
  return new TidegateError('not_found', `There is no resource to subscribe to: ${uri}`, {
    field: 'uri',
    expected: 'the URI of a resource that says what changes it',
  });
}
