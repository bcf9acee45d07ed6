/** Passes POST requests on to an engine over HTTP, and counts them and their bytes. It can look at each body, and change it. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MeterProxy {
  url: string;
  /** Requests passed on. */
  requests(): number;
  /** Bodies both ways, bytes. */
  bytes(): number;
  stop(): Promise<void>;
}

interface Look {
  /** What is sent in the place of a body. */
  request?: (body: string) => string;
  /** @param request the headers of the request that is answered */
  answer?: (body: string, request: IncomingHttpHeaders) => void;
}

/** Headers that are of one connection alone. */
const OWN = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding']);

export async function startMeterProxy(target: string, look: Look = {}): Promise<MeterProxy> {
  let requests = 0;
  let bytes = 0;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    requests += 1;
    const headers = Object.entries(request.headers).filter(([name]) => !OWN.has(name)) as [string, string][];
    const sent = look.request?.(body) ?? body;
    const answer = await fetch(new URL(request.url ?? '/', target), { method: 'POST', headers, body: sent });
    const text = await answer.text();
    look.answer?.(text, request.headers);
    bytes += Buffer.byteLength(body) + Buffer.byteLength(text);
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.end(text);
  }

  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    bytes: () => bytes,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
