/**
 * The server of an app that listens by itself, with bounds on all that others can make it hold: connections, bodies that do not
 * end, work, answers that nobody takes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ProcessBounds } from '../../base/config/bounds.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { BodySource } from '../../http/bodies/bodies.ts';
import { gaveUp, overloaded } from '../../http/edge.ts';
import { problemResponse } from '../../http/problem.ts';
import type { Host } from '../http-host.ts';
import { bodyOf, endBody } from './incoming-body.ts';
import { boundConnections, type ConnectionBounds, type ServedConnection } from './connection-bounds.ts';
import { createSafeResponse, timeoutsFor } from './listening.ts';
import { watchRequests } from './loop-share.ts';
import { createWorkTurns, type OpenWork } from './turns/turns.ts';

const MEBIBYTE = 1_048_576;
/** The begin of a target that is absolute. It says nothing here: the server is named by `Host`, which is judged. */
const ABSOLUTE = /^https?:\/\/[^/?#]*\/?/i;

/** Where a request keeps what goes with it. A weak map would be looked through at every collection of garbage. */
const EDGE = Symbol('edge');
type Served = IncomingMessage & { [EDGE]?: { body: BodySource; work: OpenWork; safeHeaders: true } };

/** @param isSecure whether it is reached by https alone, through a proxy */
export function createBoundedServer(
  fetch: Host['fetch'],
  { now }: Pick<Runtime, 'now'>,
  keepAliveMs: number,
  bounds: ProcessBounds & Pick<ConnectionBounds, 'proxies'>,
  isSecure = false,
): Server {
  const server = createServer({
    ...timeoutsFor(keepAliveMs, bounds.bodyMs),
    ServerResponse: createSafeResponse(isSecure),
  });
  const connections = boundConnections(server, { ...bounds, unsentBytes: bounds.answersMib * MEBIBYTE }, now);
  const turns = createWorkTurns(
    { bytes: bounds.workMib * MEBIBYTE, waits: bounds.waits, restingBytes: bounds.workMib * MEBIBYTE },
    { now, soon: setImmediate, settled, every: repeat, overloaded: (isBegun) => (isBegun ? gaveUp() : overloaded()) },
  );
  const forget = watchRequests(() => turns.state().waiting > 0);
  const listener = getRequestListener(
    (request, given) => {
      // Only Node's first version of HTTP is passed in.
      const [incoming, outgoing] = [given.incoming as Served, given.outgoing as ServerResponse];
      const edge = incoming[EDGE];
      const response = fetch(request, edge);
      if (!(response instanceof Promise)) return response;
      return response.then(
        (answer) => {
          edge?.work.answered();
          if (outgoing.headersSent) return unsent(answer);
          // What came beside the headers is known a turn later.
          return turnEnd().then(() => answerTo(incoming, outgoing, answer));
        },
        (thrown: unknown) => {
          edge?.work.answered();
          throw thrown;
        },
      );
    },
    { autoCleanupIncoming: false },
  );

  function serve(incoming: Served, outgoing: ServerResponse, { spending, around }: ServedConnection): () => void {
    if (incoming.url?.startsWith('/') === false) incoming.url = incoming.url.replace(ABSOLUTE, '/');
    const work = turns.open(spending, around);
    incoming[EDGE] = { body: bodyOf(incoming), work, safeHeaders: true };
    outgoing.on('finish', () => {
      if (!incoming.readableEnded) endBody(incoming);
    });
    void listener(incoming, outgoing);
    return () => work.end();
  }

  server.on('request', (incoming, outgoing) =>
    connections.inOrder(
      incoming,
      outgoing,
      (connection) => serve(incoming, outgoing, connection),
      () => refuse(outgoing),
    ),
  );
  server.once('close', () => {
    connections.stop();
    forget();
  });
  return server;
}

/**
 * Resolves once the loop has read what came by now. All answers of a turn are written one after the other then: to wake up a reader for each
 * by itself costs more than most answers.
 */
let turnsEnd: Promise<unknown> | null = null;

function turnEnd(): Promise<unknown> {
  turnsEnd ??= new Promise((resolve) =>
    setImmediate(() => {
      turnsEnd = null;
      resolve(null);
    }),
  );
  return turnsEnd;
}

/** Ends the connection too: what came behind on it was not begun either. */
function refuse(outgoing: ServerResponse): void {
  const response = problemResponse(overloaded());
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), Connection: 'close' });
  void response.text().then((text) => outgoing.end(text));
}

/** What was not read by now is not read on (see `endBody`), and its sender is told. */
function answerTo(incoming: IncomingMessage, outgoing: ServerResponse, answer: Response): Response {
  if (outgoing.headersSent) return unsent(answer);
  if (!incoming.complete) outgoing.shouldKeepAlive = false;
  return answer;
}

/** Of a request that has its answer, because the process ends. */
function unsent(answer: Response): Response {
  answer.body?.cancel().catch(() => {});
  return RESPONSE_ALREADY_SENT;
}

/** Node runs what is next once it has run all promises that can go on. */
function settled(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}

function repeat(ms: number, run: () => void): { stop(): void } {
  const timer = setInterval(run, ms);
  return { stop: () => clearInterval(timer) };
}
