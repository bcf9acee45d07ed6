/**
 * What the endpoint knows of a request beyond its message: who sent it, its account with the store, and how its
 * handlers end. The SDK passes a handler the HTTP request and nothing else, so the request carries its exchange.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { PrincipalNow } from '../../calls/events/rights-watch.ts';
import { type Account, openAccount } from '../../store/counting.ts';
import type { Store } from '../../store/store.ts';
import { UNBOUNDED, type Work } from '../../store/work.ts';
import type { Registry } from '../registry/registry.ts';
import type { AnswerStream } from '../sessions/answer-stream.ts';
import type { ClientSession, SessionFacts } from '../sessions/sessions.ts';

/** How an answer says that the client should come again later. */
export interface Refusal {
  httpStatus: number;
  retryAfterMs: number;
}

/** The session of a request. What is kept of it may be read while the request is at work. */
interface ExchangeSession {
  /** What is known of it without the store. */
  facts: SessionFacts;
  /** Null: it was ended, and nothing may be sent to the client but that. */
  kept: Promise<ClientSession | null>;
}

export interface Exchange {
  readonly principal: Principal;
  /** Who sends it by now, for what stays open. Null: nobody can tell. */
  readonly now: PrincipalNow | null;
  /** What the principal may use. */
  readonly registry: Registry;
  readonly account: Account;
  /** Epoch ms by which it has to be answered. */
  readonly deadline: number;
  /** Of 2025-11-25 and before; null: the client sends none, or there is none. */
  session: ExchangeSession | null;
  /** The answer to a request of 2025-11-25 or before that came by itself, over HTTP; null: it is another one, or one of a batch. */
  stream: AnswerStream | null;
  /** The request stays open: what its handler answered is no answer. */
  isOpening: boolean;
  /** Null: no handler failed with an error that says to come again later. */
  refusal: Refusal | null;
  /** Handlers that are at work. A streamed answer begins before they end. */
  readonly working: Set<Promise<unknown>>;
}

export interface Exchanges {
  begin(request: Request, principal: Principal, work: Work, now: PrincipalNow | null): Exchange;
  /**
   * The exchange of a request that began. Without a request it is a new one, of the principal that started this
   * process.
   * @throws TidegateError `internal` where nobody said who calls
   */
  of(request: Request | undefined): Exchange;
}

/** Where a request keeps its exchange. A weak map would be looked through at every collection of garbage. */
const EXCHANGE = Symbol('exchange');
type Begun = Request & { [EXCHANGE]?: Exchange };

/**
 * @param local who calls where a message comes without HTTP; null: every message comes over HTTP
 * @param registryOf answers what a principal may use
 * @param deadlineFor undefined: a message without HTTP
 */
export function createExchanges(
  store: Store,
  runtime: Pick<Runtime, 'pace'>,
  local: Principal | null,
  registryOf: (principal: Principal) => Registry,
  deadlineFor: (request: Request | undefined) => number,
): Exchanges {
  const open = (principal: Principal, work: Work, now: PrincipalNow | null, request?: Request): Exchange => ({
    principal,
    now,
    registry: registryOf(principal),
    account: openAccount(store, runtime, work),
    deadline: deadlineFor(request),
    session: null,
    stream: null,
    isOpening: false,
    refusal: null,
    working: new Set(),
  });
  return {
    begin(request, principal, work, now) {
      const exchange = open(principal, work, now, request);
      (request as Begun)[EXCHANGE] = exchange;
      return exchange;
    },
    of(request) {
      const exchange = request ? (request as Begun)[EXCHANGE] : local && open(local, UNBOUNDED, null);
      if (exchange) return exchange;
      throw new TidegateError('internal', 'nobody said who sends the message');
    },
  };
}
