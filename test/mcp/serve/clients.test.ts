/** The official clients of both lines, over a real HTTP server and over stdio. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleApp } from '../sample-app.ts';
import { type Served, serveApp } from '../served.ts';

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp);
});
afterAll(() => served.close());

const tools = [...sampleApp.tools.keys()];

describe('the v2 client', () => {
  it.each(['auto', { pin: '2026-07-28' }, 'legacy'] as const)('lists, calls and reads (%s)', async (mode) => {
    const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'legacy' ? '2025-11-25' : '2026-07-28');
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(tools);
    const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
    expect(answer.structuredContent).toEqual({ sum: 5 });
    const steps: number[] = [];
    await client.callTool({ name: 'count' }, { onprogress: ({ progress }) => steps.push(progress) });
    expect(steps).toEqual([1, 2, 3]);
    expect((await client.readResource({ uri: 'doc://readme' })).contents).toHaveLength(1);
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    expect((await client.getPrompt({ name: 'brief', arguments: { topic: 'x' } })).messages).toHaveLength(1);
    await expect(client.callTool({ name: 'nope' })).rejects.toMatchObject({ code: -32_602 });
    await client.close();
  });
});

describe('the v1 client', () => {
  it('lists, calls and reads', async () => {
    const client = new OldClient({ name: 't', version: '0' });
    await client.connect(new OldTransport(new URL(served.mcpUrl)));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(tools);
    const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
    expect(answer.structuredContent).toEqual({ sum: 5 });
    const steps: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void steps.push(progress);
    await client.callTool({ name: 'count' }, undefined, { onprogress });
    expect(steps).toEqual([1, 2, 3]);
    expect((await client.readResource({ uri: 'doc://readme' })).contents).toHaveLength(1);
    expect((await client.listPrompts()).prompts).toHaveLength(1);
    await expect(client.callTool({ name: 'nope' })).rejects.toMatchObject({ code: -32_602 });
    await client.close();
  });
});
