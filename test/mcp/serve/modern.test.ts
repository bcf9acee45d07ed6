import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleApp, nextWait } from '../sample-app.ts';
import { type Served, serveApp } from '../served.ts';

interface Answer {
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
  id: unknown;
}

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp);
});
afterAll(() => served.close());

async function answerOf(response: Response): Promise<Answer> {
  return (await response.json()) as Answer;
}

function textOf(result: Answer['result']): string {
  const [block] = (result?.content ?? []) as { text: string }[];
  return block?.text ?? '';
}

async function events(response: Response): Promise<Record<string, unknown>[]> {
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const text = await response.text();
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Record<string, unknown>);
}

describe('2026-07-28', () => {
  it('answers server/discover with versions, capabilities, instructions and a cache hint', async () => {
    const { result } = await answerOf(await served.call('server/discover'));
    expect(result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
      instructions: 'sample: A sample for tests',
      ttlMs: 3_600_000,
      cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'sample', version: '1.2.3' } },
    });
  });

  it('lists tools with JSON Schemas of what goes in and comes out', async () => {
    const { result } = await answerOf(await served.call('tools/list'));
    expect(result).toMatchObject({ ttlMs: 300_000, cacheScope: 'public' });
    const tools = result?.tools as { name: string }[];
    expect(tools.map(({ name }) => name)).toEqual([...sampleApp.tools.keys()]);
    expect(tools[0]).toEqual({
      name: 'add',
      description: 'Adds two numbers.',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'number', description: 'first' }, b: { type: 'number', maximum: 100 } },
        required: ['a', 'b'],
      },
      outputSchema: {
        type: 'object',
        properties: { sum: { type: 'number' } },
        required: ['sum'],
        additionalProperties: false,
      },
    });
    expect(tools[1]).toMatchObject({ inputSchema: { type: 'object', additionalProperties: false } });
  });

  it('calls a tool: structured content and a text, as plain JSON', async () => {
    const response = await served.call('tools/call', { name: 'add', arguments: { a: 1, b: 2 } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect((await answerOf(response)).result).toMatchObject({
      resultType: 'complete',
      content: [{ type: 'text', text: '3' }],
      structuredContent: { sum: 3 },
    });
  });

  it('streams progress, log messages and partial results, and only what was asked for', async () => {
    const quiet = await served.call('tools/call', { name: 'count', arguments: {} });
    expect(quiet.headers.get('content-type')).toMatch(/^application\/json/);
    const asked = { progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'info' };
    const sent = await events(await served.call('tools/call', { name: 'count' }, { meta: asked }));
    expect(sent.map(({ method, params }) => [method, params])).toEqual([
      ['notifications/progress', { progressToken: 'p', progress: 1, total: 3, message: 'one' }],
      ['notifications/message', { level: 'info', data: { at: 2 }, logger: 'counter' }],
      ['notifications/progress', { progressToken: 'p', progress: 2, message: '{"partial":2}' }],
      ['notifications/progress', { progressToken: 'p', progress: 3, total: 3, message: 'three' }],
      [undefined, undefined],
    ]);
    expect(sent.at(-1)).toMatchObject({ result: { content: [{ text: 'done' }] } });
    const quieter = { 'io.modelcontextprotocol/logLevel': 'error' };
    const silent = await served.call('tools/call', { name: 'count' }, { meta: quieter });
    expect(silent.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('aborts the handler when its caller closes the response', async () => {
    const waiting = nextWait();
    const caller = new AbortController();
    const response = await served.call(
      'tools/call',
      { name: 'wait' },
      { meta: { progressToken: 1 }, signal: caller.signal },
    );
    await waiting.whenBegun;
    caller.abort();
    await expect(response.text()).rejects.toThrow();
    await waiting.whenEnded;
  });

  it('reads resources by URI and by template, decoded, each with its cache hint', async () => {
    const readme = await answerOf(await served.call('resources/read', { uri: 'doc://readme' }));
    expect(readme.result).toMatchObject({
      contents: [{ uri: 'doc://readme', mimeType: 'text/markdown', text: '# Read me' }],
      ttlMs: 0,
      cacheScope: 'private',
    });
    const uri = 'note://ada/a%2Fb';
    const note = await answerOf(await served.call('resources/read', { uri }));
    expect(note.result).toMatchObject({ contents: [{ uri, text: 'ada/a/b' }], ttlMs: 5_000, cacheScope: 'public' });
    const { result } = await answerOf(await served.call('resources/templates/list'));
    expect(result).toMatchObject({ resourceTemplates: [{ uriTemplate: 'note://{owner}/{id}', name: 'note' }] });
  });

  it('gets prompts and completes their arguments and those of templates', async () => {
    const brief = await answerOf(await served.call('prompts/get', { name: 'brief', arguments: { topic: 'tides' } }));
    expect(brief.result?.messages).toEqual([{ role: 'user', content: { type: 'text', text: 'Brief on tides' } }]);
    const ofPrompt = { ref: { type: 'ref/prompt', name: 'brief' }, argument: { name: 'topic', value: 'x' } };
    expect((await answerOf(await served.call('completion/complete', ofPrompt))).result).toMatchObject({
      completion: { values: ['x-one'], total: 1, hasMore: false },
    });
    const template = { type: 'ref/resource', uri: 'note://{owner}/{id}' };
    const ofTemplate = { ref: template, argument: { name: 'owner', value: 'al' } };
    expect((await answerOf(await served.call('completion/complete', ofTemplate))).result).toMatchObject({
      completion: { values: ['alan'] },
    });
  });

  it('acknowledges subscriptions/listen first', async () => {
    const caller = new AbortController();
    const params = { notifications: { toolsListChanged: true } };
    const response = await served.call('subscriptions/listen', params, { signal: caller.signal });
    const reader = response.body?.getReader();
    const first = new TextDecoder().decode((await reader?.read())?.value);
    caller.abort();
    expect(first).toContain('notifications/subscriptions/acknowledged');
  });
});

describe('2026-07-28, bad input', () => {
  it.each([
    ['an unknown tool', 'tools/call', { name: 'nope' }, { code: 'not_found', field: 'name' }],
    ['arguments that are a list', 'tools/call', { name: 'greet', arguments: [] }, { field: 'params.arguments' }],
    ['an unknown resource', 'resources/read', { uri: 'note://ada' }, { uri: 'note://ada' }],
    ['a bad escape in a URI', 'resources/read', { uri: 'note://ada/%zz' }, { uri: 'note://ada/%zz' }],
    ['an unknown prompt', 'prompts/get', { name: 'nope' }, { field: 'name' }],
    ['a missing argument', 'prompts/get', { name: 'brief' }, { field: 'arguments.topic', expected: 'a text' }],
    ['a bad cursor', 'tools/list', { cursor: 'bogus' }, { code: 'bad_cursor', field: 'cursor' }],
    ['a cursor of another list', 'tools/list', { cursor: btoa('prompts:100') }, { code: 'bad_cursor' }],
    ['a cursor that is no text', 'tools/list', { cursor: 7 }, { field: 'params.cursor' }],
    [
      'a completion of nothing',
      'completion/complete',
      { ref: { type: 'x' }, argument: {} },
      { field: 'params.ref.type' },
    ],
  ])('answers %s with -32602 that names the field', async (_case, method, params, data) => {
    const response = await served.call(method, params);
    expect(response.status).toBe(200);
    const { error } = await answerOf(response);
    expect(error).toMatchObject({ code: -32_602, data });
  });

  it('answers wrong arguments with a result that names each and what was expected', async () => {
    const { result } = await answerOf(await served.call('tools/call', { name: 'add', arguments: { b: 101 } }));
    expect(result).toMatchObject({ isError: true });
    const text = textOf(result);
    expect(text).toContain('a: missing, expected a number');
    expect(text).toContain('b: expected a number of at most 100, found 101');
  });

  it('gives a refusal of the tool to the model, with the field and what to do', async () => {
    const { result } = await answerOf(await served.call('tools/call', { name: 'refuse' }));
    expect(result?.isError).toBe(true);
    const text = textOf(result);
    expect(text).toContain('Argument: stream.');
    expect(text).toContain('Expected: one of quakes, host.');
    expect(text).toContain('Hint: list_streams names them.');
  });

  it.each(['crash', 'lie'])('keeps the reason of a defect (%s) in the log, under a reference', async (name) => {
    const text = await (await served.call('tools/call', { name })).text();
    expect(text).not.toContain('secret');
    const reference = /reference ([\w-]+)/.exec(text)?.[1];
    const entry = served.logged.find(({ fields }) => (fields as { reference?: string })?.reference === reference);
    expect(entry).toMatchObject({ level: 'error', fields: { tool: name } });
  });

  it('answers 503 with Retry-After while the store is gone, and blames nobody', async () => {
    const response = await served.call('tools/call', { name: 'storeless' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('3');
    const { error, id } = await answerOf(response);
    expect(id).toBe(1);
    expect(error).toMatchObject({ code: -32_603, data: { code: 'store_unavailable', retryAfterMs: 2_500 } });
    expect(JSON.stringify(error)).not.toContain('10.0.0.7');
  });

  it.each([
    ['no MCP-Protocol-Version', { 'MCP-Protocol-Version': null }],
    ['no Mcp-Method', { 'Mcp-Method': null }],
    ['another Mcp-Method', { 'Mcp-Method': 'tools/list' }],
    ['no Mcp-Name', { 'Mcp-Name': null }],
    ['another Mcp-Name', { 'Mcp-Name': 'add' }],
  ])('answers %s with 400, -32020', async (_case, headers) => {
    const response = await served.call('tools/call', { name: 'greet' }, { headers });
    expect(response.status).toBe(400);
    expect((await answerOf(response)).error?.code).toBe(-32_020);
  });

  it.each([
    ['missing', { region: 'eu' }, {}, 400],
    ['another value', { region: 'eu' }, { 'Mcp-Param-Region': 'us' }, 400],
    ['bad base64', { region: 'eu' }, { 'Mcp-Param-Region': '=?base64?ZX?=' }, 400],
    ['one for an absent argument', { region: 'eu' }, { 'Mcp-Param-Region': 'eu', 'Mcp-Param-Limit': '3' }, 400],
    ['the same value', { region: 'eu' }, { 'Mcp-Param-Region': 'eu' }, 200],
    ['the same in base64', { region: 'Köln' }, { 'Mcp-Param-Region': '=?base64?S8O2bG4=?=' }, 200],
    ['an equal number', { region: 'eu', limit: 42 }, { 'Mcp-Param-Region': 'eu', 'Mcp-Param-Limit': '42.0' }, 200],
  ])('checks Mcp-Param headers: %s', async (_case, args, headers, status) => {
    const response = await served.call('tools/call', { name: 'regional', arguments: args }, { headers });
    expect(response.status).toBe(status);
    if (status === 400) expect((await answerOf(response)).error?.code).toBe(-32_020);
  });

  it('answers an unsupported version with 400, -32022 and what is supported', async () => {
    const response = await served.call(
      'tools/list',
      {},
      {
        headers: { 'MCP-Protocol-Version': '2030-01-01' },
        meta: { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' },
      },
    );
    expect(response.status).toBe(400);
    expect((await answerOf(response)).error).toMatchObject({
      code: -32_022,
      data: { supported: ['2026-07-28'], requested: '2030-01-01' },
    });
  });

  it('answers a request without client capabilities with 400, -32602', async () => {
    const meta = { 'io.modelcontextprotocol/clientCapabilities': undefined };
    const response = await served.call('tools/list', {}, { meta });
    expect(response.status).toBe(400);
    expect((await answerOf(response)).error?.code).toBe(-32_602);
  });

  it('refuses a tool whose client capability is not declared with 400, -32021', async () => {
    const response = await served.call('tools/call', { name: 'sampler' });
    expect(response.status).toBe(400);
    const { error } = await answerOf(response);
    expect(error).toMatchObject({ code: -32_021, data: { requiredCapabilities: { sampling: {} } } });
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { sampling: {} } };
    expect((await served.call('tools/call', { name: 'sampler' }, { meta })).status).toBe(200);
  });

  it.each(['initialize', 'ping', 'resources/subscribe', 'nothing/here'])(
    'answers %s with 404, -32601',
    async (method) => {
      const response = await served.call(method, { protocolVersion: 'x' });
      expect(response.status).toBe(404);
      expect((await answerOf(response)).error?.code).toBe(-32_601);
    },
  );

  it('answers an unknown log level with -32602', async () => {
    const response = await served.call('tools/list', {}, { meta: { 'io.modelcontextprotocol/logLevel': 'loud' } });
    expect((await answerOf(response)).error?.code).toBe(-32_602);
  });
});
