/** The server of tools of one's own, by official clients of both eras over a real port. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcp } from 'tidegate/mcp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mcp, server } from './server.ts';

let listening: ReturnType<typeof serve>;
let url: URL;

beforeAll(async () => {
  listening = serve({ fetch: server.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => listening.once('listening', resolve));
  url = new URL(`http://127.0.0.1:${(listening.address() as AddressInfo).port}/mcp`);
});

afterAll(async () => {
  await mcp.close();
  await new Promise((resolve) => listening.close(resolve));
});

async function connected(mode: 'legacy' | { pin: string }): Promise<Client> {
  const client = new Client(
    { name: 't', version: '0' },
    { versionNegotiation: { mode }, capabilities: { elicitation: {} } },
  );
  client.setRequestHandler('elicitation/create', () => Promise.resolve({ action: 'accept', content: { agree: true } }));
  await client.connect(new StreamableHTTPClientTransport(url));
  return client;
}

async function textOf(client: Client, name: string, args: Record<string, unknown>): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

test('a tool of each client is called, and a person is asked', async () => {
  const client = await connected({ pin: '2026-07-28' });
  expect(await textOf(client, 'price', { thing: 'tea' })).toBe('3');
  expect(await textOf(client, 'raise', { thing: 'tea', by: 1 })).toBe('tea costs 4 EUR now.');
  await client.close();
  const before = await connected('legacy');
  expect(await textOf(before, 'price', { thing: 'tea' })).toBe('4');
  await before.close();
});

test('a task goes on by itself, in a process that stays up', async () => {
  const client = await connected('legacy');
  const { structuredContent } = await client.callTool({ name: 'bake', arguments: { kind: 'plum' } });
  const { task } = structuredContent as { task: string };
  await expect
    .poll(() => textOf(client, 'get_task', { task }), { interval: 500, timeout: 10_000 })
    .toContain('one plum cake');
  await client.close();
});

test('there is nothing of streams in it', async () => {
  const client = await connected('legacy');
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).toSorted()).toEqual([
    'answer_task',
    'bake',
    'cancel_task',
    'get_task',
    'poll_changes',
    'price',
    'raise',
    'read_result',
  ]);
  await client.close();
});

test('a secret that is too short is refused by its name', () => {
  const parts = { name: 'shop', version: '1', description: 'A shop' };
  expect(() => createMcp(parts, { secret: 'short' })).toThrow('secret: expected at least 32 characters');
});
