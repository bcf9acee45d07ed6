/** The official client of 2026-07-28 listens by its own call, over HTTP, to a host on Node. */
import type { AddressInfo } from 'node:net';
import { serve as bind } from '@hono/node-server';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
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
