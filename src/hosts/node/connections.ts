/**
 * The end of a server's connections: it takes no further one, lets requests that are under way be answered, each with
 * `Connection: close`, and at last cuts what is left. What was not answered by then is answered here.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Runtime } from '../../base/runtime.ts';

interface Connections {
  /** Takes no further connection, and ends those that are idle. Resolves when all requests under way have been answered. */
  drain(): Promise<void>;
  /** Ends all connections. A stream is told when to come back, and a request without an answer to come again. */
  cut(): Promise<void>;
}

/** How long a client whose stream was cut waits before it comes back, ms; each a little longer, so that not all come at once. */
const RETRY_MS = 1_000;
const SPREAD_MS = 2_000;
/** Bytes that were written last leave within this time, ms, or not at all. */
const FLUSH_MS = 250;

export function createConnections(server: Server, { random }: Pick<Runtime, 'random'>): Connections {
  const open = new Set<ServerResponse>();
  let whenEmpty: (() => void) | null = null;

  server.prependListener('request', (_request, response: ServerResponse) => {
    open.add(response);
    response.once('close', () => {
      open.delete(response);
      if (open.size === 0) whenEmpty?.();
    });
    if (whenEmpty !== null) sayLast(response);
  });

  function cutOne(response: ServerResponse): void {
    // Whoever still writes to it finds it ended.
    response.on('error', () => {});
    if (!response.headersSent) {
      response.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '1', Connection: 'close' });
      response.end(JSON.stringify(UNANSWERED));
    } else if (isEventStream(response)) response.end(`retry: ${Math.floor(RETRY_MS + random() * SPREAD_MS)}\n\n`);
    else response.destroy();
  }

  const emptied = () => new Promise<void>((resolve) => (open.size === 0 ? resolve() : (whenEmpty = resolve)));

  return {
    drain() {
      whenEmpty = () => {};
      server.close();
      for (const response of open) {
        // A client that listens waits for nothing that is under way. It comes back after a cut, and would not after an end.
        if (response.req.headers['mcp-method'] === 'subscriptions/listen') cutOne(response);
        else sayLast(response);
      }
      return emptied();
    },
    async cut() {
      for (const response of open) cutOne(response);
      await Promise.race([emptied(), new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref())]);
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What nobody knows the id of any more. */
const UNANSWERED = {
  jsonrpc: '2.0',
  id: null,
  error: {
    code: -32_603,
    message: 'The server ends before this is done',
    data: { code: 'cancelled', hint: 'send the same request again', retryAfterMs: 1_000 },
  },
};

/** The connection ends behind this answer, and says so where its head has not been sent. */
function sayLast(response: ServerResponse): void {
  if (response.headersSent) response.once('finish', () => response.socket?.end());
  else response.setHeader('Connection', 'close');
}

/** Headers that were written at once stand in the head alone, which Node keeps but does not document. */
function isEventStream(response: ServerResponse): boolean {
  return /^content-type: *text\/event-stream/im.test(String(Reflect.get(response, '_header')));
}
