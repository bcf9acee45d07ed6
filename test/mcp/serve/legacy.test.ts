import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleApp, nextWait } from '../sample-app.ts';
import { type Served, serveApp } from '../served.ts';

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp);
});
afterAll(() => served.close());

function post(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(served.mcpUrl, {
    method: 'POST',
    ...(signal ? { signal } : {}),
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

async function statusAndText(messages: unknown): Promise<[number, string]> {
  const response = await post(messages);
  return [response.status, await response.text()];
}

const request = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 7, method, params });
const initialize = (protocolVersion: string) =>
  request('initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '0' } });

describe('2025-11-25 and earlier, without a session', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])(
    'initializes at %s, as JSON, with a session',
    async (version) => {
      const response = await post(initialize(version));
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(response.headers.get('mcp-session-id')).toMatch(/^[!-~]+$/);
      expect(await response.json()).toMatchObject({
        id: 7,
        result: { protocolVersion: version, serverInfo: { name: 'sample' }, capabilities: { tools: {} } },
      });
    },
  );

  it('offers its newest when asked for a version that nobody knows', async () => {
    expect(await (await post(initialize('2099-01-01'))).json()).toMatchObject({
      result: { protocolVersion: '2025-11-25' },
    });
  });

  it('serves a call that nothing went before, as JSON', async () => {
    const response = await post(request('tools/call', { name: 'add', arguments: { a: 1, b: 2 } }));
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({ id: 7, result: { structuredContent: { sum: 3 } } });
  });

  it('streams where there is progress, unless the client takes JSON only', async () => {
    const call = request('tools/call', { name: 'count', _meta: { progressToken: 'p' } });
    const streamed = await post(call);
    expect(streamed.headers.get('content-type')).toBe('text/event-stream');
    expect((await streamed.text()).match(/notifications\/progress/g)).toHaveLength(3);
    const plain = await post(call, { Accept: 'application/json' });
    expect(await plain.json()).toMatchObject({ result: { content: [{ text: 'done' }] } });
  });

  it('answers ping, takes notifications, and serves a batch', async () => {
    expect(await (await post(request('ping'))).json()).toMatchObject({ result: {} });
    const noted = await post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([noted.status, await noted.text()]).toEqual([202, '']);
    const batch = await post([request('ping'), { ...request('tools/list'), id: 8 }]);
    expect(await batch.json()).toMatchObject([{ id: 7 }, { id: 8, result: { tools: expect.any(Array) as unknown[] } }]);
  });

  it('bounds a batch, keeps initialize out of it, and acknowledges one of notifications', async () => {
    expect(await statusAndText(Array.from({ length: 51 }, () => request('ping')))).toEqual([
      400,
      expect.stringContaining('1 to 50 messages'),
    ]);
    expect(await statusAndText([initialize('2025-03-26')])).toEqual([200, expect.stringContaining('-32600')]);
    expect(await statusAndText([{ jsonrpc: '2.0', method: 'notifications/initialized' }])).toEqual([202, '']);
  });

  it('takes a connection that ends for no cancellation, and ends what is at work with the server', async () => {
    const own = await serveApp(sampleApp);
    const waiting = nextWait();
    const caller = new AbortController();
    const call = fetch(own.mcpUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(request('tools/call', { name: 'wait' })),
      signal: caller.signal,
    });
    await waiting.whenBegun;
    let isEnded = false;
    void waiting.whenEnded.then(() => (isEnded = true));
    caller.abort();
    await expect(call).rejects.toThrow();
    // Another call on another connection goes there and back meanwhile.
    expect((await post(request('tools/call', { name: 'greet' }))).status).toBe(200);
    expect(isEnded).toBe(false);
    await own.close();
    await waiting.whenEnded;
  });

  it('answers what it does not have with -32601, and unknown tools with -32602', async () => {
    expect(await (await post(request('nothing/here'))).json()).toMatchObject({ error: { code: -32_601 } });
    expect(await (await post(request('server/discover'))).json()).toMatchObject({ error: { code: -32_601 } });
    expect(await (await post(request('tools/call', { name: 'nope' }))).json()).toMatchObject({
      id: 7,
      error: { code: -32_602, data: { code: 'not_found', field: 'name' } },
    });
  });

  it.each([
    ['initialize', { protocolVersion: 7 }, 'params.protocolVersion'],
    ['initialize', { protocolVersion: '2025-11-25', capabilities: {} }, 'params.clientInfo'],
    ['logging/setLevel', { level: 'loud' }, 'params.level'],
  ])('answers wrong parameters of %s %j with -32602 that names the field', async (method, params, field) => {
    expect(await (await post(request(method, params))).json()).toMatchObject({
      error: { code: -32_602, data: { field, expected: expect.any(String) as string } },
    });
  });

  it('says why a tool that needs client capabilities cannot be called', async () => {
    const answer = await (await post(request('tools/call', { name: 'sampler' }))).json();
    expect(answer).toMatchObject({ error: { code: -32_602, data: { code: 'invalid_input' } } });
  });

  it('answers 503 with Retry-After while the store is gone', async () => {
    const response = await post(request('tools/call', { name: 'storeless' }));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(await response.json()).toMatchObject({ id: 7, error: { data: { code: 'store_unavailable' } } });
  });

  it('refuses a version header that it does not know with 400 and what it knows', async () => {
    const response = await post(request('tools/list'), { 'MCP-Protocol-Version': '1999-01-01' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { data: { field: 'MCP-Protocol-Version' } } });
  });

  it.each([
    ['no method', { jsonrpc: '2.0', id: 1 }],
    ['another JSON-RPC', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['a text', 'ping'],
    ['null', null],
    ['an empty batch', []],
  ])('refuses a body that is no message (%s) with 400', async (_case, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: expect.any(Number) as number } });
  });

  it.each(['GET', 'PUT'])('answers %s with 405', async (method) => {
    const response = await fetch(served.mcpUrl, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([
      405,
      method === 'GET' ? 'POST, DELETE, OPTIONS' : 'GET, POST, DELETE, OPTIONS',
    ]);
    expect(await response.json()).toMatchObject({ error: { code: -32_600 } });
  });
});
