import { get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TidegateError } from '../../src/base/errors.ts';
import { createReadiness, READY_MS } from '../../src/http/ready.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { sampleApp } from '../mcp/sample-app.ts';
import { type Served, serveApp } from '../mcp/served.ts';

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp, { http: { bodyBytes: 10_000 } });
});
afterAll(() => served.close());

function post(body: string | ReadableStream, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(served.mcpUrl, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });
}

/** A ping with lists within each other, and brackets in a text, which do not count. */
const nested = (levels: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"x":${'['.repeat(levels)}${']'.repeat(levels)},"y":"${'[\\"'.repeat(200)}"}}}`;

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

describe('bodies of POST /mcp', () => {
  it.each(['{"jsonrpc":"2.0",', '', 'hello', '\u0000'])('answers malformed JSON %j with 400, -32700', async (body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32_700 } });
  });

  it('answers a body that nests deeper than any message with 400 that says how deep it may be', async () => {
    const response = await post(nested(254));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: -32_700, data: { expected: 'at most 256 levels of nesting' } },
    });
    expect((await post(nested(253))).status).toBe(200);
  });

  it('answers another content type with 415', async () => {
    expect((await post(ping, { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(ping, { 'Content-Type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it.each([
    ['arguments', '{"name":"add","arguments":DEEP}'],
    ['what a client can do', '{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"extensions":{"a/b":DEEP}}}}'],
    ['an answer', '{"name":"add","inputResponses":{"a":{"action":"accept","content":{"b":DEEP}}}}'],
  ])('answers %s nested without end with 400, and is at no fault', async (_what, params) => {
    for (const depth of [300, 4_000]) {
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params.replace('DEEP', deep)}}`;
      const response = await fetch(served.mcpUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        body,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { data: { expected: 'at most 256 levels of nesting' } },
      });
    }
    expect(served.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('answers a body above the limit with 413 that names it, with and without a length', async () => {
    const large = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'ping',
      params: { _meta: { x: 'x'.repeat(10_000) } },
    });
    const declared = await post(large);
    expect(declared.status).toBe(413);
    expect(await declared.json()).toMatchObject({
      error: { code: -32_600, data: { expected: 'a body of at most 10000 bytes' } },
    });
    expect((await post(new Blob([large]).stream())).status).toBe(413);
    expect((await post(new Blob([ping]).stream())).status).toBe(200);
  });
});

describe('origins and hosts', () => {
  it.each([
    ['https://evil.example', 403],
    ['null', 403],
    ['http://localhost:6274', 200],
    ['http://127.0.0.1', 200],
  ])('answers Origin %s with %i', async (origin, status) => {
    const response = await post(ping, { Origin: origin });
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(status === 200 ? origin : null);
  });

  it('answers the preflight of an allowed origin with what it asked for', async () => {
    const asked = 'content-type, mcp-method, mcp-param-region';
    const headers = { Origin: 'http://localhost:1', 'Access-Control-Request-Headers': asked };
    const response = await fetch(served.mcpUrl, { method: 'OPTIONS', headers });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-headers')).toBe(asked);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:1');
    const evil = await fetch(served.mcpUrl, { method: 'OPTIONS', headers: { Origin: 'https://evil.example' } });
    expect(evil.status).toBe(403);
  });
});

describe('discovery documents', () => {
  const card = {
    $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
    name: 'io.github.tidegate/sample',
    version: '1.2.3',
    description: 'A sample for tests',
    serverInfo: { name: 'sample' },
    capabilities: { tools: {} },
  };

  it.each([
    ['/mcp/server-card', 'application/mcp-server-card+json'],
    ['/.well-known/mcp.json', 'application/json'],
    ['/.well-known/mcp/server-card.json', 'application/json'],
  ])('serves the card at %s, open, cached, with 304', async (path, type) => {
    const response = await fetch(served.url + path);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    const remotes = [{ type: 'streamable-http', url: `${served.url}/mcp` }];
    expect(await response.json()).toMatchObject({ ...card, remotes });
    const etag = response.headers.get('etag') ?? '';
    const again = await fetch(served.url + path, { headers: { 'If-None-Match': `W/${etag}, "x"` } });
    expect([again.status, again.headers.get('etag')]).toEqual([304, etag]);
  });

  it('links to the card from the AI catalog', async () => {
    const response = await fetch(`${served.url}/.well-known/ai-catalog.json`);
    expect(response.headers.get('content-type')).toBe('application/ai-catalog+json');
    expect(await response.json()).toMatchObject({
      specVersion: '1.0',
      entries: [
        {
          identifier: 'urn:air:tidegate.github.io:mcp:sample',
          type: 'application/mcp-server-card+json',
          url: `${served.url}/mcp/server-card`,
        },
      ],
    });
  });

  it('names the public URL where one is set', async () => {
    const behind = await serveApp(sampleApp, { http: { publicUrl: 'https://tides.example' } });
    const response = await fetch(`${behind.url}/mcp/server-card`);
    expect(await response.json()).toMatchObject({ remotes: [{ url: 'https://tides.example/mcp' }] });
    await behind.close();
  });
});

/** `fetch` writes its own Host. */
function getAs(host: string, path: string, url = served.url): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpGet(url + path, { headers: { Host: host } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
  });
}

describe('a name that was bound to this machine', () => {
  const PATHS = ['/mcp/server-card', '/.well-known/mcp.json', '/.well-known/mcp/server-card.json'];

  it.each([...PATHS, '/.well-known/ai-catalog.json', '/', '/readyz', '/nope'])(
    'is refused by %s, and not repeated',
    async (path) => {
      const { status, text } = await getAs('evil.example', path);
      expect(status).toBe(403);
      expect(JSON.parse(text)).toMatchObject({ status: 403, field: 'Host' });
      expect(text).not.toContain('evil');
      expect((await getAs(new URL(served.url).host, path)).status).toBe(path === '/nope' ? 404 : 200);
    },
  );

  it('is no matter where a public URL is set: that one is named', async () => {
    const behind = await serveApp(sampleApp, { http: { publicUrl: 'https://tides.example', host: '0.0.0.0' } });
    const { status, text } = await getAs('evil.example', '/mcp/server-card', behind.url);
    expect([status, text.includes('evil'), text.includes('https://tides.example/mcp')]).toEqual([200, false, true]);
    await behind.close();
  });
});

/** As a proxy asks: the target has a name of its own. Null: no `Host`, as HTTP/1.0 may do. */
async function getAbsolute(path: string, host: string | null): Promise<string> {
  const { hostname, port } = new URL(served.url);
  const socket = connect(Number(port), hostname);
  const head = host === null ? 'HTTP/1.0' : `HTTP/1.1\r\nHost: ${host}\r\nConnection: close`;
  socket.end(`GET http://evil.example${path} ${head}\r\n\r\n`);
  return textOf(socket);
}

describe('an absolute target of a request', () => {
  it.each(['/mcp/server-card', '/.well-known/mcp.json', '/.well-known/ai-catalog.json', '/'])(
    'does not name the server: %s has the judged Host',
    async (path) => {
      const { host } = new URL(served.url);
      const text = await getAbsolute(path, host);
      expect(text).toContain(`http://${host}/mcp`);
      expect(text).not.toContain('evil');
    },
  );

  it('is judged where there is no Host, and not repeated', async () => {
    const text = await getAbsolute('/.well-known/mcp.json', null);
    expect(text).toMatch(/^HTTP\/1.1 403 /);
    expect(text).not.toContain('evil');
  });
});

const failing = (ping: Store['ping']): Store => ({ ...createMemoryStore({}), ping });

describe('health', () => {
  it('is ready while the store answers, and alive in any case', async () => {
    expect((await fetch(`${served.url}/readyz`)).status).toBe(200);
    const error = new TidegateError('store_unavailable', 'gone from 10.0.0.7', { retryAfterMs: 4_200 });
    const cut = await serveApp(sampleApp, { store: failing(() => Promise.reject(error)) });
    const ready = await fetch(`${cut.url}/readyz`);
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await ready.json()).toEqual({
      title: 'The store does not answer',
      status: 503,
      code: 'store_unavailable',
      part: 'store',
      store: 'memory',
    });
    expect((await fetch(`${cut.url}/healthz`)).status).toBe(200);
    await cut.close();
  });

  it('names the variable of a store that the operator has to mend', async () => {
    const error = new TidegateError('invalid_config', 'no table', { field: 'DYNAMODB_TABLE', expected: 'a table' });
    const cut = await serveApp(sampleApp, { store: failing(() => Promise.reject(error)) });
    const ready = await fetch(`${cut.url}/readyz`);
    expect(ready.status).toBe(503);
    const named = { code: 'invalid_config', part: 'store', field: 'DYNAMODB_TABLE', expected: 'a table' };
    expect(await ready.json()).toMatchObject(named);
    await cut.close();
  });

  it('does not wait for a store that hangs', async () => {
    const asleep: number[] = [];
    const store = failing(() => new Promise(() => {}));
    const ready = createReadiness({
      log: () => {},
      now: () => 0,
      sleep: (ms) => {
        asleep.push(ms);
        return Promise.resolve();
      },
    });
    const response = await ready(store);
    expect([response.status, asleep]).toEqual([503, [READY_MS]]);
    expect(await response.json()).toMatchObject({ code: 'store_unavailable', part: 'store' });
  });

  it('answers an unknown path with a problem that says where MCP is', async () => {
    const response = await fetch(`${served.url}/nope`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      code: 'not_found',
      hint: 'MCP is at /mcp; pushes go to /ingest/<stream>',
    });
  });
});
