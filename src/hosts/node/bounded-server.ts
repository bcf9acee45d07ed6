/**
 * The server of an app that listens by itself, with bounds on all that others can make it hold: connections, bodies that do not
 * end, work, answers that nobody takes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { ProcessBounds } from '../../base/config/config.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { BodySource } from '../../http/bodies.ts';
import { overloaded } from '../../http/edge.ts';
import type { Host } from '../http-host.ts';
import { bodyOf, endBody } from './incoming-body.ts';
import { boundConnections, type ConnectionBounds, type ServedConnection } from './connection-bounds.ts';
import { timeoutsFor } from './listening.ts';
import { watchRequests } from './loop-share.ts';
import { createWorkTurns, type OpenWork } from './turns.ts';

const MEBIBYTE = 1_048_576;
/** The begin of a target that is absolute. It says nothing here: the server is named by `Host`, which is judged. */
const ABSOLUTE = /^https?:\/\/[^/?#]*\/?/i;

export function createBoundedServer(
  fetch: Host['fetch'],
  { now }: Pick<Runtime, 'now'>,
  keepAliveMs: number,
  bounds: ProcessBounds & Pick<ConnectionBounds, 'proxies'>,
): Server {
  const server = createServer(timeoutsFor(keepAliveMs, bounds.bodyMs));
  const connections = boundConnections(server, { ...bounds, unsentBytes: bounds.answersMib * MEBIBYTE }, now);
  const turns = createWorkTurns(
    { bytes: bounds.workMib * MEBIBYTE, waits: bounds.waits, restingBytes: bounds.workMib * MEBIBYTE },
    { now, soon: setImmediate, every: repeat, overloaded },
  );
  const forget = watchRequests(() => turns.state().waiting > 0);
  const edges = new WeakMap<IncomingMessage, { body: BodySource; work: OpenWork }>();
  const listener = getRequestListener(
    (request, given) => {
      // Only Node's first version of HTTP is passed in.
      const [incoming, outgoing] = [given.incoming as IncomingMessage, given.outgoing as ServerResponse];
      const edge = edges.get(incoming);
      const response = fetch(request, edge);
      if (!(response instanceof Promise)) return response;
      return response.then(
        (answer) => {
          edge?.work.answered();
          if (outgoing.headersSent) return unsent(answer);
          // What came beside the headers is known a turn later.
          return incoming.complete ? answer : turn().then(() => answerTo(incoming, outgoing, answer));
        },
        (thrown: unknown) => {
          edge?.work.answered();
          throw thrown;
        },
      );
    },
    { autoCleanupIncoming: false },
  );

  function serve(incoming: IncomingMessage, outgoing: ServerResponse, { share, around }: ServedConnection): void {
    if (incoming.url?.startsWith('/') === false) incoming.url = incoming.url.replace(ABSOLUTE, '/');
    const work = turns.open(share, around);
    edges.set(incoming, { body: bodyOf(incoming), work });
    outgoing.once('close', () => work.end());
    outgoing.once('finish', () => endBody(incoming));
    void listener(incoming, outgoing);
  }

  server.on('request', (incoming, outgoing) =>
    connections.inOrder(incoming, outgoing, (connection) => serve(incoming, outgoing, connection)),
  );
  server.once('close', () => {
    connections.stop();
    forget();
  });
  return server;
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

function repeat(ms: number, run: () => void): { stop(): void } {
  const timer = setInterval(run, ms);
  return { stop: () => clearInterval(timer) };
}
