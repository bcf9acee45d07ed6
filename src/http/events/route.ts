/**
 * Answers `GET …/events`: what a stream, a trigger or the alarms tell, as a browser's `EventSource` reads it. A stream is cut when
 * its time is over, and the browser comes back by itself with the id of the last event, to whichever instance. It is loaded with
 * the first such request.
 */
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { createStreamBounds } from '../../calls/bounds/open-streams.ts';
import { type ChangeWatch, watchChanges } from '../../calls/changes/kept.ts';
import { type EventStream, openEventStream, whileServed } from '../../calls/events/event-stream.ts';
import { watchRights } from '../../calls/events/rights-watch.ts';
import { type Account, openAccount } from '../../store/counting.ts';
import type { Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { decodeTailCursor, encodeTailCursor } from '../../streams/log/tail-cursor.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { ofStream, scopeOf } from '../../streams/scope.ts';
import type { RouteParts } from '../app-options.ts';
import type { Edge } from '../edge.ts';
import { laterIfAsked, problemResponse, refusedResponse } from '../problem.ts';
import type { RequestReport } from '../request-log.ts';
import { type AskedEvents, askedEvents } from './asked.ts';
import { type AskedSource, createReadable } from './readable.ts';
import { createRecheck } from './recheck.ts';
import { tellEvents, type ToldOptions } from './told.ts';

/** What a platform lets streams of events do. */
interface EventBounds {
  /** How long a stream stays open, ms; up to a tenth less, so that those who came together do not come back together. */
  streamMs: number;
  /** Streams of this process at a time. */
  most: number;
  /** Store calls of one stream; null: as many as it takes. */
  reads: number | null;
}

export interface EventsRouteOptions extends RouteParts {
  /** Null: nothing goes on here for long, so a stream is short and its reader comes back often. */
  bounds: EventBounds | null;
  /** By which logs are read once for all. Absent: one of the route's own, which no commit of this process pokes. */
  watch?: ChangeWatch | undefined;
  /** Aborts when the host is closed. Absent: it is not. */
  closed?: AbortSignal | undefined;
}

export interface EventsRoute {
  open(request: Request, asked: AskedSource, edge: Edge, report: (report: RequestReport) => void): Promise<Response>;
  /** Ends all streams, so that their readers come back to another process. */
  close(): void;
}

/** Of a platform on which a request should not go on for long. */
const SHORT: EventBounds = { streamMs: 5_000, most: 1_000, reads: null };
/** After how long a reader comes back, ms, and the jitter on top. */
const RETRY_MS = 1_000;
const RETRY_JITTER_MS = 4_000;

export function createEventsRoute(deps: Deps, options: EventsRouteOptions): EventsRoute {
  const { runtime } = deps;
  const { guard, authenticate } = options;
  const readable = createReadable(deps, options.challenges);
  const refusalNow = createRecheck(readable, options.authenticateAgain);
  const bounds = options.bounds ?? SHORT;
  const watch = options.watch ?? watchChanges(deps).watch;
  const bounded = options.countsOpen ? createStreamBounds(deps, problemResponse).bounded : null;
  const open = new Set<EventStream>();

  /**
   * What a stream reads by, and what is called when it holds nothing. Where the platform takes back what a request was given while the
   * request goes on, each read asks for its turn; elsewhere a stream would keep for minutes what others wait for.
   */
  function readingOf(account: Account): { store: Store; rested?: () => void } {
    const { work } = account;
    if (work.answered === undefined) return { store: openAccount(deps.store, runtime).store };
    return { store: account.store, rested: () => work.answered?.() };
  }

  /** Where it begins: behind the last event that the reader has, else at the end. */
  async function positionOf(account: Account, principal: Principal, { selection, cursor }: AskedEvents) {
    const { stream } = selection.source;
    const scope = ofStream(scopeOf({ ...deps, store: account.store }, principal), stream);
    if (cursor !== null) return { scope, position: decodeTailCursor(stream.name, cursor) };
    return { scope, position: (await account.store.extent(streamLog(scope.tenant, stream.name))).end };
  }

  async function tell(account: Account, principal: Principal, asked: AskedEvents, signal: AbortSignal) {
    if (open.size >= bounds.most) throw tooMany(bounds.most);
    const stream = openEventStream(runtime);
    open.add(stream);
    stream.over.addEventListener('abort', () => open.delete(stream), { once: true });
    const leave = () => stream.end();
    signal.addEventListener('abort', leave, { once: true });
    try {
      const { scope, position } = await positionOf(account, principal, asked);
      if (signal.aborted) leave();
      const id = encodeTailCursor(asked.selection.source.stream.name, position);
      // A reader that is cut before anything came goes on here.
      stream.write({ id, data: null, retryMs: Math.round(RETRY_MS + runtime.random() * RETRY_JITTER_MS) });
      const lastsMs = bounds.streamMs * (1 - runtime.random() / 10);
      void runtime.sleep(lastsMs, whileServed(stream, runtime)).then(leave);
      const { store, rested } = readingOf(account);
      rested?.();
      return {
        stream,
        ended: told(stream, { scope: { ...scope, store }, position, rested, ...asked }),
      };
    } catch (thrown) {
      stream.end();
      throw thrown;
    } finally {
      stream.over.addEventListener('abort', () => signal.removeEventListener('abort', leave), { once: true });
    }
  }

  async function told(
    stream: EventStream,
    told: AskedEvents & Pick<ToldOptions, 'scope' | 'position' | 'rested'>,
  ): Promise<void> {
    const { reads } = bounds;
    try {
      await tellEvents({ watch, ...told, stream, ...(reads === null ? {} : { reads: { left: reads } }) });
    } catch (thrown) {
      // A reader that left is no fault.
      if (!stream.over.aborted) {
        const { code, message } = asTidegateError(thrown);
        runtime.log('warn', `a stream of events is cut: ${message}`, { code });
      }
    }
    stream.end();
  }

  /** Says why to who may read no more, as the next request is answered, and ends the stream. */
  async function endWithRights(stream: EventStream, asks: () => Promise<Response | null>): Promise<void> {
    const refusal = await watchRights(runtime, stream.over, asks);
    if (refusal !== null) stream.end({ type: 'terminated', data: await refusal.text() });
  }

  async function answer(
    request: Request,
    asked: AskedSource,
    { work }: Edge,
    report: (report: RequestReport) => void,
  ): Promise<Response> {
    const refusal = guard.refusal(request);
    if (refusal !== null) return refusedResponse(refusal);
    const principal = await authenticate(request);
    if (principal instanceof Response) return principal;
    const account = openAccount(deps.store, runtime, work);
    report({ account });
    try {
      const source = await readable(request, principal, asked);
      if (source instanceof Response) return source;
      const found = askedEvents(source, new URL(request.url).searchParams, request.headers);
      if (request.method === 'HEAD') {
        const { response } = openEventStream(runtime);
        await response.body?.cancel();
        return new Response(null, response);
      }
      const serve = async () => {
        const { stream, ended } = await tell(account, principal, found, request.signal);
        void endWithRights(stream, () => refusalNow(request, asked, { principal, source }));
        report({ account, ended });
        return { response: stream.response, asked: { mcp: 'events' }, account, ended };
      };
      return (bounded ? await bounded(principal, null, serve) : await serve()).response;
    } catch (thrown) {
      return problemResponse(asTidegateError(thrown));
    }
  }

  return {
    open: async (request, ...more) => laterIfAsked(request, await answer(request, ...more), runtime),
    close() {
      for (const stream of open) stream.end();
    },
  };
}

function tooMany(most: number): TidegateError {
  return new TidegateError('overloaded', 'Too many listen already', {
    expected: `at most ${most} streams of events of one process`,
    hint: 'come back later',
    retryAfterMs: 30_000,
  });
}
