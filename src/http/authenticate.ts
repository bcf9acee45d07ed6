/**
 * Finds out who sends a request. Every route that serves data asks once, before it reads a body, and passes the
 * principal on. Nothing below the routes finds out for itself.
 */
import { createFailures } from '../auth/audit/failures.ts';
import type { Identified, Identifier } from '../auth/identify.ts';
import type { Audit } from '../streams/audit.ts';
import { asTidegateError, TidegateError } from '../base/errors.ts';
import { checkPrincipal, fixedPrincipal, isFixed, type Principal, PUBLIC, safePrincipal } from '../base/principal.ts';
import type { JsonObject } from '../base/json.ts';
import type { Log, LogLevel, Runtime } from '../base/runtime.ts';
import { publishScope } from '../base/scopes.ts';
import { inTime } from '../base/time/in-time.ts';
import { isPromise, whenKnown } from '../base/time/when-known.ts';
import type { Challenges } from './challenge.ts';
import { unauthorizedResponse, unidentifiedResponse } from './problem.ts';

/** Answers who sends the request, or the response that refuses it. It may read headers and the URL, never the body. */
export type Authenticate = (request: Request) => Principal | Response | Promise<Principal | Response>;

/** Without authentication: whoever calls is the public principal. */
export const openToEveryone: Authenticate = () => PUBLIC;

/**
 * By the credential in `Authorization: Bearer`, and by nothing else. What cannot be checked is refused. Of refusals for one reason the
 * first in a minute is a line of the log, with the count of those since the last line.
 * @param identifiers the ways by which callers are known, in the order in which they are asked
 */
export function createAuthenticate(
  identifiers: readonly Identifier[],
  challenges: Challenges,
  runtime: Pick<Runtime, 'now' | 'log'>,
): Authenticate {
  const refusals = createFailures(runtime);
  function tell(level: LogLevel, message: string, fields: JsonObject): void {
    const times = refusals.count(null, 'log', message, level);
    if (times > 0) runtime.log(level, message, times > 1 ? { ...fields, times } : fields);
  }

  function answer(request: Request, mode: Identifier['mode'], identified: Identified): Principal | Response {
    if (identified.ok) return identified.principal;
    tell('info', `a request is refused: ${identified.reason}`, { mode });
    return challenges.unauthorized(request, true, identified.told);
  }

  function failed(mode: Identifier['mode'], thrown: unknown): Response {
    const error = asTidegateError(thrown);
    tell('error', `who calls cannot be found out: ${error.message}`, { mode, code: error.code });
    return unidentifiedResponse(error);
  }

  return (request) => {
    const credential = bearerOf(request);
    if (credential === null) return unreadable(request, challenges);
    const identifier = identifiers.find((each) => each.takes(credential));
    if (!identifier) {
      const modes = identifiers.map((each) => each.mode).join(',');
      tell('info', 'a request is refused: its credential has the form of none that is taken', { mode: modes });
      return challenges.unauthorized(request, true);
    }
    const { mode } = identifier;
    try {
      const found = whenKnown(identifier.identify(credential), (identified) => answer(request, mode, identified));
      return isPromise(found) ? found.catch((thrown: unknown) => failed(mode, thrown)) : found;
    } catch (thrown) {
      return failed(mode, thrown);
    }
  };
}

/** Whoever uses another scheme may not know that one is needed, and is told no error (RFC 6750, 3.1). */
function unreadable(request: Request, challenges: Challenges): Response {
  const [, given = null] = /^Bearer\b *(.*)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (given === null || given === '') return challenges.unauthorized(request, given !== null);
  return challenges.malformed(request);
}

/**
 * Whoever brings the token of a stream, or signs with a secret of it: it may publish to that stream, and nothing else. Each stream
 * has one of its own, so that none uses up what another may send.
 */
export function pusherOf(stream: string): Principal {
  return { ...PUBLIC, subject: `push:${stream}`, scopes: [publishScope(stream)] };
}

/**
 * The same, with safe names: every principal that a request brings comes through here, whoever answered it. What is no whole
 * principal is nobody, and is refused. A principal that nobody can change any more is looked at once, and answered as the same
 * object each time, so that what is made of it below is made once too.
 */
export function withSafeNames(authenticate: Authenticate, log: Log): Authenticate {
  const known = new WeakMap<Principal, Principal>();

  async function safe(found: Principal): Promise<Principal | Response> {
    try {
      checkPrincipal(found);
      const principal = fixedPrincipal(await safePrincipal(found));
      if (isFixed(found)) known.set(found, principal);
      return principal;
    } catch (thrown) {
      const error = asTidegateError(thrown);
      if (error.code !== 'invalid_input') throw error;
      log('warn', `a request is refused: of its principal the ${error.message}`, { field: error.field });
      return unauthorizedResponse();
    }
  }

  return (request) =>
    whenKnown(authenticate(request), (found) =>
      found instanceof Response ? found : (known.get(found) ?? safe(found)),
    );
}

/** Longest time in which it is found out who calls, ms. */
const IDENTIFY_MS = 30_000;

/** The same, answered within 30 s: 503 where `authenticate` is not done by then. What it answers later is dropped. */
export function withTimeLimit(
  authenticate: Authenticate,
  runtime: Pick<Runtime, 'now' | 'sleep' | 'log'>,
): Authenticate {
  const overdue = createFailures(runtime);

  function answered(found: Promise<Principal | Response>): Promise<Principal | Response> {
    const error = new TidegateError('cancelled', `authenticate did not answer within ${IDENTIFY_MS / 1_000} s`);
    const limit = { overAt: runtime.now() + IDENTIFY_MS, over: () => error, late: () => {} };
    return inTime(runtime, found, limit).catch((thrown: unknown) => {
      if (thrown !== error) throw thrown;
      const times = overdue.count(null, 'log', error.message, 'error');
      const line = `who calls cannot be found out: ${error.message}`;
      if (times > 0) runtime.log('error', line, { code: error.code, times });
      return unidentifiedResponse(error);
    });
  }

  return (request) => {
    const found = authenticate(request);
    return isPromise(found) ? answered(found) : found;
  };
}

/** The same, with those that it refuses on record. */
export function withRefusalsNoted(authenticate: Authenticate, audit: Audit | undefined): Authenticate {
  if (!audit) return authenticate;

  async function noted(refusal: Response): Promise<Response> {
    await audit?.refused(null, { target: 'who calls', code: refusal.status === 403 ? 'forbidden' : 'unauthorized' });
    return refusal;
  }

  return (request) =>
    whenKnown(authenticate(request), (found) =>
      found instanceof Response && found.status < 500 ? noted(found) : found,
    );
}

const LOGIN_COOKIE = /(?:^|; *)(?:__Host-)?tidegate-login=/;

/** The credential in `Authorization` comes first. Without one, a login cookie says who sends the request. */
export function orByCookie(authenticate: Authenticate, byCookie: Authenticate): Authenticate {
  return (request) => {
    const { headers } = request;
    const isLogin = !headers.has('authorization') && LOGIN_COOKIE.test(headers.get('cookie') ?? '');
    return isLogin ? byCookie(request) : authenticate(request);
  };
}

/** The credential of `Authorization: Bearer`; null where there is none in that form. */
export function bearerOf(request: Request): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? null;
}
