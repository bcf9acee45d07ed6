/** A proxy between one appender and DynamoDB that can hold back the answer which tells the appender where the log ends. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gate {
  url: string;
  /** Resolves when the next such answer is here; the appender gets it when the answer's `release` is called. */
  hold(): Promise<{ release: () => void }>;
  stop(): void;
}

type Holder = (held: { release: () => void }) => void;

export async function startGate(target: string): Promise<Gate> {
  let holder: Holder | null = null;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const { host: _, ...headers } = request.headers;
    const answer = await fetch(target, { method: 'POST', headers: headers as Record<string, string>, body });
    const content = Buffer.from(await answer.arrayBuffer());
    if (holder !== null && String(request.headers['x-amz-target']).endsWith('.Query')) {
      const hold = holder;
      holder = null;
      await new Promise<void>((release) => hold({ release }));
    }
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(content);
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => new Promise((resolve) => (holder = resolve)),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
