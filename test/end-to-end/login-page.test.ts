/**
 * Logins in a real browser: what it keeps, shows and sends for a page of the server's own, and what it sends for a page of another
 * site, which is nobody's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { findProgram } from '../../infra/local/programs.ts';
import { createKeyIdentifier } from '../../src/auth/keys/identifier.ts';
import { createKey } from '../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import { defineApp, stream } from '../../src/index.ts';
import { nodeListener } from '../../src/node.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { temporaryFolder } from '../hosts/child.ts';
import { listen } from './listen.ts';

const CHROMIUM = findProgram('chromium');
const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });

const app = defineApp({
  name: 'paged',
  version: '1',
  description: 'Has a page',
  streams: { files: stream({ description: 'Files', schema: z.object({ n: z.number() }) }) },
});

/** @param body of a script, which has `say` to tell the test what it found */
const page = (body: string) => `<!doctype html><meta charset="utf-8"><body><script type="module">
const say = (found) => fetch('/said', { method: 'POST', body: JSON.stringify(found) });
const post = (path, body, headers = {}) =>
  fetch(path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers } });
${body}</script>`;

const OWN_PAGE = (key: string, next: string) =>
  page(`
const before = (await fetch('/login')).status;
const login = await post('/login', JSON.stringify({ credential: ${JSON.stringify(key)} }));
const { csrf } = await login.json();
const source = new EventSource('/events');
const event = await new Promise((resolve) => {
  source.onmessage = ({ data }) => resolve(data);
  source.onerror = () => resolve('error');
});
source.close();
await say({
  before,
  login: login.status,
  event,
  shown: document.cookie,
  after: (await fetch('/login')).status,
  write: (await post('/mcp', ${JSON.stringify(LIST)})).status,
  forged: (await post('/mcp', ${JSON.stringify(LIST)}, { 'X-CSRF-Token': csrf + 'x' })).status,
  own: (await post('/mcp', ${JSON.stringify(LIST)}, { 'X-CSRF-Token': csrf })).status,
});
location.href = ${JSON.stringify(next)};`);

const FOREIGN_PAGE = (target: string) =>
  page(`
const tried = [];
for (const path of ['/login', '/mcp', '/logout']) {
  for (const method of path === '/login' ? ['GET', 'POST'] : ['POST']) {
    const sent = method === 'GET' ? {} : { body: ${JSON.stringify(LIST)} };
    await fetch(${JSON.stringify(target)} + path, { method, mode: 'no-cors', credentials: 'include', ...sent }).catch(() => {});
    const asked = await fetch(${JSON.stringify(target)} + path, { method, credentials: 'include', ...sent }).then((r) => r.status).catch(() => 'refused');
    tried.push(asked);
  }
}
for (const path of ['/logout', '/mcp']) {
  const frame = document.createElement('iframe');
  frame.name = path;
  document.body.append(frame);
  const form = Object.assign(document.createElement('form'), { method: 'POST', action: ${JSON.stringify(target)} + path, target: path });
  document.body.append(form);
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
  form.submit();
  await loaded;
}
await say(tried);
location.href = ${JSON.stringify(target)} + '/back';`);

const BACK_PAGE = page(`await say((await fetch('/login')).status);`);

/** Serves pages, and takes what their scripts say. */
function sayings() {
  const waiting: ((found: unknown) => void)[] = [];
  return {
    next: () => new Promise<unknown>((resolve) => void waiting.push(resolve)),
    listen:
      (pages: Readonly<Record<string, () => string>>, rest: RequestListener): RequestListener =>
      (incoming, outgoing) => {
        const path = incoming.url ?? '';
        const shown = pages[path];
        if (shown) {
          outgoing.setHeader('Content-Type', 'text/html').end(shown());
        } else if (path === '/said') {
          let body = '';
          incoming.on('data', (chunk: Buffer) => void (body += chunk.toString()));
          incoming.on('end', () => {
            outgoing.end();
            waiting.shift()?.(JSON.parse(body));
          });
        } else rest(incoming, outgoing);
      },
  };
}

function open(url: string, folder: string): void {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage'];
  const child = spawn(CHROMIUM ?? '', [...flags, `--user-data-dir=${folder}`, url], {
    stdio: 'ignore',
    detached: true,
  });
  onTestFinished(async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
}

test.skipIf(CHROMIUM === null)(
  'a browser logs in, reads and writes, and a page elsewhere does neither (needs chromium)',
  { timeout: 90_000 },
  async () => {
    const runtime = systemRuntime(() => {});
    const store = createMemoryStore();
    const deps = { store, runtime };
    const { text: key } = await createKey(deps, {
      name: 'ann',
      tenant: 'acme',
      scopes: ['streams:read'],
      expiresAt: null,
    });
    const challenges = createChallenges();
    const host = createHost({
      app,
      ...deps,
      host: '127.0.0.1',
      secrets: { current: 'a secret of a test, which guards nothing', previous: null },
      authenticate: createAuthenticate([createKeyIdentifier(deps, { environmentKey: null })], challenges, runtime),
      challenges,
      tenants: () => ['acme'],
    });
    onTestFinished(() => host.close());
    const seen: [site: string | null, method: string, path: string, status: number, hasCookie: boolean][] = [];
    const recording = nodeListener({
      async fetch(request) {
        const { pathname } = new URL(request.url);
        // A stream of a page's own is a GET as any other.
        const asked =
          pathname === '/events' ? new Request(new URL('/login', request.url), { headers: request.headers }) : request;
        const response = await host.fetch(asked);
        const { headers } = request;
        seen.push([headers.get('sec-fetch-site'), request.method, pathname, response.status, headers.has('cookie')]);
        if (pathname !== '/events' || response.status !== 200) return response;
        return new Response('data: is let in\n\n', { headers: { 'Content-Type': 'text/event-stream' } });
      },
    });
    const [own, foreign] = [sayings(), sayings()];
    const serve = (pages: Record<string, () => string>, at: ReturnType<typeof sayings>, rest: RequestListener) =>
      listen(at.listen(pages, rest));
    const ports = { own: 0, foreign: 0 };
    const target = () => `http://127.0.0.1:${ports.own}`;
    // Another site than 127.0.0.1, on this machine.
    const elsewhere = () => `http://localhost:${ports.foreign}/page`;
    ports.foreign = await serve(
      { '/page': () => FOREIGN_PAGE(target()) },
      foreign,
      (_, outgoing) => void outgoing.writeHead(404).end(),
    );
    const pages = { '/page': () => OWN_PAGE(key, elsewhere()), '/back': () => BACK_PAGE };
    ports.own = await serve(pages, own, (...given) => void recording(...given));

    const logged = own.next();
    const tried = foreign.next();
    const back = own.next();
    open(`${target()}/page`, temporaryFolder());
    expect(await logged).toEqual({
      before: 401,
      login: 200,
      event: 'is let in',
      shown: '',
      after: 200,
      write: 403,
      forged: 403,
      own: 200,
    });
    expect(await tried).not.toContain(200);
    const crossing = seen.filter(([site]) => site === 'cross-site');
    expect(crossing.length).toBeGreaterThan(3);
    expect(
      crossing.filter(([, method, , status, hasCookie]) => hasCookie || (status < 400 && method !== 'OPTIONS')),
    ).toEqual([]);
    // Neither were the logouts of the other site heard.
    expect(await back).toBe(200);
  },
);
