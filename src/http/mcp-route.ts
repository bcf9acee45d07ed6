/** The route `/mcp`: it refuses in JSON-RPC's form what cannot be a message. */
import { TidegateError } from '../base/errors.ts';
import type { Audit } from '../streams/audit.ts';
import { isOwner, type Principal } from '../base/principal.ts';
import { isUnrestricted, missingScopes } from '../base/scopes.ts';
import type { McpServing } from '../calls/events/mcp-serving.ts';
import type { PrincipalNow } from '../calls/events/rights-watch.ts';
import { type EventDialect, INVALID_REQUEST, PARSE_ERROR } from '../base/json-rpc.ts';
import { isPromise, whenKnown } from '../base/time/when-known.ts';
import type { ServedAnswer } from '../calls/served-answer.ts';
import type { Authenticate } from './authenticate.ts';
import type { Bodies } from './bodies/bodies.ts';
import { readJson } from './bodies/message-body.ts';
import type { Challenges } from './challenge.ts';
import { type Edge, NO_EDGE, overloaded } from './edge.ts';
import { insufficientScope, mcpError, refusedForNow, refusedOrigin } from './mcp-refusals.ts';
import type { OriginGuard } from './origin.ts';
import type { CountRequest } from './request-limit.ts';

interface McpRoute {
  /** @param report is called with what the log says of a message that was served */
  post(request: Request, report: (answer: ServedAnswer) => void, edge?: Edge): Promise<Response>;
  /** OPTIONS of a page that may not send, and of what is no page. Preflights of others are answered before. */
  options(request: Request): Response;
  /** A stream of a session; 405 where there are none. @param report as that of `post` */
  open(request: Request, report: (answer: ServedAnswer) => void, edge?: Edge): Promise<Response>;
  /** 405 where there are no sessions. @param report as that of `post` */
  remove(request: Request, report: (answer: ServedAnswer) => void): Promise<Response>;
  /** Refuses a request before it was looked at; with the status and the `Retry-After` of `problemResponse`. */
  refuse(error: TidegateError): Response;
  /**
   * 405. Who brings no credential, or a key that is not taken, hears that instead, since clients that fall back to GET show a person the
   * last answer.
   */
  otherMethod(request: Request): Promise<Response>;
}

const TITLES = {
  text: 'Parse error',
  id: 'The id cannot be repeated',
  size: 'The body is too large',
  time: 'The body did not come in time',
  room: 'Too many bodies are on their way',
  headers: 'Unsupported media type',
} as const;

/** So many bodies may come for each request that may be under way. */
const COMING = 4;

/** What the route is made of beside what serves MCP. */
interface McpRouteParts {
  guard: OriginGuard;
  authenticate: Authenticate;
  /** Asks again of a request that stays open, which is counted already. */
  authenticateAgain: Authenticate;
  /** Largest body. */
  limitBytes: number;
  bodies: Bodies;
  mostRequests: number;
  challenges: Challenges;
  /** Codes of errors of the events extension. */
  eventCodes: EventDialect;
  audit: Audit | undefined;
  /** Null: nobody counts. */
  count: CountRequest | null;
}

export function createMcpRoute(mcp: McpServing, parts: McpRouteParts): McpRoute {
  const { guard, authenticate, authenticateAgain, bodies, mostRequests, challenges, audit, count } = parts;
  // Of platforms that hand over no share of the process. Bodies that come are counted apart, so that slow ones take no place of those
  // that have come; a streamed answer counts until its handler is done.
  let coming = 0;
  let underWay = 0;
  const { open, end } = mcp;
  const allowed = end ? 'GET, POST, DELETE, OPTIONS' : 'POST, OPTIONS';

  /** Who sends, or the response that refuses. */
  function judged(request: Request): ReturnType<Authenticate> {
    const refusal = guard.refusal(request);
    return refusal === null ? authenticate(request) : refusedOrigin(refusal);
  }

  function nowOf(request: Request, opened: Principal): PrincipalNow {
    return async () => {
      const found = await authenticateAgain(request);
      if (!(found instanceof Response)) return isOwner(found, opened) ? found : null;
      if (found.status < 500 && found.status !== 429) return null;
      throw new TidegateError('upstream', 'who calls cannot be found out now');
    };
  }

  /** A batch counts as its messages do, of which the request itself was the first. All of it is refused, or nothing. */
  function countBatch(body: unknown, principal: Principal): ReturnType<CountRequest> {
    const more = Array.isArray(body) ? body.length - 1 : 0;
    return more > 0 && count !== null ? count(principal, more) : null;
  }

  /** Null: the caller may send the message. Of a caller that nothing restricts nothing is looked at. */
  function scopeRefusal(
    request: Request,
    body: unknown,
    principal: Principal,
  ): Response | null | Promise<Response | null> {
    const { scopes } = principal;
    if (isUnrestricted(scopes)) return null;
    return whenKnown(mcp.needs(body), (needed) =>
      missingScopes(scopes, needed).length === 0 ? null : insufficientFor(request, body, principal, needed),
    );
  }

  async function insufficientFor(
    request: Request,
    body: unknown,
    principal: Principal,
    needed: readonly string[],
  ): Promise<Response> {
    await audit?.refused(principal, { target: needed.toSorted().join(' '), code: 'insufficient_scope' });
    return insufficientScope(challenges.insufficientScope(request, needed), needed, body, parts.eventCodes);
  }

  async function otherMethod(request: Request): Promise<Response> {
    // A client that renews its token here and at POST at the same time may lose both: issuers take a refresh token once.
    const isRenewed = challenges.hasIssuer && request.headers.has('authorization');
    const principal = isRenewed ? null : await judged(request);
    if (principal instanceof Response) return principal;
    const response = mcpError(405, INVALID_REQUEST, 'Method not allowed', {
      expected: end ? 'GET, POST, DELETE' : 'POST',
    });
    response.headers.set('Allow', allowed);
    return response;
  }

  return {
    async post(request, report, { body: source, work, goesOn } = NO_EDGE) {
      const judging = judged(request);
      const principal = isPromise(judging) ? await judging : judging;
      if (principal instanceof Response) return principal;
      const isCounted = work === undefined;
      const isFull = () => isCounted && underWay >= mostRequests;
      if (isFull() || (isCounted && coming >= COMING * mostRequests)) return refusedForNow(overloaded());
      let ended: Promise<unknown> | null = null;
      let hasCome = false;
      if (isCounted) coming += 1;
      try {
        const body = await readJson(bodies, request, parts.limitBytes, source, work);
        if (isFull()) return refusedForNow(overloaded());
        hasCome = true;
        if (isCounted) {
          coming -= 1;
          underWay += 1;
        }
        if (!body.ok) {
          if (body.fault === 'room') return refusedForNow(overloaded(), body.expected);
          const code = body.fault === 'text' ? PARSE_ERROR : INVALID_REQUEST;
          return mcpError(body.status, code, TITLES[body.fault], { expected: body.expected });
        }
        const counting = countBatch(body.value, principal);
        const tooMany = counting === null ? null : await counting;
        if (tooMany) return refusedForNow(tooMany);
        const looking = scopeRefusal(request, body.value, principal);
        const refusal = isPromise(looking) ? await looking : looking;
        if (refusal !== null) return refusal;
        const answer = await mcp.serve(request, body.value, principal, work, nowOf(request, principal));
        report(answer);
        ({ ended } = answer);
        if (ended !== null) goesOn?.(ended);
        return answer.response;
      } catch (thrown) {
        if (thrown instanceof TidegateError && thrown.code === 'overloaded') return refusedForNow(thrown);
        throw thrown;
      } finally {
        if (isCounted && !hasCome) coming -= 1;
        else if (isCounted) void (ended ?? Promise.resolve()).then(() => (underWay -= 1));
        else if (ended !== null) void ended.then(() => work.answered?.());
      }
    },
    async open(request, report, { work } = NO_EDGE) {
      // What asks for a head alone would hold a stream that it does not read.
      if (open === null || request.method !== 'GET') return otherMethod(request);
      const principal = await judged(request);
      if (principal instanceof Response) return principal;
      if (work === undefined && underWay >= mostRequests) return refusedForNow(overloaded());
      if (work === undefined) underWay += 1;
      let ended: Promise<unknown> | null = null;
      try {
        const answer = await open(request, principal, work, nowOf(request, principal));
        report(answer);
        ({ ended } = answer);
        return answer.response;
      } catch (thrown) {
        if (thrown instanceof TidegateError && thrown.code === 'overloaded') return refusedForNow(thrown);
        throw thrown;
      } finally {
        if (work === undefined) void (ended ?? Promise.resolve()).then(() => (underWay -= 1));
        else if (ended !== null) void ended.then(() => work.answered?.());
      }
    },
    async remove(request, report) {
      if (end === null) return otherMethod(request);
      const principal = await judged(request);
      if (principal instanceof Response) return principal;
      const answer = await end(request, principal);
      report(answer);
      return answer.response;
    },
    options(request) {
      const refusal = guard.refusal(request);
      return refusal === null
        ? new Response(null, { status: 204, headers: { Allow: allowed } })
        : refusedOrigin(refusal);
    },
    refuse: refusedForNow,
    otherMethod,
  };
}
