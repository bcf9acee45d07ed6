/** A server on Node with events, over a file that outlives it, and receivers behind https with a certificate of the test's own. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { serve, type Serving } from '../../../src/hosts/node/serve.ts';
import { type Certificates, createCertificates } from '../../services/certificates.ts';
import { houseWith } from './house.ts';

export const KEY = 'a-key-of-a-test-which-guards-nothing-at-all';

export interface Stage {
  /** The receivers' base URL. */
  receivers: string;
  /** Answers what comes to a path of the receivers. */
  receive(path: string, answer: (request: Request) => Promise<Response>): void;
  /** Starts a server on the same file as the one before. */
  start(): Promise<Serving>;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const certificates: Certificates = createCertificates();
  const { crt, key, ca } = certificates.certify('receiver', 'authority');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, certificates.pem(ca.split('/').pop() ?? '')]);
  const answers = new Map<string, (request: Request) => Promise<Response>>();
  const pem = (path: string) => certificates.pem(path.split('/').pop() ?? '');
  const server = createServer({ cert: pem(crt), key: pem(key) }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => void chunks.push(chunk));
    incoming.on('end', () => {
      void (async () => {
        const address = new URL(incoming.url ?? '/', receivers);
        const body = Buffer.concat(chunks);
        const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
        const request = new Request(address, {
          method: incoming.method ?? 'GET',
          headers,
          ...(body.length > 0 ? { body } : {}),
        });
        const response = (await answers.get(address.pathname)?.(request)) ?? new Response(null, { status: 404 });
        outgoing.writeHead(response.status, Object.fromEntries(response.headers));
        outgoing.end(Buffer.from(await response.arrayBuffer()));
      })();
    });
  });
  await listening(server);
  const { port } = server.address() as AddressInfo;
  const receivers = `https://127.0.0.1:${port}`;
  const app = houseWith({ webhooks: { allow: [`127.0.0.1:${port}`] } });
  let running: Serving | null = null;

  return {
    receivers,
    receive: (path, answer) => void answers.set(path, answer),
    async start() {
      await running?.stop();
      const environment = {
        PORT: '0',
        STORE: 'sqlite',
        SQLITE_PATH: join(certificates.folder, 'events.db'),
        AUTH: 'keys',
        TIDEGATE_KEY: KEY,
        TIDEGATE_SECRET: 'a secret of a test, which guards nothing',
        SHUTDOWN_MS: '1000',
      };
      running = await serve(
        readConfig(environment, 'sqlite'),
        app,
        nodeRuntime(() => {}),
      );
      return running;
    },
    async stop() {
      await running?.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      setDefaultCACertificates(trusted);
      certificates.remove();
    },
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
}
