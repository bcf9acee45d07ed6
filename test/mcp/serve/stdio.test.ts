/** The official clients of both lines over stdio, against a process of its own. */
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from 'vitest';
import { sampleApp } from '../sample-app.ts';
import { compiled } from '../../services/compiled.ts';

const command = { command: process.execPath, args: [join(import.meta.dirname, 'stdio-server.ts')], env: compiled() };
const tools = [...sampleApp.tools.keys()];

describe('over stdio', () => {
  it('serves the v2 client at 2026-07-28, with progress, log messages and refusals', async () => {
    const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StdioClientTransport(command));
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(tools);
    const steps: number[] = [];
    await client.callTool({ name: 'count' }, { onprogress: ({ progress }) => steps.push(progress) });
    // The client lets go of progress that comes in one chunk with the answer, so any of the three may be missing.
    expect([1, 2, 3]).toEqual(expect.arrayContaining(steps));
    expect((await client.readResource({ uri: 'doc://readme' })).contents).toHaveLength(1);
    await expect(client.callTool({ name: 'storeless' })).rejects.toMatchObject({
      code: -32_603,
      data: { code: 'store_unavailable' },
    });
    await client.close();
  });

  it('serves the v1 client', async () => {
    const client = new OldClient({ name: 't', version: '0' });
    await client.connect(new OldStdio(command));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(tools);
    const answer = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
    expect(answer.structuredContent).toEqual({ sum: 5 });
    await expect(client.callTool({ name: 'nope' })).rejects.toMatchObject({ code: -32_602 });
    await client.close();
  });

  it('keeps the level of log messages with the connection of a client of 2025-11-25', async () => {
    const client = new OldClient({ name: 't', version: '0' });
    await client.connect(new OldStdio(command));
    expect(client.getServerCapabilities()).toHaveProperty('logging');
    const heard: unknown[] = [];
    client.fallbackNotificationHandler = ({ method, params }) => {
      if (method === 'notifications/message') heard.push(params?.['level']);
      return Promise.resolve();
    };
    for (const level of ['warning', 'info'] as const) {
      await client.setLoggingLevel(level);
      await client.callTool({ name: 'count' });
      heard.push(level);
    }
    expect(heard).toEqual(['warning', 'info', 'info']);
    await client.close();
  });
});
