/** Receivers that mean ill, or are ill, at real servers with certificates of an authority of the test's own. */
import { once } from 'node:events';
import { createServer as createPlain, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { Runtime } from '../../src/base/runtime.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { createCertificates, hasOpenssl } from '../services/certificates.ts';
import { ADA, appOf, deliveryStage, SECRET } from './stage.ts';

const certificates = hasOpenssl ? createCertificates() : null;
const standard = getCACertificates('default');
const node = nodeRuntime(() => {});
let trusted: Server;
let strange: Server;
let plain: ReturnType<typeof createPlain>;
/** Requests that came, as `<path> <body type or event id>`. */
const came: string[] = [];
const verified: string[] = [];

const portOf = (server: { address(): AddressInfo | string | null }) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  if (certificates === null) return;
  const known = certificates.certify('known', 'authority');
  const unknown = certificates.certify('unknown', 'nobody');
  setDefaultCACertificates([...standard, certificates.pem('authority.crt')]);
  const read = (file: string) => certificates.pem(file.slice(file.lastIndexOf('/') + 1));
  trusted = createServer({ cert: read(known.crt), key: read(known.key) }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => void parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const body = JSON.parse(text || '{}') as Record<string, string>;
      const [path = ''] = (request.url ?? '').split('?');
      came.push(`${path} ${body['type'] ?? body['eventId'] ?? ''}`);
      new Webhook(SECRET).verify(text, request.headers as Record<string, string>);
      verified.push(path);
      if (body['type'] === 'verification') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ challenge: body['challenge'] }));
      } else answers[path]?.(response);
    });
  });
  strange = createServer({ cert: read(unknown.crt), key: read(unknown.key) }, (_, response) => response.end());
  plain = createPlain((_, response) => response.end());
  for (const server of [trusted, strange, plain]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
});

afterAll(() => {
  setDefaultCACertificates(standard);
  for (const server of [trusted, strange, plain]) {
    server?.closeAllConnections();
    server?.close();
  }
  certificates?.remove();
});

const answers: Record<string, (response: ServerResponse) => void> = {
  '/takes': (response) => response.writeHead(202).end(),
  '/big': (response) => {
    response.writeHead(200, { 'content-length': String(10_000_000) });
    response.write(Buffer.alloc(100_000));
    // The rest never comes.
  },
  '/endless': (response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  },
  '/silent': () => {},
  '/drips': (response) => {
    response.writeHead(200);
    response.write('.');
  },
  '/redirects': (response) => response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
  '/breaks': (response) => response.destroy(),
  '/gone': (response) => response.writeHead(410).end(),
  '/full': (response) => response.writeHead(413).end(),
  '/busy': (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
  '/fails': (response) => response.writeHead(500, { 'x-secret': 'inside' }).end('a stack trace'),
};

/** Time goes five times as fast for who waits. */
const runtime: Partial<Runtime> = {
  ...node,
  now: () => Date.now(),
  sleep: (ms, signal) => node.sleep(ms / 5, signal),
  random: () => 0.5,
};

function real() {
  const ports = [trusted, strange, plain].map(portOf);
  const allow = ports.map((port) => `127.0.0.1:${port}`);
  return { ports, stage: deliveryStage({ app: appOf({ webhooks: { allow } }), runtime }) };
}

test.skipIf(!hasOpenssl).each([
  ['/takes', 'acknowledged'],
  // The status came; what follows it is nobody's concern.
  ['/big', 'acknowledged'],
  ['/endless', 'acknowledged'],
  ['/drips', 'acknowledged'],
  ['/silent', 'timeout'],
  ['/redirects', 'http_3xx'],
  ['/breaks', 'connection_refused'],
  ['/gone', 'refused'],
  ['/full', 'refused'],
  ['/busy', 'http_4xx'],
  ['/fails', 'http_5xx'],
])('%s: %s', async (path, outcome) => {
  const { ports, stage } = real();
  const url = `https://127.0.0.1:${ports[0]}${path}?of=1`;
  const { id } = await stage.service.subscribe(ADA, { ...stage.request({ url }) }, Date.now() + 20_000);
  await stage.publish('one');
  const begun = performance.now();
  await stage.work.run(Date.now() + 30_000, stage.places);
  expect(performance.now() - begun).toBeLessThan(5_000);
  const { attempts } = await stage.service.deliveries(ADA, id);
  expect(attempts).toMatchObject([{ eventId: 'one', attempt: 1, outcome }]);
  expect(JSON.stringify([attempts, await stage.service.list(ADA, { limit: 1 })])).not.toMatch(/stack trace|inside/);
  expect(came).toContain(`${path} one`);
  expect(verified).toContain(path);
});

test.skipIf(!hasOpenssl)('certificates of nobody, and what is no TLS, are not connected to', async () => {
  const { ports, stage } = real();
  for (const port of ports.slice(1)) {
    const url = `https://127.0.0.1:${port}/hook`;
    const refused = stage.service.subscribe(ADA, stage.request({ url }), Date.now() + 20_000);
    await expect(refused).rejects.toMatchObject({ code: 'upstream', cause: { callback: 'tls_error' } });
  }
  const closed = stage.service.subscribe(ADA, stage.request({ url: 'https://127.0.0.1:9/hook' }), Date.now() + 20_000);
  await expect(closed).rejects.toMatchObject({ code: 'address_refused' });
});

test('an address that turns private after somebody subscribed is not connected to', async () => {
  let address = '203.0.114.7';
  const asked: (readonly string[] | undefined)[] = [];
  const stage = deliveryStage({ runtime: { resolve: async () => [address] } });
  const { fetch } = stage.deps.runtime;
  stage.deps.runtime.fetch = (input, init) => {
    asked.push(init?.addresses);
    return fetch(input, init);
  };
  await stage.subscribe();
  expect(asked).toEqual([['203.0.114.7']]);
  for (const next of ['127.0.0.1', '169.254.169.254', '10.0.0.1', '::1', 'fd00::1', '::ffff:192.168.0.1']) {
    address = next;
    await stage.publish(next);
    await stage.run();
  }
  expect(asked).toHaveLength(1);
  const { subscriptions } = await stage.service.list(ADA, { limit: 1 });
  expect(subscriptions[0]?.status).toMatchObject({ lastError: 'connection_refused' });
});

test.each([
  'http://hooks.example.com/a',
  'https://user:word@hooks.example.com/a',
  'https://127.0.0.1/a',
  'https://[::1]/a',
  'https://localhost/a',
  'https://169.254.169.254/latest',
  'https://0x7f000001/a',
  'ftp://hooks.example.com/a',
  'https://hooks.example.com/a#b',
  'nonsense',
])('%s cannot be subscribed', async (url) => {
  const stage = deliveryStage();
  await expect(stage.subscribe({ url })).rejects.toMatchObject({
    code: expect.stringMatching(/invalid_input|address_refused/),
  });
  expect(stage.received).toEqual([]);
});

test('a refusal of an address speaks of webhooks, to somebody who changes no declaration', async () => {
  const refused = deliveryStage().subscribe({ url: 'https://10.0.0.1/hook' });
  await expect(refused).rejects.toMatchObject({
    code: 'address_refused',
    expected: 'an https URL of a public host, or one that the app allows (webhooks.allow)',
    hint: null,
  });
});

test.each([
  '',
  'secret',
  'whsec_',
  'whsec_!!!!',
  `whsec_${Buffer.alloc(23).toString('base64')}`,
  `whsec_${Buffer.alloc(65).toString('base64')}`,
])('the secret %j is refused, and is in no error', async (secret) => {
  const stage = deliveryStage();
  const refused = await stage.subscribe({ secret }).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ code: 'invalid_input', field: 'target.secret' });
});
