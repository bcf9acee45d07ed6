/**
 * Pages of browsers and what stands between them and a server that listens by itself: which are let in, what they can
 * read of every answer, and for how long connections are kept.
 */
import { connect } from 'node:net';
import { request as send } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve, type Serving } from '../../src/hosts/node/serve.ts';
import { readConfig } from '../../src/store/drivers/open.ts';

const app = defineApp({
  name: 'edge',
  version: '1',
  description: 'Has a stream',
  streams: { files: stream({ description: 'Files', schema: z.object({ path: z.string() }) }) },
});

const running: Serving[] = [];
afterEach(async () => {
  for (const serving of running.splice(0)) await serving.stop();
});

/** Answers the port. */
async function started(variables: Record<string, string>): Promise<number> {
  const config = readConfig({ STORE: 'memory', PORT: '0', ...variables }, 'memory');
  const serving = await serve(
    config,
    app,
    nodeRuntime(() => {}),
    null,
  );
  running.push(serving);
  return Number(new URL(serving.url).port);
}

interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: { error?: { code: number; data?: { hint?: string } }; result?: object; hint?: string } | null;
}

/** `fetch` writes a Host and an Origin of its own. */
function ask(port: number, method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = send({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response;
        resolve({ status: statusCode, headers: answered, body: text ? (JSON.parse(text) as Answer['body']) : null });
      });
    });
    asked.on('error', reject).end(body);
  });
}

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_streams' } });
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

const call = (port: number, headers: Record<string, string>, path = '/mcp') =>
  ask(port, 'POST', path, { ...JSON_HEADERS, ...headers }, CALL);

describe('a page whose name was bound to this machine', () => {
  const evil = { host: 'evil.example:8802', origin: 'http://evil.example:8802' };

  test.each([
    ['on every address', { HOST: '0.0.0.0', AUTH: 'none', PUBLIC_URL: 'https://tides.example' }, 'ALLOWED_ORIGINS'],
    ['on every address, without a public URL', { HOST: '0.0.0.0', AUTH: 'none' }, 'ALLOWED_ORIGINS'],
    ['on loopback', {}, 'PUBLIC_URL'],
    ['on loopback, by a short form of it', { HOST: '127.1' }, 'PUBLIC_URL'],
    ['on loopback, by its name', { HOST: 'localhost' }, 'PUBLIC_URL'],
  ])('reads nothing %s, and its refusal names the variable', async (_where, variables, named) => {
    const { status, headers, body } = await call(await started(variables), evil);
    expect([status, body?.error?.code, headers['access-control-allow-origin']]).toEqual([403, -32_600, undefined]);
    expect(body?.error?.data?.hint).toContain(named);
  });
});

describe('a page that the operator allows', () => {
  const origin = 'https://ui.example';
  const variables = { ALLOWED_ORIGINS: 'https://other.example, https://ui.example' };

  test('is let in, and no other', async () => {
    const port = await started(variables);
    expect(await call(port, { origin })).toMatchObject({ status: 200, body: { result: {} } });
    const refused = await call(port, { origin: 'https://evil.example' });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect((await call(await started({}), { origin })).status).toBe(403);
  });

  test.each<[string, string, number, Record<string, string>]>([
    ['POST', '/mcp', 200, JSON_HEADERS],
    ['POST', '/mcp/', 200, JSON_HEADERS],
    ['POST', '/mcp', 415, {}],
    ['POST', '/mcp', 400, { ...JSON_HEADERS, 'mcp-protocol-version': '1999-01-01' }],
    ['GET', '/mcp', 405, {}],
    ['GET', '/mcp/', 405, {}],
    ['DELETE', '/mcp', 400, {}],
    ['POST', '/ingest/files', 404, JSON_HEADERS],
    ['GET', '/nothing', 404, {}],
    ['GET', '/', 200, {}],
    ['GET', '/readyz', 200, {}],
  ])('reads what is answered to %s %s with %i', async (method, path, status, headers) => {
    const answer = await ask(
      await started(variables),
      method,
      path,
      { ...headers, origin },
      method === 'POST' ? CALL : '',
    );
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
    const exposed = String(answer.headers['access-control-expose-headers']).toLowerCase();
    for (const name of ['allow', 'retry-after', 'www-authenticate']) expect(exposed).toContain(name);
  });

  test.each(['/mcp', '/mcp/', '/ingest/files'])('may ask first at %s, with any header and method', async (path) => {
    const wanted = 'authorization, mcp-protocol-version, mcp-param-region';
    const asked = { origin, 'access-control-request-method': 'DELETE', 'access-control-request-headers': wanted };
    const { status, headers } = await ask(await started(variables), 'OPTIONS', path, asked);
    expect(status).toBe(204);
    expect(headers['access-control-allow-headers']).toBe(wanted);
    expect(headers['access-control-allow-methods']).toContain('DELETE');
  });
});

/** Of the answer's head: for how long the server says that it keeps the connection, in seconds. */
const kept = async (variables: Record<string, string>) =>
  (await ask(await started(variables), 'GET', '/healthz', { connection: 'keep-alive' })).headers['keep-alive'];

describe('an idle connection', () => {
  test("is kept for longer than balancers' 60 s, or as long as the operator says", async () => {
    expect(await kept({})).toBe('timeout=65');
    expect(await kept({ KEEP_ALIVE_SECONDS: '3605' })).toBe('timeout=3605');
  });

  test('serves the next request', async () => {
    const port = await started({});
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    for (const answers of [1, 2]) {
      socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
      await expect.poll(() => text.split('HTTP/1.1 200').length - 1).toBe(answers);
    }
    socket.destroy();
  });
});
