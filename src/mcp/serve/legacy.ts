/**
 * 2025-11-25 and earlier: each message is served by itself, whichever instance it reaches. A client may have a session
 * (`sessions.ts`), and needs none but to set a level of log messages and to subscribe to resources. A request is answered
 * as JSON, or as SSE where the handler sends something before its answer.
 */
import { sentJsonResponse } from '../../base/json.ts';
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCRequest,
} from '@modelcontextprotocol/server';
import { CLIENT_GONE, ENDING } from '../wire/errors.ts';
import { INVALID_PARAMS, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { McpLogLevel } from '../../declare/context.ts';
import type { Exchange } from './exchange.ts';
import { type AnswerDeps, type GivenUp, GivenUpError, openAnswer } from '../sessions/answer-stream.ts';
import { createAnswerTransport } from '../sessions/answer-transport.ts';
import { SESSION_HEADER, type Sessions } from '../sessions/sessions.ts';
import { gone, invalid, needsSession, unknownVersion, withSession } from '../sessions/answers.ts';
import { createStreams, type StreamsDeps } from './streams.ts';
import { type ClientMessagesDeps, endWaiting, heard, isAnswering, noted } from './client-messages.ts';
import { changesSubscriptions, type createSubscribing } from './subscribing.ts';
import { serveBatch } from '../sessions/batch.ts';
import { CHECKED, initializes } from '../wire/legacy-checks.ts';
import { createQuotas } from '../../store/quotas/quotas.ts';
import { createUnderWay } from './under-way.ts';
import type { Params } from '../wire/params.ts';
import { LEGACY_VERSIONS } from '../wire/versions.ts';

export interface LegacyServing {
  serve(request: Request, body: unknown, exchange: Exchange): Promise<Response>;
  /** Answers a GET: a stream of the session. */
  open(request: Request, exchange: Exchange): Promise<Response>;
  /** Answers a DELETE. */
  end(request: Request, exchange: Exchange): Promise<Response>;
  close(): Promise<void>;
}

/** What all messages are served with. */
interface Legacy extends ClientMessagesDeps {
  sessions: Sessions | null;
  answers: AnswerDeps;
  /** Whether requests go on without their clients. */
  outlivesClients: boolean;
  /** Answers `resources/subscribe` and `resources/unsubscribe`; null: nobody could be told. */
  subscribing: ReturnType<typeof createSubscribing> | null;
}

interface LegacyDeps
  extends
    StreamsDeps,
    Omit<ClientMessagesDeps, 'underWay' | 'quotas'>,
    Pick<Legacy, 'outlivesClients' | 'subscribing'> {
  /** Whether a message has no effects. */
  isReading: (body: unknown) => boolean;
}

export function createLegacy({ isReading, ...deps }: LegacyDeps): LegacyServing {
  const { source, sessions, answers } = deps;
  const { hints } = answers;
  const quotas = createQuotas(answers.runtime);
  const legacy: Legacy = { ...deps, quotas, underWay: createUnderWay(deps.outlivesClients) };
  const streams = createStreams(deps);
  const failed = (thrown: unknown, method: string, exchange: Exchange, body: unknown) =>
    rpcErrorResponse(200, source.failure(method, thrown, exchange), body);

  return {
    async serve(request, body, exchange) {
      const text = initializes(body) ? null : request.headers.get(SESSION_HEADER);
      if (sessions === null || text === null) return serveAll(legacy, request, body, exchange);
      try {
        const session = await sessions.open(text, exchange.principal);
        if (session === null) return gone(body);
        const isHarmless = isReading(body);
        const kept = isAsking(body) ? sessions.read(session, exchange, isHarmless) : null;
        kept?.catch(() => {});
        exchange.session = { facts: session, kept: kept ?? UNREAD };
        // What changes nothing is worked on meanwhile; nothing is sent before it is known that the session was not ended.
        if (kept !== null && !isHarmless && (await kept) === null) return gone(body);
        const response = await serveAll(legacy, request, body, exchange);
        if (kept !== null && (await kept) === null) return withoutAnswer(response, exchange, body);
        if (!session.isOld || !response.ok) return response;
        return withSession(response, await sessions.renew(session, exchange.principal));
      } catch (thrown) {
        return failed(thrown, 'the session', exchange, body);
      }
    },
    async open(request, exchange) {
      try {
        return await streams(request, exchange);
      } catch (thrown) {
        return failed(thrown, 'a stream of the session', exchange, null);
      }
    },
    async end(request, exchange) {
      const text = request.headers.get(SESSION_HEADER);
      if (sessions === null || text === null) return needsSession('DELETE', null);
      try {
        const session = await sessions.open(text, exchange.principal);
        if (
          session === null ||
          !(await sessions.end(session, exchange, hints.told(exchange.principal.tenant, session.id)))
        )
          return gone(null);
        await endWaiting(legacy, session, exchange);
        return new Response(null, { status: 204 });
      } catch (thrown) {
        return failed(thrown, 'the end of a session', exchange, null);
      }
    },
    close: () => legacy.underWay.close(),
  };
}

/** The session was ended, so what was read for it is not sent. */
function withoutAnswer(response: Response, exchange: Exchange, body: unknown): Response {
  void response.body?.cancel().catch(() => {});
  exchange.refusal = null;
  return gone(body);
}

/** The version that the SDK answers `initialize` with. */
function agreedOn({ protocolVersion: asked }: Params): string {
  const [newest = ''] = LEGACY_VERSIONS;
  return typeof asked === 'string' && LEGACY_VERSIONS.includes(asked) ? asked : newest;
}

/** Of a session that nothing is looked up of. */
const UNREAD = Promise.resolve(null);

/** Notifications of clients, and answers to nothing, are not worth a call to the store. */
function isAsking(body: unknown): boolean {
  return Array.isArray(body) ? body.some(isAskingOne) : isAskingOne(body);
}

function isAskingOne(body: unknown): boolean {
  return isJSONRPCRequest(body) || isAnswering(body);
}

function serveAll(legacy: Legacy, request: Request, body: unknown, exchange: Exchange): Promise<Response> {
  const serve = (message: unknown, isBatched: boolean) => serveOne(legacy, request, message, exchange, isBatched);
  return Array.isArray(body) ? serveBatch(body, (message) => serve(message, true)) : serve(body, false);
}

/** A client that does not say takes everything. One that takes no events gets no progress and no log messages. */
function takesEventStream(accept: string | null): boolean {
  return accept === null || accept.includes('text/event-stream');
}

async function serveOne(
  legacy: Legacy,
  request: Request,
  body: unknown,
  exchange: Exchange,
  isBatched: boolean,
): Promise<Response> {
  const { sessions } = legacy;
  if (isJSONRPCNotification(body)) return noted(legacy, body, exchange);
  if (isJSONRPCResponse(body)) return heard(legacy, body, exchange);
  if (!isJSONRPCRequest(body)) return invalid('Not a JSON-RPC message', body);
  const unknown = body.method === 'initialize' ? null : unknownVersion(request, body);
  if (unknown !== null) return unknown;
  const issue = CHECKED.get(body.method)?.(body);
  if (issue) {
    const data = { code: 'invalid_input', ...issue };
    return rpcErrorResponse(200, { code: INVALID_PARAMS, message: `${issue.field} is missing or wrong`, data }, body);
  }
  if (sessions && body.method === 'logging/setLevel') return setLevel(sessions, body, exchange);
  if (legacy.subscribing && changesSubscriptions(body.method)) return legacy.subscribing(body, exchange);
  // The client went away before anything began.
  if (request.signal.aborted) return givenUp('gone', body);
  try {
    const response = await answered(legacy, request, body, exchange, isBatched);
    if (!sessions || !initializes(body)) return response;
    const params = body.params ?? {};
    return withSession(response, await sessions.begin(params, agreedOn(params), exchange.principal));
  } catch (error) {
    if (!(error instanceof GivenUpError)) throw error;
    return givenUp(error.why, body);
  }
}

/**
 * A cancelled request has no response, and its client expects none: 202 is what every client takes for that. Who waits for one
 * that the host could not end hears so. Whoever went away reads nothing, and proxies log the status.
 */
function givenUp(why: GivenUp, body: JSONRPCRequest): Response {
  if (why === 'ending') return rpcErrorResponse(200, ENDING, body);
  return new Response(null, { status: why === 'cancelled' ? 202 : CLIENT_GONE });
}

/** The answer of the SDK's server, as JSON or events. One of a batch is JSON. */
async function answered(
  legacy: Legacy,
  request: Request,
  body: JSONRPCRequest,
  exchange: Exchange,
  isBatched: boolean,
): Promise<Response> {
  const { source, underWay, answers, outlivesClients } = legacy;
  const server = await source.factory({ era: 'legacy', requestInfo: request });
  const session = exchange.session?.facts ?? null;
  const over = new AbortController();
  const closed = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve(), { once: true }));
  const work = underWay.begin({ id: body.id, session: session?.id ?? null, close: (why) => transport.giveUp(why) });
  const gone = () => work.gone();
  const takesEvents = !isBatched && takesEventStream(request.headers.get('accept'));
  const answer = openAnswer(answers, { id: body.id, session, call: exchange, takesEvents, outlivesClients, gone });
  if (!isBatched) exchange.stream = answer;
  const transport = createAnswerTransport(answer, () => {
    work.done();
    over.abort();
    request.signal.removeEventListener('abort', gone);
  });
  request.signal.addEventListener('abort', gone, { once: true });
  await server.connect(transport);
  transport.receive(body, request);
  if (session !== null)
    void listenForCancel(legacy, body, exchange, over.signal, () => void transport.giveUp('cancelled'));
  const response = await answer.response;
  // What is streamed is kept behind its handler.
  if (isStream(response) && !over.signal.aborted) exchange.working.add(closed);
  return response;
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type') === 'text/event-stream';
}

/** A request that is at work for so long listens for its cancellation, ms. Most are done by then. */
const LISTENS_AFTER_MS = 1_000;

/** Hears on whichever instance a client gives a request up. */
async function listenForCancel(
  { answers: { runtime, hints } }: Legacy,
  { id }: JSONRPCRequest,
  { session, principal: { tenant }, account: { store } }: Exchange,
  signal: AbortSignal,
  heard: () => void,
): Promise<void> {
  const since = runtime.now();
  await runtime.sleep(LISTENS_AFTER_MS, signal);
  if (signal.aborted || session === null) return;
  hints.onCancelled(tenant, { session: session.facts.id, id }, { store, since, signal, heard });
}

async function setLevel(sessions: Sessions, body: JSONRPCRequest, exchange: Exchange): Promise<Response> {
  if (exchange.session === null) return needsSession(body.method, body);
  const session = await exchange.session.kept;
  const { level } = body.params as { level: McpLogLevel };
  if (session === null || !(await sessions.change(session, (kept) => ({ ...kept, level }), exchange)))
    return gone(body);
  return sentJsonResponse({ jsonrpc: '2.0', id: body.id, result: {} });
}
