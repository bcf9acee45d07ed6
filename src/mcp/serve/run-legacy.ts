/**
 * Runs a request of 2025-11-25 or before. What a handler asks is asked of its client by requests of the server: over a pipe
 * within the request, over HTTP in its session, where whichever instance hears the answers goes on.
 */
import type { JSONRPCRequest, Server, ServerContext } from '@modelcontextprotocol/server';
import type { Json, JsonObject } from '../../base/json.ts';
import { isPublic } from '../../base/principal.ts';
import { isInputRequired } from '../../calls/question-round.ts';
import type { Retry } from '../../calls/request-state.ts';
import { askableIn, askableOf } from '../asking/askable.ts';
import type { ClientQuestions } from '../asking/asking.ts';
import type { AskedRequest } from '../asking/records.ts';
import { forRevision, UNSAID_VERSION } from '../wire/revisions.ts';
import { callerOf, unheard } from './caller.ts';
import { dispatch } from './dispatch.ts';
import type { Exchange } from './exchange.ts';
import { clientOverHttp } from './legacy-client.ts';
import { askOverPipe, withPipeAnswers } from './pipe-questions.ts';

/** What a request holds while it waits for its client, beside its connection. */
const WAITING_BYTES = 16_384;

interface LegacyRun {
  /** Null: over HTTP nobody is asked. */
  asking: ClientQuestions | null;
  /** When the platform ends a request, epoch ms; null: it does not. */
  deadlineOf: (request: Request) => number | null;
  newId: () => string;
  /** Of a pipe: as `ServerDeps`. */
  connection: string | null;
  /** By when a request has to be answered that is entered now, epoch ms. */
  deadline: () => number;
}

export async function runLegacy(
  request: JSONRPCRequest,
  context: ServerContext,
  exchange: Exchange,
  server: Server,
  { asking, deadlineOf, newId, connection, deadline }: LegacyRun,
): Promise<object> {
  const { http } = context;
  if (!http) return runOverPipe(request, context, exchange, server, { connection, deadline });
  const { session, stream: own } = exchange;
  const version = http.req?.headers.get('mcp-protocol-version') ?? session?.facts.version ?? UNSAID_VERSION;
  const stream = asking && own?.canAsk ? own : null;
  const clientCapabilities = stream && session ? askableOf(session.facts) : null;
  const client = clientOverHttp(context, exchange, version, newId);
  const caller = callerOf(context, exchange, { clientCapabilities, retry: null, client, kept: session?.kept });
  // What the request sends comes before its answer.
  const [result, kept] = await Promise.all([dispatch(exchange.registry, request, caller, true), session?.kept]);
  if (!asking || !session || !stream || !isInputRequired(result)) return forRevision(result, version);
  const answer = await asking.ask(
    {
      request: { id: request.id, method: request.method, version },
      params: (request.params ?? {}) as JsonObject,
      required: result,
      session: session.facts.id,
      client: kept ?? null,
      stream,
      endsAt: http.req ? deadlineOf(http.req) : null,
      mayWait: exchange.account.work.rest(WAITING_BYTES),
      progress: caller.waits,
    },
    exchange,
  );
  // It is on the stream already, or nobody reads it: what is returned then goes nowhere.
  if (answer === null) await server.close();
  return forRevision(answer ?? {}, version);
}

async function runOverPipe(
  request: JSONRPCRequest,
  context: ServerContext,
  exchange: Exchange,
  server: Server,
  { connection: session, deadline }: Pick<LegacyRun, 'connection' | 'deadline'>,
) {
  const version = server.getNegotiatedProtocolVersion() ?? UNSAID_VERSION;
  const clientCapabilities = askableIn(server.getClientCapabilities(), version);
  const ask = clientCapabilities === null ? null : askOverPipe(server, context);
  const client = { version, session, isKnown: true, askable: clientCapabilities, gone: context.mcpReq.signal, ask };
  const result = await withPipeAnswers(server, context, { version, connection: session }, async (retry) => {
    // How long a person thinks about a question is no time of the handler.
    const given = retry === null ? exchange : { ...exchange, deadline: deadline() };
    const caller = callerOf(context, given, { clientCapabilities, retry, client });
    return dispatch(exchange.registry, request, caller, true);
  });
  return forRevision(result, version);
}

/** Enters the handler of a request again, at the instance that the last of its answers came to. */
export async function enterAgain(
  { id, method, version }: AskedRequest,
  params: Json,
  retry: Retry,
  exchange: Exchange,
  signal?: AbortSignal,
): Promise<object> {
  const clientCapabilities = exchange.session && askableOf(exchange.session.facts);
  const { _meta: meta } = params as { _meta?: unknown };
  const heard = unheard(meta, signal);
  const session = exchange.session?.facts.id ?? null;
  const isKnown = !isPublic(exchange.principal);
  const client = { version, session, isKnown, askable: clientCapabilities, gone: heard.mcpReq.signal, ask: null };
  const caller = callerOf(heard, exchange, { clientCapabilities, retry, client });
  const request = { jsonrpc: '2.0' as const, id, method, params: params as JSONRPCRequest['params'] };
  return forRevision(await dispatch(exchange.registry, request, caller, true), version);
}
