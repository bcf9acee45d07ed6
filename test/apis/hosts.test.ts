/** Where Node and Lambda have the secrets of HTTP tools from, and what they say without. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLambdaHost } from '../../src/hosts/lambda/host.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { defineApp, httpTool, secret } from '../../src/index.ts';
import { type HttpSource, json, startHttpSource } from '../services/http-feed.ts';
import { apiOf } from './stage.ts';

let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
  source.on('/p', json({ n: 1 }));
});
afterEach(() => source.close());

function keyedApp() {
  const api = apiOf(source, { headers: { 'X-Key': secret('SHOP_KEY') } });
  const tools = { t: httpTool({ description: 'x', api, url: '/p' }) };
  return defineApp({ name: 'keyed', version: '1', description: 'x', tools });
}

const BODY = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 't', arguments: {} } });
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

async function onNode(environment: Record<string, string>): Promise<{ status: number; text: string }> {
  const config = readConfig({ ...environment, PORT: '0', STORE: 'memory' }, 'memory');
  const serving = await serve(
    config,
    keyedApp(),
    nodeRuntime(() => {}),
    null,
  );
  try {
    const response = await fetch(`${serving.url}/mcp`, { method: 'POST', headers: HEADERS, body: BODY });
    return { status: response.status, text: await response.text() };
  } finally {
    await serving.stop();
  }
}

async function onLambda(environment: Record<string, string>): Promise<{ status: number; text: string }> {
  const event = {
    version: '2.0',
    rawPath: '/mcp',
    rawQueryString: '',
    headers: { ...HEADERS, host: 'example.org' },
    requestContext: { http: { method: 'POST', path: '/mcp', sourceIp: '192.0.2.1' }, domainName: 'example.org' },
    body: BODY,
    isBase64Encoded: false,
  };
  const host = createLambdaHost(keyedApp(), { ...environment, STORE: 'memory' }, { write: nothing });
  const answer = await host.buffered(event, { getRemainingTimeInMillis: () => 20_000 });
  const text = answer.isBase64Encoded ? Buffer.from(answer.body, 'base64').toString() : answer.body;
  return { status: answer.statusCode, text };
}

function nothing(): void {}

test.each([
  ['Node', onNode],
  ['Lambda', onLambda],
])('%s sends what its environment says', async (_, answer) => {
  expect(await answer({ SHOP_KEY: 'abcdefgh' })).toMatchObject({
    status: 200,
    text: expect.stringContaining('"structuredContent":{"n":1}'),
  });
  expect(source.requests.map(({ headers }) => headers['x-key'])).toEqual(['abcdefgh']);
});

test('without it Node does not start, and names the variable', async () => {
  await expect(onNode({})).rejects.toMatchObject({ code: 'invalid_config', field: 'SHOP_KEY' });
});

test('without it Lambda serves nothing', async () => {
  const { status, text } = await onLambda({});
  expect([status, text]).toEqual([500, expect.not.stringContaining('"n"')]);
  expect(source.requests).toEqual([]);
});
