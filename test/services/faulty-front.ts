/** A proxy before a REST front that loses requests and answers on command, as networks do. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to a request: `lose-request` cuts the connection before it is passed on, `lose-answer` after it took
 * effect; `fail-before` and `fail-after` answer 502 with a page instead; `hang` never answers and passes it on when
 * `release` is called.
 */
export type Fault = 'lose-request' | 'lose-answer' | 'fail-before' | 'fail-after' | 'hang';

export interface FaultyFront {
  url: string;
  /** The faults of the next requests, one each; then all goes well again. */
  next(...faults: Fault[]): void;
  /** How many requests have arrived. */
  arrived(): number;
  /** Passes on what hangs, and resolves when it was answered. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

export async function startFaultyFront(target: string): Promise<FaultyFront> {
  const faults: Fault[] = [];
  const hanging: (() => Promise<unknown>)[] = [];
  let arrived = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    arrived += 1;
    const fault = faults.shift();
    const pass = async () => {
      const { authorization = '' } = request.headers;
      const answer = await fetch(target + request.url, { method: 'POST', headers: { authorization }, body });
      return { status: answer.status, text: await answer.text() };
    };
    if (fault === 'hang') return void hanging.push(pass);
    if (fault === 'lose-request') return void response.destroy();
    if (fault === 'fail-before') return void response.writeHead(502).end('<h1>Bad gateway</h1>');
    const { status, text } = await pass();
    if (fault === 'lose-answer') return void response.destroy();
    if (fault === 'fail-after') return void response.writeHead(502).end('<h1>Bad gateway</h1>');
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...more) => void faults.push(...more),
    arrived: () => arrived,
    async release() {
      for (const pass of hanging.splice(0)) await pass();
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
