/**
 * What an HTTP request is to the endpoint beyond its message: who sent it, its account with the store, and how its
 * handlers ended. The SDK hands a handler the request and nothing else, so an exchange is found by its request.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { type Account, openAccount } from '../../store/counting.ts';
import type { Store } from '../../store/store.ts';

/** An answer that says to come again later. */
export interface Refusal {
  httpStatus: number;
  retryAfterMs: number;
}

export interface Exchange {
  readonly principal: Principal;
  readonly account: Account;
  /** Where it was answered with an error that says to come again later. */
  refusal: Refusal | null;
  /** Its handlers that are at work: where an answer is streamed it begins before they end. */
  readonly working: Set<Promise<unknown>>;
}

export interface Exchanges {
  begin(request: Request, principal: Principal): Exchange;
  /**
   * The exchange of a request that began; without a request a new one, of whoever started this process.
   * @throws TidegateError `internal` where nobody said who calls
   */
  of(request: Request | undefined): Exchange;
}

/** @param local who calls where a message comes without HTTP; null: every message comes over HTTP */
export function createExchanges(store: Store, local: Principal | null): Exchanges {
  const exchanges = new WeakMap<Request, Exchange>();
  const open = (principal: Principal): Exchange => ({
    principal,
    account: openAccount(store),
    refusal: null,
    working: new Set(),
  });
  return {
    begin(request, principal) {
      const exchange = open(principal);
      exchanges.set(request, exchange);
      return exchange;
    },
    of(request) {
      const exchange = request ? exchanges.get(request) : local && open(local);
      if (exchange) return exchange;
      throw new TidegateError('internal', 'nobody said who sends the message');
    },
  };
}
