/** An app is mounted in servers that somebody else wrote, on Express and on Hono, with the package's exports alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Hono } from 'hono';
import { createHost, type Host, systemRuntime } from 'tidegate/host';
import { nodeListener } from 'tidegate/node';
import { createMemoryStore } from 'tidegate/store';
import { expect, onTestFinished, test } from 'vitest';
import { app, CALL } from './app.ts';

function hostAt(publicUrl: string | null): Host {
  const host = createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}), publicUrl });
  onTestFinished(() => host.close());
  return host;
}

type Ask = (path: string, init?: RequestInit) => Response | Promise<Response>;

/** What holds wherever it is mounted: its own paths, those of the other server, and those of neither. */
async function expectMounted(ask: Ask): Promise<void> {
  const called = await ask('/live/mcp', CALL);
  expect(called.status).toBe(200);
  expect(await called.text()).toContain('hello');
  // Each link of each document leads below that path.
  for (const path of [
    '/live/',
    '/live/mcp/server-card',
    '/live/.well-known/mcp.json',
    '/live/.well-known/ai-catalog.json',
  ]) {
    const text = await (await ask(path)).text();
    const links = text.match(/https:\/\/example\.org[^"]*/g) ?? [];
    expect([path, links.length > 0]).toEqual([path, true]);
    expect(links.filter((link) => !/^https:\/\/example\.org\/live\/mcp(\/server-card)?$/.test(link))).toEqual([]);
  }
  const card = await (await ask('/live/mcp/server-card')).json();
  expect(card).toMatchObject({ transport: { endpoint: '/live/mcp' } });
  expect(await (await ask('/theirs')).text()).toBe('theirs');
  expect((await ask('/live/nothing')).status).toBe(404);
}

test('in an Express app, below a path', async () => {
  const theirs = express();
  theirs.get('/theirs', (_request, response) => response.send('theirs'));
  theirs.use('/live', nodeListener(hostAt('https://example.org/live')));
  const server = createServer(theirs).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await expectMounted((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init));
});

test('in a Hono app, below a path whose URL was given with a slash', async () => {
  const theirs = new Hono();
  theirs.get('/theirs', (context) => context.text('theirs'));
  const host = hostAt('https://example.org/live/');
  theirs.mount('/live', (request) => host.fetch(request));
  await expectMounted((path, init) => theirs.request(path, init));
});

test('the server that mounts it says who calls, or refuses', async () => {
  const host = createHost({
    app,
    store: createMemoryStore(),
    runtime: systemRuntime(() => {}),
    authenticate: ({ headers }) =>
      headers.get('authorization') === 'Bearer right'
        ? { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] }
        : new Response('who are you?', { status: 401 }),
  });
  onTestFinished(() => host.close());
  const ask = (headers: Record<string, string>) =>
    host.fetch(new Request('https://example.org/mcp', { ...CALL, headers: { ...CALL.headers, ...headers } }));
  expect((await ask({})).status).toBe(401);
  expect((await ask({ Authorization: 'Bearer right' })).status).toBe(200);
});
