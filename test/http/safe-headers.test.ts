/** Every answer says the same to browsers, whatever it is, on a host that hands answers on and on Node's own server. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, TidegateError } from '../../src/index.ts';
import { readEnvironment } from '../../src/base/config/config.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import type { HttpAppOptions } from '../../src/http/app-options.ts';
import { withSafeHeaders } from '../../src/http/safe-headers.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { startProblem } from '../../src/hosts/start-problem.ts';
import { memory } from '../../src/store/drivers/memory-driver.ts';
import { serveApp } from '../mcp/served.ts';

const app = defineApp({
  name: 'safe',
  version: '1',
  description: 'Answers safely',
  streams: { files: stream({ description: 'Files', schema: z.object({ n: z.number() }) }) },
});

const DATA = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
const PUBLIC = { ...DATA, 'cross-origin-resource-policy': 'cross-origin', 'cache-control': 'public, max-age=3600' };

const saidOf = ({ headers }: Response) =>
  Object.fromEntries(Object.keys(DATA).map((name) => [name, headers.get(name)]));

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const rpc = (method: string, params = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } });
const headersOf = (method: string) => ({
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
  'MCP-Protocol-Version': '2026-07-28',
  'Mcp-Method': method,
});

type Asked = [name: string, path: string, init: RequestInit, status: number, said?: object];
const ASKED: Asked[] = [
  ['a list', '/mcp', { method: 'POST', headers: headersOf('tools/list'), body: rpc('tools/list') }, 200],
  ['a discovery', '/mcp', { method: 'POST', headers: headersOf('server/discover'), body: rpc('server/discover') }, 200],
  ['no message', '/mcp', { method: 'POST', headers: headersOf('x'), body: '{' }, 400],
  ['another method', '/mcp', { method: 'PUT' }, 405],
  ['a page elsewhere', '/mcp', { method: 'POST', headers: { Origin: 'https://evil.example' } }, 403],
  ['a preflight', '/mcp', { method: 'OPTIONS', headers: { Origin: 'https://page.example' } }, 204],
  ['a card', '/mcp/server-card', {}, 200, PUBLIC],
  ['a catalog', '/.well-known/ai-catalog.json', {}, 200, PUBLIC],
  ['a push without a token', '/ingest/files', { method: 'POST', body: '{}' }, 401],
  ['a read of a push', '/ingest/files', {}, 405],
  ['health', '/healthz', {}, 200],
  ['readiness', '/readyz', {}, 200],
  ['the front', '/', {}, 200],
  ['what is not there', '/nothing', {}, 404],
];

const http: Partial<HttpAppOptions> = {
  allowedOrigins: ['https://page.example'],
  pushTokens: new Map([['files', 'a-token-of-the-tests']]),
};

test.each(ASKED)('%s (%s)', async (_, path, init, status, said = DATA) => {
  const served = await serveApp(app, { builtIns: true, http });
  onTestFinished(() => served.close());
  const response = await fetch(`${served.url}${path}`, init);
  expect([response.status, saidOf(response)]).toEqual([status, said]);
  expect(response.headers.has('strict-transport-security')).toBe(false);
});

async function node(variables: Record<string, string>) {
  const environment = {
    PORT: '0',
    STORE: 'memory',
    DEMO: 'off',
    ALLOWED_ORIGINS: 'https://page.example',
    ...variables,
  };
  const config = readEnvironment(environment, { drivers: [memory], standard: 'memory' });
  const serving = await serve(
    config,
    app,
    systemRuntime(() => {}),
    null,
  );
  onTestFinished(() => serving.stop());
  return serving;
}

test.each(ASKED.filter(([name]) => name !== 'a push without a token'))(
  '%s of Node’s own server (%s)',
  async (_, path, init, status, said = DATA) => {
    const { url } = await node({});
    const response = await fetch(`${url}${path}`, init);
    expect([response.status, saidOf(response)]).toEqual([status, said]);
  },
);

const securityOf = async (url: string) => (await fetch(`${url}/healthz`)).headers.get('strict-transport-security');

test('a public URL of https is kept to, on both; another is not', async () => {
  const secure = 'max-age=31536000';
  const served = await serveApp(app, { http: { ...http, publicUrl: 'https://live.example' } });
  onTestFinished(() => served.close());
  expect(await securityOf(served.url)).toBe(secure);
  expect(await securityOf((await node({ PUBLIC_URL: 'https://live.example' })).url)).toBe(secure);
  expect(await securityOf((await node({ PUBLIC_URL: 'http://live.example' })).url)).toBeNull();
});

test('a stream is not kept, and says what it said beside that', () => {
  const headers = withSafeHeaders({ 'cache-control': 'no-cache, no-transform' }, false);
  expect(headers).toMatchObject({ 'cache-control': 'no-store, no-cache, no-transform' });
  expect(headers).not.toHaveProperty('Cache-Control');
});

test('a header that a route sets stays, however it is written', () => {
  const own = { 'content-security-policy': "default-src 'self'", 'Referrer-Policy': 'same-origin' };
  expect(withSafeHeaders(own, true)).toMatchObject(own);
  expect(withSafeHeaders(own, true)).not.toHaveProperty('Content-Security-Policy');
});

test('what a platform answers where no host could be made says the same', () => {
  expect(saidOf(startProblem(new TidegateError('invalid_config', 'x', { field: 'STORE' })))).toEqual(DATA);
});

test('a request that Node cannot read is refused without any of them, and shows nothing', async () => {
  const { url } = await node({});
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('GET / HTTP/1.1\r\nBad Header\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
});
