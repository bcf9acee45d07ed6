/**
 * Serves a message over the SDK: finds its era, and turns an error that says to come again later into its HTTP status.
 * The endpoint reaches the SDK through this module alone, so that it can be loaded when it is first needed.
 */
import { isLegacyRequest, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import { INVALID_REQUEST, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { Principal } from '../../base/principal.ts';
import type { PrincipalNow } from '../../calls/events/rights-watch.ts';
import type { McpServing } from '../../calls/events/mcp-serving.ts';
import type { ServedAnswer } from '../../calls/served-answer.ts';
import type { Exchange, Refusal } from './exchange.ts';
import { createLegacy } from './legacy.ts';
import { askedFor, claimOf, formProblem } from '../wire/message.ts';
import type { Registry } from '../registry/registry.ts';
import { createHeld, type HeldStreams } from '../listen/held.ts';
import { createListeners } from '../listen/listeners.ts';
import { createOpenings } from '../listen/openings.ts';
import { createListChanges } from '../sessions/list-changes.ts';
import { createResourceUpdates } from '../sessions/resource-updates.ts';
import { changesSubscriptions, createSubscribing } from './subscribing.ts';
import { createModern, type Streaming } from './modern.ts';
import { needsOf } from './needs.ts';
import { createKeptMessages } from '../sessions/kept-messages.ts';
import { createSessionHints } from '../sessions/session-hints.ts';
import { createClientQuestions } from '../asking/asking.ts';
import { createSessions } from '../sessions/sessions.ts';
import { createServerSource, type ServerDeps } from './server.ts';
import { UNBOUNDED, withoutRest, type Work } from '../../store/work.ts';

/** The same over the SDK. It always has an answer for a GET and a DELETE: where there are no sessions, nobody asks. */
export interface SdkServing extends Omit<McpServing, 'needs' | 'open' | 'end'> {
  needs(body: unknown): readonly string[];
  open: NonNullable<McpServing['open']>;
  end: NonNullable<McpServing['end']>;
  /** Ends the exchanges that are under way. */
  close(): Promise<void>;
}

export function createServing(deps: ServerDeps): SdkServing {
  const sessions = deps.sessionSealer ? createSessions(deps.runtime, deps.sessionSealer) : null;
  const { runtime, outlivesClients = true, worksAfterAnswer = true, late = null } = deps;
  const { streamMs = STREAM_MS, deadlineOf } = deps;
  const reads = deps.listening?.bounds.reads ?? null;
  const hints = createSessionHints(runtime, deps.watch, reads);
  const kept = createKeptMessages(runtime, hints);
  const asking = sessions && createClientQuestions({ runtime, messages: kept, late, sessions });
  const source = createServerSource(deps, null, asking);
  const { listening } = deps;
  const told = listening ? { ...listening, runtime, registryOf: deps.registryOf } : null;
  const changes = told ? [createListChanges(told), createResourceUpdates(told)] : [];
  const canSubscribe = sessions !== null && told !== null && streamMs > 0;
  const held = listening ? createHeld(runtime, deps.store, listening.bounds) : null;
  const streaming = listening && held ? streamingOf(deps, listening, held) : null;
  const modern = createModern(deps.registry, source, deps.runtime.log, streaming);
  const legacy = createLegacy({
    source,
    sessions,
    streamsUntil: (request) =>
      Math.min(runtime.now() + (streamMs || STREAM_MS), deadlineOf?.(request) ?? Number.POSITIVE_INFINITY),
    answers: { runtime, kept, hints, reads },
    standing: streamMs > 0 ? [...(deps.standing ?? []), ...changes] : null,
    enter: () => held?.enter() ?? nothing,
    subscribing: canSubscribe
      ? createSubscribing({
          sessions,
          hints,
          now: () => runtime.now(),
          failure: (...failed) => source.failure(...failed),
        })
      : null,
    outlivesClients,
    worksAfterAnswer,
    asking,
    isReading: (body) => isReading(deps.registry, body),
  });

  async function serveEra(request: Request, body: unknown, exchange: Exchange): Promise<Response> {
    return (await isLegacy(request, body))
      ? legacy.serve(request, body, exchange)
      : modern.serve(request, body, exchange);
  }

  async function answered(
    request: Request,
    principal: Principal,
    asked: ServedAnswer['asked'],
    work: Work,
    now: PrincipalNow | null,
    serve: (exchange: Exchange) => Promise<Response> | Response,
  ): Promise<ServedAnswer> {
    const exchange = source.begin(request, principal, work, now);
    const served = await serve(exchange);
    const { account, working, refusal } = exchange;
    const response = refusal === null ? served : later(served, refusal);
    const ended = working.size === 0 ? null : Promise.allSettled(working);
    return { response, asked, account, ended };
  }

  return {
    close: async () => void (await Promise.all([modern.close(), legacy.close()])),
    needs: (body) => needsOf(deps.registry, body),
    serve(request, body, principal, work = UNBOUNDED, now = null) {
      const isLong = Array.isArray(body) && body.length > MOST_WAITING;
      return answered(
        request,
        principal,
        askedFor(body),
        isLong ? withoutRest(work) : work,
        now,
        (exchange) => outOfForm(body) ?? serveEra(request, body, exchange),
      );
    },
    open: (request, principal, work = UNBOUNDED, now = null) =>
      answered(request, principal, { mcp: 'stream of the session' }, work, now, (exchange) =>
        legacy.open(request, exchange),
      ),
    end: (request, principal) =>
      answered(request, principal, { mcp: 'end of the session' }, UNBOUNDED, null, (exchange) =>
        legacy.end(request, exchange),
      ),
  };
}

function streamingOf(
  { runtime, registry }: ServerDeps,
  { watch, bounds }: NonNullable<ServerDeps['listening']>,
  held: HeldStreams,
): Streaming {
  return {
    listeners: createListeners({ runtime, watch, held, bounds, registry }),
    openings: createOpenings(runtime, held, bounds),
    close: () => held.close(),
  };
}

function nothing(): void {}

/** How long a stream of a session stays open, ms, where the host says nothing else. */
const STREAM_MS = 3_600_000;

/** Of a batch nothing is said. */
function isReading({ tools }: Registry, body: unknown): boolean {
  const { method, params } = (body ?? {}) as { method?: unknown; params?: { name?: unknown } };
  if (typeof method !== 'string') return false;
  if (method !== 'tools/call') return method !== 'logging/setLevel' && !changesSubscriptions(method);
  return typeof params?.name === 'string' && tools.isReadOnly(params.name);
}

/** In a batch of more messages nothing waits: what is there is answered. */
const MOST_WAITING = 4;

/** The refusal of one message that is none. Each of a batch is judged by itself, later. */
function outOfForm(body: unknown): Response | null {
  const expected = Array.isArray(body) ? null : formProblem(body);
  if (expected === null) return null;
  const data = { code: 'invalid_input', expected };
  return rpcErrorResponse(400, { code: INVALID_REQUEST, message: 'Not a JSON-RPC message', data }, body);
}

/**
 * A message with a protocol version in its `_meta` is modern, except `initialize`. The SDK decides about the others.
 */
function isLegacy(request: Request, body: unknown): boolean | Promise<boolean> {
  const claimed = claimOf(body, PROTOCOL_VERSION_META_KEY) !== undefined;
  if (claimed && (body as { method?: unknown }).method !== 'initialize') return false;
  return isLegacyRequest(request, body);
}

/** The SDK sends errors of handlers with status 200. A stream that has begun keeps its status. */
function later(response: Response, { httpStatus, retryAfterMs }: Refusal): Response {
  if (!response.headers.get('content-type')?.startsWith('application/json')) return response;
  const headers = new Headers(response.headers);
  headers.set('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  return new Response(response.body, { status: httpStatus, headers });
}
