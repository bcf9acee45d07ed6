/**
 * A stream that a client comes back to with `Last-Event-ID`, on any instance: what is kept behind that event, and what the
 * instance that works on the request keeps from then on, up to the response. While nothing is kept, the id says how long the
 * request may be at work; after that the client is told that there is no answer, in place of the answer, since clients that
 * are refused wait on until they lose patience. A stream of another session has nothing kept in this one, as one that never was.
 */
import { sentJson } from '../../base/json.ts';
import { INTERNAL_ERROR } from '../../base/json-rpc.ts';
import type { Runtime } from '../../base/runtime.ts';
import { type EventStream, openEventStream, type ServerEvent, whileServed } from '../../calls/events/event-stream.ts';
import { type AnswerDeps, PRIMED_SINCE, RETRY_MS } from './answer-stream.ts';
import { END, type EventId, eventIdText } from './event-ids.ts';
import type { SessionCall, SessionFacts } from './sessions.ts';
import { boundReads } from './stream-reads.ts';

/** A stream that goes on after its head was sent. */
export interface Following {
  response: Response;
  /** Resolves when nothing more is sent. */
  ended: Promise<unknown>;
}

/** How long after its deadline a response may still be kept, and clocks may differ, ms. */
const GRACE_MS = 10_000;

/** @param until when the platform has to end the stream, epoch ms; the client comes back then */
export function resume(
  { runtime, kept, hints, reads: most }: AnswerDeps,
  session: SessionFacts,
  from: EventId,
  call: SessionCall,
  until: number,
): Following {
  const stream = openEventStream(runtime);
  const lostAt = from.by + GRACE_MS;
  const reads = boundReads(most, () => cutForNow(stream, runtime));
  let { place } = from;
  const idOf = (at: string) => eventIdText({ ...from, place: at });

  async function look(): Promise<boolean> {
    reads.left -= 1;
    for (const found of await kept.read(session.id, from.stream, place, call)) {
      ({ place } = found);
      if (place === END) {
        stream.end({ id: idOf(END), data: sentJson(found.message ?? tooLarge(from)) });
        return true;
      }
      stream.write({ id: idOf(place), data: sentJson(found.message) });
    }
    return false;
  }

  async function follow(): Promise<void> {
    const { tenant } = call.principal;
    const { store } = call.account;
    const deadline = Math.min(until, lostAt);
    const signal = whileServed(stream, runtime);
    const end = await hints.follow(tenant, session.id, { store, deadline, signal, reads, look });
    if (end !== 'time' && !signal.aborted) return;
    if (signal.aborted || runtime.now() < lostAt) return cutForNow(stream, runtime);
    stream.end({ id: idOf(END), data: from.request === null ? '' : sentJson(lost(from)) });
  }

  // So a client that is cut before anything comes knows where it is.
  if (session.version >= PRIMED_SINCE) stream.write({ id: idOf(place), data: '', retryMs: RETRY_MS });
  return { response: stream.response, ended: follow() };
}

/** Ends a stream at a bound of the platform's; its client comes back. @param last how far the client has heard by then */
export function cutForNow(
  stream: EventStream,
  { random }: Pick<Runtime, 'random'>,
  last: Pick<ServerEvent, 'id'> = {},
): void {
  stream.end({ ...last, data: '', retryMs: Math.ceil(RETRY_MS * (1 + random())) });
}

const HINT = 'whether it took effect is not known; look before you call again';

function lost({ request }: EventId): object {
  const data = { code: 'not_found', field: 'Last-Event-ID', hint: HINT };
  const message = 'There is no answer: it is no longer kept, or its request was lost';
  return { jsonrpc: '2.0', id: request, error: { code: INTERNAL_ERROR, message, data } };
}

function tooLarge({ request }: EventId): object {
  const data = { code: 'too_large', field: 'Last-Event-ID', hint: 'ask for less, or call again' };
  const message = 'The answer was too large to be kept for a client that comes back';
  return { jsonrpc: '2.0', id: request, error: { code: INTERNAL_ERROR, message, data } };
}
