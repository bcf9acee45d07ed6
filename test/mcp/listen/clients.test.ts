/** The official client of 2026-07-28 listens by its own call, over HTTP, to a host on Node. */
import type { AddressInfo } from 'node:net';
import { serve as bind } from '@hono/node-server';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientOfSessions } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportOfSessions } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { defineApp, resource, stream, tool } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

const rooms = stream({ description: 'Rooms', schema: z.object({ room: z.string() }), key: 'room' });
const app = defineApp({
  name: 'listened',
  version: '1.0.0',
  description: 'Something to listen to',
  streams: { rooms },
  resources: { shelf: resource({ uri: 'shelf://one', changes: [], read: async () => 'books' }) },
  tools: {
    put: tool({
      description: 'Appends, and changes what there is',
      input: z.object({ room: z.string() }),
      run: async (input, { streams, resources, tools }) => {
        await streams.append(rooms, input);
        await resources.changed('shelf://one');
        await tools.changed();
        return 'done';
      },
    }),
  },
});

const STREAM_MS = 4_000;
const host = createHost({
  app,
  store: createMemoryStore(),
  runtime: systemRuntime(() => {}),
  secrets: { current: 'a secret of a test, which guards nothing', previous: null },
  listening: { streamMs: STREAM_MS, most: 10, reads: null },
});
const client = new Client({ name: 'listener', version: '1' }, { versionNegotiation: { mode: 'auto' } });
const heard: string[] = [];
let server: ReturnType<typeof bind>;

beforeAll(async () => {
  server = await new Promise<typeof server>((resolve) => {
    const bound = bind({ fetch: (request) => host.fetch(request), port: 0, hostname: '127.0.0.1' }, () =>
      resolve(bound),
    );
  });
  const { port } = server.address() as AddressInfo;
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)));
});

afterAll(async () => {
  await client.close();
  await host.close();
  server.close();
});

test('it hears of what it asked for, is cut and not completed, and hears again when it comes back', async () => {
  const filter = {
    toolsListChanged: true,
    resourceSubscriptions: ['stream://rooms', 'stream://rooms/a', 'shelf://one', 'shelf://two'],
  };
  const first = await client.listen(filter);
  expect(first.honoredFilter).toEqual({ ...filter, resourceSubscriptions: filter.resourceSubscriptions.slice(0, 3) });
  await client.callTool({ name: 'put', arguments: { room: 'a' } });
  const all = ['shelf://one', 'stream://rooms', 'stream://rooms/a', 'tools'];
  await expect.poll(() => heard.toSorted(), { timeout: 5_000 }).toEqual(all);
  // `remote`: the stream was cut; `graceful` would be a completion.
  expect(await first.closed).toBe('remote');
  heard.length = 0;
  await client.callTool({ name: 'put', arguments: { room: 'b' } });
  const again = await client.listen(filter);
  // What changed while nobody listened is told as well.
  await expect
    .poll(() => heard.toSorted(), { timeout: 5_000 })
    .toEqual(expect.arrayContaining(['stream://rooms', 'tools']));
  await again.close();
});

test('a client of 2025-11-25 hears on the stream of its session that a list changed', async () => {
  const { port } = server.address() as AddressInfo;
  const old = new ClientOfSessions({ name: 'old', version: '1' });
  let changes = 0;
  old.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
  await old.connect(new TransportOfSessions(new URL(`http://127.0.0.1:${port}/mcp`)));
  expect(old.getServerCapabilities()).toMatchObject({
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
  });
  await expect
    .poll(
      async () => {
        await old.callTool({ name: 'put', arguments: { room: 'c' } });
        return changes;
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(0);
  await old.close();
});
