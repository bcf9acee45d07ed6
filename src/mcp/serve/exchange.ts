/**
 * What an HTTP request is to the endpoint beyond its message: its account with the store, and how its handlers ended. The
 * SDK hands a handler the request and nothing else, so each stands under its request.
 */
import { type Account, openAccount } from '../../store/counting.ts';
import type { Store } from '../../store/store.ts';

/** An answer that says to come again later. */
export interface Refusal {
  httpStatus: number;
  retryAfterMs: number;
}

export interface Exchange {
  readonly account: Account;
  /** Where it was answered with an error that says to come again later. */
  refusal: Refusal | null;
  /** Its handlers that are at work: where an answer is streamed it begins before they end. */
  readonly working: Set<Promise<unknown>>;
}

export interface Exchanges {
  begin(request: Request): Exchange;
  /** Null for a message that came without HTTP. */
  of(request: Request | undefined): Exchange | null;
}

export function createExchanges(store: Store): Exchanges {
  const exchanges = new WeakMap<Request, Exchange>();
  return {
    begin(request) {
      const exchange: Exchange = { account: openAccount(store), refusal: null, working: new Set() };
      exchanges.set(request, exchange);
      return exchange;
    },
    of: (request) => (request && exchanges.get(request)) ?? null,
  };
}
