/** What a client of 2025-11-25 or before sends that is no request: notifications, and answers to requests of the server. */
import { isJSONRPCResponse, type JSONRPCNotification, type JSONRPCResponse } from '@modelcontextprotocol/server';
import { askableOf } from '../asking/askable.ts';
import type { ClientQuestions } from '../asking/asking.ts';
import { readQuestionId } from '../asking/records.ts';
import type { AnswerDeps } from '../sessions/answer-stream.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Exchange } from './exchange.ts';
import type { ServerSource } from './server.ts';
import { takeAnswer } from './legacy-client.ts';
import type { UnderWay } from './under-way.ts';

export interface ClientMessagesDeps {
  source: ServerSource;
  underWay: UnderWay;
  answers: AnswerDeps;
  /** Null: clients are not asked. */
  asking: ClientQuestions | null;
  /** Whether work goes on when its own request has been answered. */
  worksAfterAnswer: boolean;
}

/** Whether a message may be the answer to a question that was asked. */
export function isAnswering(message: unknown): boolean {
  return isJSONRPCResponse(message) && readQuestionId(message.id) !== null;
}

/** Longest id of a request that can be cancelled on another instance. */
const MOST_ID_CHARACTERS = 256;

/**
 * A notification changes nothing, but for one that cancels a request of its session: where that is not at work here, the other
 * instances are told. Where it waits for answers, its questions are taken back.
 */
export async function noted(
  { underWay, asking, answers: { runtime, hints } }: ClientMessagesDeps,
  { method, params }: JSONRPCNotification,
  exchange: Exchange,
): Promise<Response> {
  const { session, principal, account, deadline } = exchange;
  const id = (params as { requestId?: unknown } | undefined)?.requestId;
  const isId = typeof id === 'string' ? id.length <= MOST_ID_CHARACTERS : typeof id === 'number';
  if (method === 'notifications/cancelled' && session && isId) {
    const of = session.facts.id;
    if (!underWay.cancel(of, id as string | number)) {
      await commitSurely(runtime, account.store, hints.told(principal.tenant, of, id as string | number), deadline);
      await hints.trim(account.store, principal.tenant);
    }
    // A client that cannot be asked has no request that waits for it.
    if (askableOf(session.facts.askable) !== null) await asking?.cancel(of, id, exchange);
  }
  return new Response(null, { status: 202 });
}

/** What a client answers to a request of the server. What nobody asked is accepted, and nothing comes of it. */
export async function heard(legacy: ClientMessagesDeps, body: JSONRPCResponse, exchange: Exchange): Promise<Response> {
  const { asking, source, worksAfterAnswer } = legacy;
  const { session } = exchange;
  if (!isAnswering(body)) return takeAnswer(body, exchange, (thrown) => source.failure('an answer', thrown, exchange));
  const goOn = asking && session ? await asking.take(session.facts.id, body, await session.kept, exchange) : null;
  if (goOn !== null) {
    const work = goOn(source.goesOn(exchange));
    exchange.working.add(work);
    if (!worksAfterAnswer) await work;
  }
  return new Response(null, { status: 202 });
}
