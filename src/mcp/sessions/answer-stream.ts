/**
 * The answer to one request of 2025-11-25 or before: JSON, or events once something is sent before the response. With a
 * session, the requests of the server and the response are kept before they are sent, where the client has an id by which it
 * could come back for them; a plain JSON answer keeps nothing. A client whose revision knows of it is given such an id before
 * anything else (SEP-1699).
 */
import { sentJson, sentJsonResponse } from '../../base/json.ts';
import type {
  JSONRPCErrorResponse,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
} from '@modelcontextprotocol/server';
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { type EventStream, openEventStream } from '../../calls/events/event-stream.ts';
import { BEGINNING, END, eventIdText } from './event-ids.ts';
import type { KeptMessages, PlacedMessage } from './kept-messages.ts';
import type { SessionHints } from './session-hints.ts';
import type { SessionCall, SessionFacts } from './sessions.ts';

type JSONRPCResponse = JSONRPCResultResponse | JSONRPCErrorResponse;

/** How a wait for what other instances keep has ended: with the response, by its deadline, or without a client. */
type Followed = 'answered' | 'time' | 'gone';

export interface AnswerStream {
  /** Unique in the session; part of the event ids. */
  readonly id: string;
  /** Progress, log messages: sent if the connection is open, never kept. Where the client is slow, the newest progress is sent. */
  notify(message: JSONRPCNotification): void;
  /**
   * Requests of the server: kept in the store, then sent with their event ids.
   * @throws TidegateError as `SessionMessages.keep`; `internal` without a session, or where the client takes JSON alone
   */
  ask(requests: readonly JSONRPCRequest[]): Promise<void>;
  /** The response: where the answer is a stream, kept and then sent; else it is the JSON body and nothing is kept. Once. */
  end(response: JSONRPCResponse): Promise<void>;
  /** Delivers what other instances keep for this stream, until the response came or `deadline` (epoch ms). */
  follow(deadline: number): Promise<Followed>;
  /** Whether requests of the server reach the client: it has a session, and takes events. */
  readonly canAsk: boolean;
}

/** The same, for whoever made it. */
export interface OpenAnswer extends AnswerStream {
  /** The head of the answer, once it is known which it is. It rejects where the answer was ended without a response. */
  readonly response: Promise<Response>;
  /** Aborts when events reach the client no more. */
  readonly over: AbortSignal;
  /** Ends the connection of a client that comes back, which the answer is kept for. Others stay. */
  leave(): void;
  /** There is no response, and none comes. */
  drop(why: GivenUp): void;
}

interface AnsweredRequest {
  id: string | number;
  /** Null: the client sends none. */
  session: SessionFacts | null;
  call: SessionCall;
  /** Whether the client takes events. */
  takesEvents: boolean;
  /** Whether the request goes on without its connection. */
  outlivesClients: boolean;
  /** Called when the client left before it had the response; not where this side ended the connection. */
  gone(): void;
}

export interface AnswerDeps {
  runtime: Runtime;
  kept: KeptMessages;
  hints: SessionHints;
  /** Store calls of a stream that its client comes back to; it is cut then. Null: any number. */
  reads: number | null;
}

/** The first revision whose clients know an event that has an id alone. */
export const PRIMED_SINCE = '2025-11-25';
/** After how long a client comes back, ms. */
export const RETRY_MS = 1_000;
/** How long a response may take to be kept, ms. After that it is sent without. */
const KEEP_MS = 3_000;
/** How long a request goes on that has asked its client, ms. */
const ASKED_MS = 120_000;

/**
 * Why a request ended without a response: its client gave it up, or went away where nothing outlives it, or the host ends
 * before it is done.
 */
export type GivenUp = 'cancelled' | 'gone' | 'ending';

/** A request ended without a response. */
export class GivenUpError extends Error {
  readonly why: GivenUp;

  constructor(why: GivenUp) {
    super('the request was given up');
    this.why = why;
  }
}

export function openAnswer({ runtime, kept, hints }: Omit<AnswerDeps, 'reads'>, request: AnsweredRequest): OpenAnswer {
  const { id: requestId, session, call, takesEvents, outlivesClients } = request;
  const id = runtime.newId();
  const isPrimed = session !== null && session.version >= PRIMED_SINCE;
  const over = new AbortController();
  const head = Promise.withResolvers<Response>();
  head.promise.catch(() => {});
  let events: EventStream | null = null;
  let isEnded = false;
  /** The connection was ended here, and the client comes back. */
  let isLeft = false;
  /** The newest place that this stream has been sent. */
  let sent = BEGINNING;
  let by = call.deadline;

  const idOf = (place: string) => eventIdText({ stream: id, place, by, request: requestId });

  function opened(): EventStream {
    if (events !== null) return events;
    events = openEventStream(runtime);
    events.over.addEventListener('abort', left, { once: true });
    if (isPrimed) events.write({ id: idOf(BEGINNING), data: '', retryMs: RETRY_MS });
    head.resolve(events.response);
    return events;
  }

  function left(): void {
    over.abort();
    if (!isEnded && !isLeft) request.gone();
  }

  /** Sends what is kept, up to the response. */
  function deliver(messages: readonly PlacedMessage[]): void {
    for (const { place, message } of messages) {
      if (isEnded || place <= sent) continue;
      sent = place;
      const event = { id: idOf(place), data: message === null ? '' : sentJson(message) };
      if (place !== END) {
        opened().write(event);
        continue;
      }
      isEnded = true;
      opened().end(event);
    }
  }

  const callNow = (): SessionCall => ({ ...call, deadline: runtime.now() + KEEP_MS });

  /** Keeps the response; where another instance has kept one, that is sent. */
  async function endKept(of: SessionFacts, response: JSONRPCResponse): Promise<void> {
    // Whoever has come back elsewhere hears of it.
    const { tenant } = call.principal;
    const also = over.signal.aborted ? hints.told(tenant, of.id) : [];
    const placed = await kept.place(of.id, id, [response], callNow(), sent, also);
    deliver(placed ?? (await kept.read(of.id, id, sent, callNow())));
    if (also.length > 0) await hints.trim(call.account.store, tenant);
  }

  return {
    id,
    response: head.promise,
    over: over.signal,
    canAsk: session !== null && takesEvents,
    notify(message) {
      if (!takesEvents || isEnded) return;
      const topic = message.method === 'notifications/progress' ? message.method : undefined;
      opened().write({ data: sentJson(message) }, topic);
    },
    async ask(requests) {
      if (session === null || !takesEvents) throw new Error('there is nobody to ask');
      by = Math.max(by, runtime.now() + ASKED_MS);
      const stream = opened();
      if (!isPrimed) stream.write({ data: '', retryMs: RETRY_MS });
      const placed = await kept.place(session.id, id, requests, callNow(), sent === BEGINNING ? BEGINNING : sent);
      deliver(placed ?? (await kept.read(session.id, id, sent, callNow())));
    },
    async end(response) {
      if (isEnded) return;
      if (events === null) {
        isEnded = true;
        over.abort();
        head.resolve(sentJsonResponse(response));
        return;
      }
      if (session !== null && (isPrimed || sent !== BEGINNING)) {
        try {
          await endKept(session, response);
        } catch (thrown) {
          // The client that is there has its answer all the same.
          const { code, message } = asTidegateError(thrown);
          runtime.log('warn', `a response is not kept: ${message}`, { code });
        }
      }
      if (isEnded) return;
      isEnded = true;
      events.end({ data: sentJson(response) });
    },
    async follow(deadline) {
      if (session === null) return 'gone';
      const { store } = call.account;
      const until = () => ({ ...call, deadline });
      const pump = async () => deliver(await kept.read(session.id, id, sent, until()));
      const found = await hints.follow(call.principal.tenant, session.id, {
        store,
        deadline,
        signal: over.signal,
        async look() {
          await pump();
          return isEnded;
        },
      });
      return isEnded ? 'answered' : found === 'left' ? 'gone' : 'time';
    },
    leave() {
      if (!isPrimed || !takesEvents || !outlivesClients || isEnded) return;
      isLeft = true;
      opened().end();
    },
    drop(why) {
      if (isEnded) return;
      isEnded = true;
      head.reject(new GivenUpError(why));
      // Behind this event a client that comes back is told that nothing comes.
      if (isPrimed) events?.end({ id: idOf(END), data: '' });
      else events?.end();
      over.abort();
    },
  };
}
