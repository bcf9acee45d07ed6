/** Messages out of form: what serialisers, proxies and careless clients send, over HTTP, and what is answered. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleApp } from '../mcp/sample-app.ts';
import { type Served, serveApp } from '../mcp/served.ts';

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp, { builtIns: true, http: { pushTokens: new Map() } });
});
afterAll(() => served.close());

interface Answer {
  id?: unknown;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: { expected?: string } };
}

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

describe('an id that a double cannot hold', () => {
  test.each([
    ['an id', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', 'id'],
    ['a negative id', '{"jsonrpc":"2.0","id":-9007199254740993,"method":"ping"}', 'id'],
    [
      'an id in a batch',
      '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}]',
      'id',
    ],
    [
      'a progress token',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","_meta":{"progressToken":9007199254740993}}}',
      'params._meta.progressToken',
    ],
    [
      'a cancelled id',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9007199254740993}}',
      'params.requestId',
    ],
  ])('is refused with -32600 and null: %s', async (_what, body, field) => {
    const { status, answer } = await post(body);
    expect([status, answer.id, answer.error?.code]).toEqual([400, null, -32_600]);
    expect(answer.error?.data?.expected).toMatch(new RegExp(`^${field}: `));
  });

  test.each([
    ['the same digits as a text', '"9007199254740993"', '9007199254740993'],
    ['the largest that is certain', '9007199254740991', 9_007_199_254_740_991],
    ['zero', '0', 0],
    ['an empty text', '""', ''],
  ])('is no other one: %s', async (_what, id, expected) => {
    const { status, answer } = await post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
    expect([status, answer.id, answer.result]).toEqual([200, expected, {}]);
  });

  test('is not found in arguments, where such a number is read as its digits', async () => {
    const args = '{"a":1,"b":2,"note":9007199254740993,"id":9007199254740993}';
    const { answer } = await post(
      `{"jsonrpc":"2.0","id":"9007199254740993","method":"tools/call","params":{"name":"add","arguments":${args}}}`,
    );
    expect([answer.id, answer.result?.['structuredContent']]).toEqual(['9007199254740993', { sum: 3 }]);
  });
});

describe('a message whose fault is named', () => {
  test.each([1.5, true, {}])('a progress token %j', async (progressToken) => {
    const { status, answer } = await post(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: { progressToken } } }),
    );
    expect([status, answer.id, answer.error?.code]).toEqual([400, 1, -32_600]);
    expect(answer.error?.data?.expected).toBe('params._meta.progressToken: a text or a whole number');
  });

  test.each(['POST', 'GET'])('what 2026-07-28 has not: %s', async (method) => {
    const response = await fetch(served.mcpUrl, {
      method,
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
      },
      ...(method === 'POST' ? { body: '[{"jsonrpc":"2.0","id":1,"method":"ping"}]' } : {}),
    });
    const text = await response.text();
    expect(response.status).toBeLessThan(500);
    expect(text).toContain('2026-07-28 has neither batches nor streams by GET');
    expect(text).not.toContain('Unsupported');
  });
});

describe('a message with an id and something wrong', () => {
  test.each([
    ['no method', '{"jsonrpc":"2.0","id":5}', 5],
    ['a method that is no text', '{"jsonrpc":"2.0","id":"a","method":7}', 'a'],
    ['another JSON-RPC', '{"jsonrpc":"1.0","id":5,"method":"ping"}', 5],
    ['parameters that are a list', '{"jsonrpc":"2.0","id":5,"method":"ping","params":[1]}', 5],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', null],
    ['an id that is a fraction', '{"jsonrpc":"2.0","id":0.5,"method":"ping"}', null],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', null],
  ])('is answered with -32600 and the id where it can be known: %s', async (_what, body, id) => {
    const { status, answer } = await post(body);
    expect([status, answer.id, answer.error?.code]).toEqual([400, id, -32_600]);
  });
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: null, roots: null, extensions: { 'a/b': null } },
  'io.modelcontextprotocol/clientInfo': { name: 't', version: '1', title: null, icons: null },
  'io.modelcontextprotocol/logLevel': null,
  progressToken: null,
  traceparent: null,
};

describe('null members of the protocol count as absent', () => {
  test.each([
    ['params', 'tools/list', null],
    ['params of a ping', 'ping', null],
    ['cursor', 'tools/list', { cursor: null }],
    ['cursor of resources', 'resources/list', { cursor: null, _meta: null }],
    ['arguments', 'tools/call', { name: 'greet', arguments: null, _meta: { progressToken: null } }],
    [
      'what a client says of itself',
      'initialize',
      {
        protocolVersion: '2025-11-25',
        capabilities: { roots: null, sampling: null, elicitation: { form: null, url: null }, experimental: null },
        clientInfo: { name: 't', version: '1', title: null, websiteUrl: null, icons: null },
        _meta: null,
      },
    ],
  ])('of 2025-11-25: %s', async (_what, method, params) => {
    const { status, answer } = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    expect([status, answer.error, typeof answer.result]).toEqual([200, undefined, 'object']);
  });

  test.each([
    ['tools/list', { cursor: null }],
    ['server/discover', {}],
    ['tools/call', { name: 'greet', arguments: null, inputResponses: null, requestState: null }],
  ])('of 2026-07-28: %s %j', async (method, params) => {
    const response = await served.call(method, params, { meta: META });
    const answer = (await response.json()) as Answer;
    expect([response.status, answer.error, typeof answer.result]).toEqual([200, undefined, 'object']);
  });

  test('and what is needed is missed by name', async () => {
    const params = { protocolVersion: null, capabilities: {}, clientInfo: { name: 't', version: '1' } };
    const { answer } = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }));
    expect(answer.error).toMatchObject({ code: -32_602, data: { field: 'params.protocolVersion' } });
  });
});

const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const packed = async () => {
  const stream = new Blob([PING]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

describe('headers of a body', () => {
  test.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json, application/json',
    'application/json; charset=utf-8, application/json; charset=utf-8',
  ])('%s is read', async (type) => {
    expect((await post(PING, { 'Content-Type': type })).status).toBe(200);
  });

  test.each([
    'text/plain',
    'application/json-rpc',
    'application/jsonx, application/json',
    'application/json, text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=utf-8, application/json; charset=iso-8859-1',
  ])('%s is answered with 415', async (type) => {
    const { status, answer } = await post(PING, { 'Content-Type': type });
    expect([status, answer.error?.code]).toEqual([415, -32_600]);
    expect(answer.error?.data?.expected).toContain('application/json');
  });

  test.each(['gzip', 'br', 'identity, gzip'])('a body that is packed as %s is answered with 415', async (coding) => {
    const { status, answer } = await post(await packed(), { 'Content-Encoding': coding });
    expect([status, answer.error?.code]).toEqual([415, -32_600]);
    expect(answer.error?.data?.expected).toContain('Content-Encoding');
  });

  test('a body that says that it is not packed is read', async () => {
    expect((await post(PING, { 'Content-Encoding': 'identity' })).status).toBe(200);
  });
});
