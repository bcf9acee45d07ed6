/**
 * GET of the endpoint: the streams of a session of 2025-11-25 or before. With `Last-Event-ID` it is the stream that the client was
 * cut from. What is refused is refused so that clients neither wait nor come back: for a stream that has nothing more with 405, by
 * which both of the SDK's clients end without an error.
 */
import { gone, needsSession, noStream, takesNoEvents, unknownVersion, withSession } from '../sessions/answers.ts';
import type { AnswerDeps } from '../sessions/answer-stream.ts';
import { END, readEventId, STANDING } from '../sessions/event-ids.ts';
import { resume } from '../sessions/resumed.ts';
import { stand, type StandingSource } from '../sessions/standing.ts';
import { SESSION_HEADER, type Sessions } from '../sessions/sessions.ts';
import type { Exchange } from './exchange.ts';

export interface StreamsDeps {
  /** Null: there are none, and a session that a client sends is not looked at. */
  sessions: Sessions | null;
  answers: AnswerDeps;
  /** When a stream that begins now has to end, epoch ms. */
  streamsUntil: (request: Request) => number;
  /** What tells clients on streams that belong to no request. Null: the platform has no such streams. */
  standing: readonly StandingSource[] | null;
  /** Counts a stream that belongs to no request. @returns to be called when it has ended @throws TidegateError `overloaded` */
  enter: () => () => void;
}

export function createStreams({ sessions, answers, streamsUntil, standing, enter }: StreamsDeps) {
  return async (request: Request, exchange: Exchange): Promise<Response> => {
    const { headers } = request;
    if (!/text\/event-stream|\*\/\*/.test(headers.get('accept') ?? '*/*')) return takesNoEvents();
    const unknown = unknownVersion(request, null);
    if (unknown !== null) return unknown;
    const text = headers.get(SESSION_HEADER);
    const last = headers.get('last-event-id');
    if (sessions === null || (text === null && last === null)) {
      return noStream(
        'There is no stream without a session',
        'POST initialize to /mcp: the transport is Streamable HTTP',
      );
    }
    if (text === null) return needsSession('Last-Event-ID', null);
    const session = await sessions.open(text, exchange.principal);
    const kept = session && (await sessions.read(session, exchange));
    if (kept === null) return gone(null);
    // Ids of another server, which stood here before, are taken for none.
    const from = last === null ? null : readEventId(last);
    const isStanding = from === null || from.stream === STANDING;
    if (isStanding && standing === null) {
      return noStream('There is no stream but those of requests', 'send requests by POST');
    }
    if (from?.place === END) return noStream('The stream has ended', 'nothing more comes on it');
    const until = streamsUntil(request);
    const leave = isStanding ? enter() : null;
    try {
      const { response, ended } = isStanding
        ? await stand({ ...answers, sessions, sources: standing ?? [] }, kept, from, exchange, until, exchange.now)
        : resume(answers, kept, from, exchange, until);
      exchange.working.add(ended.finally(() => leave?.()));
      return session?.isOld ? withSession(response, await sessions.renew(session, exchange.principal)) : response;
    } catch (thrown) {
      leave?.();
      throw thrown;
    }
  };
}
