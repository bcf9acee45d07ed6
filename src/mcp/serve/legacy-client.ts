/**
 * The client of a request of 2025-11-25 or before, as a method sees it that sends it more than the answer. Over HTTP its
 * answer to a request of the server is a message of its own, which any instance may hear; so the id of such a request says
 * what is answered, and nothing is kept of it. Who may answer is judged like any other message, by who sends it.
 */
import type { JSONRPCResponse, ServerContext } from '@modelcontextprotocol/server';
import { type RpcError, rpcErrorResponse } from '../../base/json-rpc.ts';
import { isPublic } from '../../base/principal.ts';
import type { LegacyClient } from '../../calls/caller.ts';
import { askableOf } from '../asking/askable.ts';
import { answeredKey, coreQuestionId } from '../wire/core-question.ts';
import { isObject } from '../wire/params.ts';
import { callerOf, unheard } from './caller.ts';
import type { Exchange } from './exchange.ts';

export function clientOverHttp(
  { http, mcpReq }: ServerContext,
  { session, stream, principal }: Exchange,
  version: string,
  newId: () => string,
): Omit<LegacyClient, 'notify'> {
  const canAsk = stream?.canAsk === true && session?.facts.askable['elicitation'] !== undefined;
  return {
    version,
    session: session?.facts.id ?? null,
    isKnown: !isPublic(principal),
    askable: session && askableOf(session.facts),
    gone: http?.req?.signal ?? mcpReq.signal,
    ask: canAsk
      ? async ({ method, params }, key) => {
          await stream.ask([{ jsonrpc: '2.0', id: coreQuestionId(newId(), key), method, params }]);
          return null;
        }
      : null,
  };
}

/**
 * Hands over what a client answers to a request that `ask` sent. What nobody asked is accepted, and nothing comes of it; an
 * error of the client answers nothing, and what was asked stands.
 * @param failed answers what the client is told of an error
 */
export async function takeAnswer(
  body: JSONRPCResponse,
  exchange: Exchange,
  failed: (thrown: unknown) => RpcError,
): Promise<Response> {
  const key = answeredKey(body.id);
  const { result } = body as { result?: unknown };
  const { coreAnswer } = exchange.registry.extensions;
  if (key === null || !isObject(result) || coreAnswer === null) return new Response(null, { status: 202 });
  try {
    await coreAnswer.run(key, result, callerOf(unheard(undefined), exchange));
  } catch (thrown) {
    return rpcErrorResponse(400, failed(thrown));
  }
  return new Response(null, { status: 202 });
}
