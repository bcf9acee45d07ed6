/** What a client of 2025-11-25 or before sends that is no request: notifications, and answers to requests of the server. */
import { isJSONRPCResponse, type JSONRPCNotification, type JSONRPCResponse } from '@modelcontextprotocol/server';
import { asTidegateError } from '../../base/errors.ts';
import { askableOf } from '../asking/askable.ts';
import type { ClientQuestions } from '../asking/asking.ts';
import { readQuestionId } from '../asking/records.ts';
import type { AnswerDeps } from '../sessions/answer-stream.ts';
import type { SessionFacts } from '../sessions/token.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Quota, Quotas } from '../../store/quotas/quotas.ts';
import type { Exchange } from './exchange.ts';
import type { ServerSource } from './server.ts';
import { takeAnswer } from './legacy-client.ts';
import type { UnderWay } from './under-way.ts';

export interface ClientMessagesDeps {
  source: ServerSource;
  underWay: UnderWay;
  quotas: Quotas;
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

/** Cancellations of which other instances are told: each is an entry of a log that all callers of a tenant share. */
const CANCELLED: Quota = {
  name: 'cancellations',
  of: 'cancellations',
  unit: 'requests',
  each: 1_000,
  all: 10_000,
  lastsMs: 3_600_000,
  span: 'in an hour',
  isLoose: true,
  hint: 'let requests come to their end',
};

/** Longest id of a request that can be cancelled on another instance. */
const MOST_ID_CHARACTERS = 256;

/**
 * A notification changes nothing, but for one that cancels a request of its session: where that is not at work here, the other
 * instances are told. Where it waits for answers, its questions are taken back.
 */
export async function noted(
  deps: ClientMessagesDeps,
  { method, params }: JSONRPCNotification,
  exchange: Exchange,
): Promise<Response> {
  const { session } = exchange;
  const id = (params as { requestId?: unknown } | undefined)?.requestId;
  const isId = typeof id === 'string' ? id.length <= MOST_ID_CHARACTERS : typeof id === 'number';
  if (method === 'notifications/cancelled' && session && isId) {
    await endAtWork(deps, session.facts, id as string | number, exchange);
    // A client that cannot be asked has no request that waits for it.
    if (askableOf(session.facts) !== null) await deps.asking?.cancel(session.facts.id, id, exchange);
  }
  return new Response(null, { status: 202 });
}

/** On whichever instance the request is at work. */
async function endAtWork(
  { underWay, quotas, answers: { runtime, hints } }: ClientMessagesDeps,
  session: SessionFacts,
  id: string | number,
  { principal, account: { store }, deadline }: Exchange,
): Promise<void> {
  const { tenant } = principal;
  // A handler whose client was asked may be at work on another instance than the connection of its request.
  if (underWay.cancel(session.id, id) && askableOf(session) === null) return;
  try {
    await quotas.take(store, CANCELLED, principal, 1);
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    // What is not told goes on to its end, as where a cancellation comes too late.
    return runtime.log('info', `a cancellation is not told to other instances: ${message}`, { code });
  }
  await commitSurely(runtime, store, hints.told(tenant, session.id, id), deadline);
  await hints.trim(store, tenant);
}

/**
 * Ends what waits for answers of a client whose session was ended. The session has ended whatever comes of this: what is missed
 * here waits until its own time is over.
 */
export async function endWaiting(deps: ClientMessagesDeps, session: SessionFacts, exchange: Exchange): Promise<void> {
  if (deps.asking === null || askableOf(session) === null) return;
  try {
    const ended = await deps.asking.cancelAll(session.id, exchange);
    for (const id of ended) await endAtWork(deps, session, id, exchange);
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    deps.answers.runtime.log('warn', `what waits for an ended session goes on: ${message}`, { code });
  }
}

/** Runs the handler of a request that goes on here, until its client gives the request up on whichever instance. */
async function whileWanted(
  { underWay, answers: { runtime, hints } }: ClientMessagesDeps,
  id: string | number,
  { session, principal: { tenant }, account: { store } }: Exchange,
  work: (signal: AbortSignal) => Promise<object>,
): Promise<object> {
  const [over, done] = [new AbortController(), new AbortController()];
  const of = session?.facts.id ?? null;
  const atWork = underWay.begin({ id, session: of, close: async () => over.abort() });
  const cancelled = { store, since: runtime.now(), signal: done.signal, heard: () => over.abort() };
  if (of !== null) hints.onCancelled(tenant, { session: of, id }, cancelled);
  try {
    return await work(over.signal);
  } finally {
    done.abort();
    atWork.done();
  }
}

/** What a client answers to a request of the server. What nobody asked is accepted, and nothing comes of it. */
export async function heard(legacy: ClientMessagesDeps, body: JSONRPCResponse, exchange: Exchange): Promise<Response> {
  const { asking, source, worksAfterAnswer } = legacy;
  const { session } = exchange;
  if (!isAnswering(body)) return takeAnswer(body, exchange, (thrown) => source.failure('an answer', thrown, exchange));
  const goOn = asking && session ? await asking.take(session.facts.id, body, await session.kept, exchange) : null;
  if (goOn !== null) {
    const goesOn = source.goesOn(exchange);
    const work = goOn({
      ...goesOn,
      enter: (request, params, retry) =>
        whileWanted(legacy, request.id, exchange, (signal) => goesOn.enter(request, params, retry, signal)),
    });
    exchange.working.add(work);
    if (!worksAfterAnswer) await work;
  }
  return new Response(null, { status: 202 });
}
