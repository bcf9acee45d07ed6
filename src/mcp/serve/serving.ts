/**
 * Serves a message: finds its era, and turns an error that says to come again later into its HTTP status. The SDK is loaded with
 * the first message that is not plain.
 */
import { INVALID_REQUEST, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { Principal } from '../../base/principal.ts';
import type { McpServing } from '../../calls/events/mcp-serving.ts';
import type { PrincipalNow } from '../../calls/events/rights-watch.ts';
import type { ServedAnswer } from '../../calls/served-answer.ts';
import { UNBOUNDED, withoutRest, type Work } from '../../store/work.ts';
import { askedFor, claimOf, formProblem } from '../wire/message.ts';
import { PROTOCOL_VERSION_META_KEY } from '../wire/meta-keys.ts';
import { createAnswering, type ServerDeps } from './answering.ts';
import type { Eras } from './eras.ts';
import type { Exchange, Refusal } from './exchange.ts';
import { needsOf } from './needs.ts';

/** All that needs the registry. It always has an answer for a GET and a DELETE: where there are no sessions, nobody asks. */
export interface SdkServing extends Omit<McpServing, 'needs' | 'open' | 'end'> {
  needs(body: unknown): readonly string[];
  open: NonNullable<McpServing['open']>;
  end: NonNullable<McpServing['end']>;
  /** Ends the exchanges that are under way. */
  close(): Promise<void>;
}

export function createServing(deps: ServerDeps): SdkServing {
  const answering = createAnswering(deps, null);
  let made: Eras | null = null;
  let isClosed = false;

  /** Each message asks for the module by itself: on Workers none may wait for what another one began. */
  async function eras(): Promise<Eras> {
    if (made !== null) return made;
    const { createEras } = await import('./eras.ts');
    made ??= createEras(deps, answering);
    // While it was loaded nothing was there to be closed.
    if (isClosed) await end(made);
    return made;
  }

  async function serveEra(request: Request, body: unknown, exchange: Exchange): Promise<Response> {
    if (!isModern(body)) {
      const { isLegacy, legacy } = await eras();
      if (await isLegacy(request, body)) return legacy.serve(request, body, exchange);
    }
    const answer = answering.answer(request, body, exchange);
    return answer ?? (await eras()).modern.serve(request, body, exchange);
  }

  async function answered(
    request: Request,
    principal: Principal,
    asked: ServedAnswer['asked'],
    work: Work,
    now: PrincipalNow | null,
    serve: (exchange: Exchange) => Promise<Response> | Response,
  ): Promise<ServedAnswer> {
    const exchange = answering.begin(request, principal, work, now);
    const served = await serve(exchange);
    const { account, working, refusal } = exchange;
    const response = refusal === null ? served : later(served, refusal);
    const ended = working.size === 0 ? null : Promise.allSettled(working);
    return { response, asked, account, ended };
  }

  return {
    async close() {
      isClosed = true;
      answering.close();
      if (made !== null) await end(made);
    },
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
      answered(request, principal, { mcp: 'stream of the session' }, work, now, async (exchange) =>
        (await eras()).legacy.open(request, exchange),
      ),
    end: (request, principal) =>
      answered(request, principal, { mcp: 'end of the session' }, UNBOUNDED, null, async (exchange) =>
        (await eras()).legacy.end(request, exchange),
      ),
  };
}

async function end({ modern, legacy }: Eras): Promise<void> {
  await Promise.all([modern.close(), legacy.close()]);
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

/** A message with a protocol version in its `_meta` is modern, except `initialize`. The SDK decides about the others. */
function isModern(body: unknown): boolean {
  const claimed = claimOf(body, PROTOCOL_VERSION_META_KEY) !== undefined;
  return claimed && (body as { method?: unknown }).method !== 'initialize';
}

/** The SDK sends errors of handlers with status 200. A stream that has begun keeps its status. */
function later(response: Response, { httpStatus, retryAfterMs }: Refusal): Response {
  if (!response.headers.get('content-type')?.startsWith('application/json')) return response;
  const headers = new Headers(response.headers);
  headers.set('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  return new Response(response.body, { status: httpStatus, headers });
}
