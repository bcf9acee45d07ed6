/** An extension of MCP is served without a line in the rooms of the server: declared, listed, called, and refused. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, tool } from 'tidegate';
import { type Change, type Served, serveApp } from '../../mcp/served.ts';
import { TOY, toyExtension } from './extension.ts';

const app = defineApp({
  name: 'counted',
  version: '1',
  description: 'Counts',
  streams: { readings: stream({ description: 'Readings', schema: z.object({ n: z.number() }) }) },
  tools: {
    add: tool({
      description: 'Adds one',
      run: async (_input, { streams }) => JSON.stringify(await streams.append('readings', { n: 1 })),
    }),
  },
});

let served: Served;
beforeEach(async () => {
  served = await serveApp(app, { extensions: [toyExtension], builtIns: true });
});
afterEach(() => served.close());

const KNOWING: Change = { meta: { 'io.modelcontextprotocol/clientCapabilities': { extensions: { [TOY]: {} } } } };

interface Reply {
  result: Record<string, unknown>;
  error: { code: number; message: string; data: Record<string, unknown> };
}

async function call(method: string, params: object = {}, change: Change = {}): Promise<Reply & { status: number }> {
  const response = await served.call(method, params, change);
  return { status: response.status, ...((await response.json()) as Reply) };
}

const legacy = (body: object) =>
  fetch(served.mcpUrl, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
  });

test('its capability stands with the server, for those to whom the revision says extensions', async () => {
  const { result } = await call('server/discover');
  expect(result['capabilities']).toMatchObject({ extensions: { [TOY]: { most: 100 } } });
  const clientInfo = { name: 'c', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const initialized = (await (await legacy({ method: 'initialize', params })).json()) as Reply;
  expect(initialized.result['capabilities']).not.toHaveProperty('extensions');
});

test('its tool is listed behind the built-in ones and before those of the app, and is called as any', async () => {
  const { result } = await call('tools/list');
  const names = (result['tools'] as { name: string }[]).map(({ name }) => name);
  expect(names.slice(-3)).toEqual(['tail_stream', 'count', 'add']);
  await call('tools/call', { name: 'add' });
  expect((await call('tools/call', { name: 'count' })).result['content']).toEqual([
    { type: 'text', text: 'There are 1' },
  ]);
});

test('its method answers a client that declared it', async () => {
  await call('tools/call', { name: 'add' });
  await call('tools/call', { name: 'add' });
  expect((await call('count/get', { stream: 'readings' }, KNOWING)).result).toMatchObject({ count: 2 });
  const wrong = await call('count/get', {}, KNOWING);
  expect(wrong.error).toMatchObject({ code: -32_602, data: { code: 'invalid_input', field: 'params.stream' } });
});

test('its method refuses a client that did not declare it, and is none of an earlier revision', async () => {
  const undeclared = await call('count/get', { stream: 'readings' });
  expect(undeclared.status).toBe(400);
  expect(undeclared.error).toMatchObject({
    code: -32_021,
    data: { code: 'missing_capability', requiredCapabilities: { extensions: { [TOY]: {} } } },
  });
  const earlier = (await (await legacy({ method: 'count/get', params: { stream: 'readings' } })).json()) as Reply;
  expect(earlier.error).toMatchObject({ code: -32_601, message: 'Method not found: count/get' });
});

test('without it there is no such method', async () => {
  await served.close();
  served = await serveApp(app);
  const { status, error } = await call('count/get', { stream: 'readings' }, KNOWING);
  expect(status).toBe(404);
  expect(error.code).toBe(-32_601);
});
