/**
 * How many requests a caller may make in a minute, over all instances. It counts between the question who calls and the body, so a
 * request that is refused costs no more than its headers.
 *
 * Without authentication all callers are one, and a limit of one caller would be a limit of the server: then it counts only
 * where the app declares it.
 */
import { asTidegateError, isOfStore, type TidegateError } from '../base/errors.ts';
import { isFixed, type Principal } from '../base/principal.ts';
import { whenKnown } from '../base/time/when-known.ts';
import type { App } from '../declare/app.ts';
import type { RequestLimit, RequestShares } from '../store/shares/request-shares.ts';
import type { Deps } from '../streams/deps.ts';
import type { Authenticate } from './authenticate.ts';

/**
 * Answers the refusal, or null where the request is counted and may go on.
 * @param requests as how many it counts; default 1. Where they are too many, those that were counted stay so.
 */
export type CountRequest = (principal: Principal, requests?: number) => Promise<TidegateError | null> | null;

const WINDOW_MS = 60_000;
/** Of larger batches no message is served. */
const MOST_AT_ONCE = 50;

/** @param isOpen nobody asks who calls. Null: nothing is counted */
export function createRequestCount({ app, store, runtime, audit }: Deps, isOpen: boolean): CountRequest | null {
  const limits = limitsOf(app, isOpen);
  if (limits === null) return null;
  const limitsFor: (principal: Principal) => RequestLimit[] = limits;
  let shares: RequestShares | null = null;

  async function settled(principal: Principal, taking: Promise<void>): Promise<TidegateError | null> {
    try {
      await taking;
      return null;
    } catch (thrown) {
      const error = asTidegateError(thrown);
      const { code, message, field } = error;
      if (code === 'internal' || isOfStore(error))
        runtime.log('error', `requests cannot be counted: ${message}`, { code });
      else if (field !== null) await audit?.refused(principal, { target: field, code });
      return error;
    }
  }

  /** One after the other, so that what an instance takes from the store grows with them. */
  async function takeAll(of: RequestShares, limits: readonly RequestLimit[], requests: number): Promise<void> {
    for (let taken = 0; taken < requests; taken += 1) await of.take(store, limits);
  }

  function count(of: RequestShares, principal: Principal, requests: number): Promise<TidegateError | null> | null {
    const limits = limitsFor(principal);
    const taking = requests === 1 ? of.take(store, limits) : takeAll(of, limits, Math.min(requests, MOST_AT_ONCE));
    return taking && settled(principal, taking);
  }

  async function first(principal: Principal, requests: number): Promise<TidegateError | null> {
    // Loaded by the first request, because a server without authentication counts none.
    const { createRequestShares } = await import('../store/shares/request-shares.ts');
    shares ??= createRequestShares(runtime);
    return count(shares, principal, requests);
  }

  return (principal, requests = 1) =>
    shares === null ? first(principal, requests) : count(shares, principal, requests);
}

/**
 * Finds out who calls, and counts the request.
 * @param refuse the answer in the form of the route
 */
export function counting(
  authenticate: Authenticate,
  count: CountRequest | null,
  refuse: (error: TidegateError) => Response,
): Authenticate {
  if (count === null) return authenticate;
  return (request) =>
    whenKnown(authenticate(request), (found) => {
      if (found instanceof Response) return found;
      const counted = count(found);
      return counted === null ? found : counted.then((refusal) => (refusal === null ? found : refuse(refusal)));
    });
}

function limitsOf({ quotas, options }: App, isOpen: boolean): ((principal: Principal) => RequestLimit[]) | null {
  const { requests, allRequests } = quotas;
  const isCounted = !isOpen || options.quotas?.requests !== undefined;
  if (!isCounted && allRequests === undefined) return null;
  // Who is known comes as the same object with each request, which nobody can change (`withSafeNames`).
  const known = new WeakMap<Principal, RequestLimit[]>();

  function limitsFor({ tenant, subject }: Principal): RequestLimit[] {
    const all = `${tenant}/requests`;
    const limits: RequestLimit[] = [];
    if (isCounted) {
      const counter = `${all}//${subject}`;
      limits.push({ name: 'quotas.requests', whose: 'of one caller', counter, limit: requests, windowMs: WINDOW_MS });
    }
    if (allRequests !== undefined) {
      const whose = 'of all callers';
      limits.push({ name: 'quotas.allRequests', whose, counter: all, limit: allRequests, windowMs: WINDOW_MS });
    }
    return limits;
  }

  return (principal) => {
    const kept = known.get(principal);
    if (kept !== undefined) return kept;
    const limits = limitsFor(principal);
    if (isFixed(principal)) known.set(principal, limits);
    return limits;
  };
}
