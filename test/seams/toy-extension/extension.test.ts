/** An extension of MCP is served by a host that is given it, with the package's exports alone: declared, listed, called, and refused. */
import { onTestFinished, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, type Extension, stream, tool } from 'tidegate';
import { createHost, type Host, systemRuntime } from 'tidegate/host';
import { createMemoryStore } from 'tidegate/store';
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

function hostOf(extensions: readonly Extension[]): Host {
  const host = createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}), extensions });
  onTestFinished(() => host.close());
  return host;
}

interface Reply {
  result: Record<string, unknown>;
  error: { code: number; message: string; data: Record<string, unknown> };
}

async function post(host: Host, message: object, headers: Record<string, string>): Promise<Reply & { status: number }> {
  const request = new Request('http://127.0.0.1/mcp', {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
  const response = await host.fetch(request);
  return { status: response.status, ...((await response.json()) as Reply) };
}

/** A request of the revision 2026-07-28, whose client declares these extensions. */
async function call(host: Host, method: string, params: { name?: string; [field: string]: unknown } = {}, known = {}) {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { extensions: known },
  };
  return post(
    host,
    { method, params: { ...params, _meta: meta } },
    {
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(params.name === undefined ? {} : { 'Mcp-Name': params.name }),
    },
  );
}

const KNOWING = { [TOY]: {} };

const legacy = (host: Host, body: object) => post(host, body, { Accept: 'application/json' });

test('its capability stands with the server, for those to whom the revision says extensions', async () => {
  const host = hostOf([toyExtension]);
  const { result } = await call(host, 'server/discover');
  expect(result['capabilities']).toMatchObject({ extensions: { [TOY]: { most: 100 } } });
  const clientInfo = { name: 'c', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const initialized = await legacy(host, { method: 'initialize', params });
  expect(initialized.result['capabilities']).not.toHaveProperty('extensions');
});

test('its tool is listed behind the built-in ones, before the tasks and what the app declares, and is called as any', async () => {
  const host = hostOf([toyExtension]);
  const { result } = await call(host, 'tools/list');
  const names = (result['tools'] as { name: string }[]).map(({ name }) => name);
  expect(names.slice(-5)).toEqual(['read_result', 'count', 'wait_for', 'export_history', 'add']);
  await call(host, 'tools/call', { name: 'add' });
  expect((await call(host, 'tools/call', { name: 'count' })).result['content']).toEqual([
    { type: 'text', text: 'There are 1' },
  ]);
});

test('its method answers a client that declared it', async () => {
  const host = hostOf([toyExtension]);
  await call(host, 'tools/call', { name: 'add' });
  await call(host, 'tools/call', { name: 'add' });
  expect((await call(host, 'count/get', { stream: 'readings' }, KNOWING)).result).toMatchObject({ count: 2 });
  const wrong = await call(host, 'count/get', {}, KNOWING);
  expect(wrong.error).toMatchObject({ code: -32_602, data: { code: 'invalid_input', field: 'params.stream' } });
});

test('its method refuses a client that did not declare it, and is none of an earlier revision', async () => {
  const host = hostOf([toyExtension]);
  const undeclared = await call(host, 'count/get', { stream: 'readings' });
  expect(undeclared.status).toBe(400);
  expect(undeclared.error).toMatchObject({
    code: -32_021,
    data: { code: 'missing_capability', requiredCapabilities: { extensions: { [TOY]: {} } } },
  });
  const earlier = await legacy(host, { method: 'count/get', params: { stream: 'readings' } });
  expect(earlier.error).toMatchObject({ code: -32_601, message: 'Method not found: count/get' });
});

test('without it there is no such method', async () => {
  const host = hostOf([]);
  const { status, error } = await call(host, 'count/get', { stream: 'readings' }, KNOWING);
  expect(status).toBe(404);
  expect(error.code).toBe(-32_601);
});
