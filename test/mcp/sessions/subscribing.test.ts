/**
 * Subscriptions of clients of 2025-11-25, by two hosts on one store: the first has the streams of sessions, the second is sent all
 * else.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import type { HostOptions } from '../../../src/hosts/http-host.ts';
import { defineApp, resource, stream, tool } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { SECRETS } from '../../calls/states.ts';

const rooms = stream({ description: 'Rooms', schema: z.object({ room: z.string() }), key: 'room' });
const app = defineApp({
  name: 'subscribed',
  version: '1.0.0',
  description: 'Something to subscribe to',
  streams: { rooms },
  resources: {
    shelf: resource({ uri: 'shelf://one', changes: [], read: () => Promise.resolve('books') }),
    book: resource({ uri: 'book://{name}', changes: [], read: () => Promise.resolve('a book') }),
    rock: resource({ uri: 'rock://one', read: () => Promise.resolve('it never changes') }),
  },
  tools: {
    put: tool({
      description: 'Appends, and changes what there is',
      input: z.object({ room: z.string() }),
      run: async (input, { streams, resources }) => {
        await streams.append(rooms, input);
        await resources.changed('shelf://one');
        await resources.changed(`book://${input.room}`);
        return 'done';
      },
    }),
  },
});
const URL_OF_HOST = new URL('http://127.0.0.1/mcp');
const WAITED = { timeout: 25_000 };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** @returns what sends GET to the first host and all else to the second, by the tenant that it is made for */
function stage(own: Partial<HostOptions> = {}): (tenant: string) => Fetch {
  const store = createMemoryStore();
  const [first, second] = [0, 1].map(() => {
    const host = createHost({
      app,
      store,
      runtime: systemRuntime(() => {}),
      secrets: SECRETS,
      authenticate: ({ headers }) => {
        return { tenant: headers.get('x-tenant') ?? '', subject: 's', client: null, scopes: ['*'] };
      },
      listening: { streamMs: 60_000, most: 10, reads: null },
      ...own,
    });
    closers.push(() => host.close());
    return host;
  });
  return (tenant) => async (url, init) => {
    const request = new Request(url, init);
    request.headers.set('x-tenant', tenant);
    return (request.method === 'GET' ? first : second)!.fetch(request);
  };
}

async function oldClient(fetch: Fetch) {
  const client = new OldClient({ name: 'old', version: '1' });
  const heard: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
  await client.connect(new OldTransport(URL_OF_HOST, { fetch }));
  closers.push(() => client.close());
  return { client, heard };
}

const put = (client: Pick<OldClient, 'callTool'>, room: string) =>
  client.callTool({ name: 'put', arguments: { room } });

test('the official client of sessions hears of what it subscribed to, and of nothing else, until it unsubscribes', async () => {
  const fetchAs = stage();
  const { client, heard } = await oldClient(fetchAs('t'));
  const other = await oldClient(fetchAs('u'));
  expect(client.getServerCapabilities()?.resources).toEqual({ listChanged: true, subscribe: true });
  await client.subscribeResource({ uri: 'stream://rooms/a' });
  await client.subscribeResource({ uri: 'shelf://one' });
  // Again it changes nothing.
  expect(await client.subscribeResource({ uri: 'shelf://one' })).toEqual({});
  await other.client.subscribeResource({ uri: 'shelf://one' });
  await put(client, 'b');
  await put(client, 'a');
  await expect.poll(() => new Set(heard), WAITED).toEqual(new Set(['stream://rooms/a', 'shelf://one']));

  await client.unsubscribeResource({ uri: 'shelf://one' });
  expect(await client.unsubscribeResource({ uri: 'shelf://one' })).toEqual({});
  await client.subscribeResource({ uri: 'stream://rooms/c' });
  await put(client, 'c');
  await expect.poll(() => heard.includes('stream://rooms/c'), WAITED).toBe(true);
  heard.length = 0;
  await put(client, 'c');
  await expect.poll(() => heard.includes('stream://rooms/c'), WAITED).toBe(true);
  expect(new Set(heard)).toEqual(new Set(['stream://rooms/c']));

  expect(other.heard).toEqual([]);
  await put(other.client, 'x');
  await expect.poll(() => other.heard, WAITED).toEqual(['shelf://one']);
}, 120_000);

test('a resource is subscribed to and taken back in any spelling of its URI, and told in that of its subscriber', async () => {
  const { client, heard } = await oldClient(stage()('t'));
  await client.subscribeResource({ uri: 'book://caf%C3%A9%20menu' });
  await put(client, 'café menu');
  await expect.poll(() => heard, WAITED).toEqual(['book://caf%C3%A9%20menu']);
  expect(await client.unsubscribeResource({ uri: 'book://café menu' })).toEqual({});
  await client.subscribeResource({ uri: 'shelf://one' });
  await put(client, 'a');
  await expect.poll(() => heard.includes('shelf://one'), WAITED).toBe(true);
  heard.length = 0;
  await put(client, 'café menu');
  await expect.poll(() => heard.includes('shelf://one'), WAITED).toBe(true);
  expect(new Set(heard)).toEqual(new Set(['shelf://one']));
}, 60_000);

test('the second official client hears the same, also of what changed before its stream came back', async () => {
  const fetchAs = stage();
  const client = new Client({ name: 'new', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  let isCut = false;
  const held: (() => void)[] = [];
  const fetch = fetchAs('t');
  await client.connect(
    new StreamableHTTPClientTransport(URL_OF_HOST, {
      fetch: async (url, init) => {
        if (init?.method === 'GET' && !isCut) await new Promise<void>((resolve) => held.push(resolve));
        return fetch(url, init);
      },
    }),
  );
  closers.push(() => client.close());
  await client.subscribeResource({ uri: 'stream://rooms' });
  await client.callTool({ name: 'put', arguments: { room: 'a' } });
  isCut = true;
  for (const release of held) release();
  await expect.poll(() => heard, WAITED).toEqual(['stream://rooms']);
}, 60_000);

test('what cannot be subscribed to is refused: unknown, unchanging, malformed, too many, too long', async () => {
  const { client } = await oldClient(stage()('t'));
  const missing = { code: -32002, data: { code: 'not_found', uri: 'nothing://here' } };
  await expect(client.subscribeResource({ uri: 'nothing://here' })).rejects.toMatchObject(missing);
  await expect(client.subscribeResource({ uri: 'rock://one' })).rejects.toMatchObject({ code: -32002 });
  const malformed = { code: -32602, data: { code: 'invalid_input', field: 'params.uri' } };
  await expect(client.subscribeResource({ uri: 7 } as never)).rejects.toMatchObject(malformed);
  const tooMany = { code: -32602, data: { code: 'invalid_input', field: 'params.uri' } };
  await expect(client.subscribeResource({ uri: `book://${'x'.repeat(17_000)}` })).rejects.toMatchObject(tooMany);
  for (let at = 0; at < 100; at += 1) await client.subscribeResource({ uri: `book://${at}` });
  await expect(client.subscribeResource({ uri: 'book://100' })).rejects.toMatchObject(tooMany);
  await client.unsubscribeResource({ uri: 'book://7' });
  expect(await client.subscribeResource({ uri: 'book://100' })).toEqual({});
}, 60_000);

async function sendSubscribe(
  fetch: Fetch,
): Promise<{ status: number; body: { error: { code: number; data: object } } }> {
  const body = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'shelf://one' } };
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const response = await fetch(URL_OF_HOST, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as never };
}

test('it needs a session, and is not there where sessions have no stream', async () => {
  const { status, body } = await sendSubscribe(stage()('t'));
  expect([status, body.error.data]).toEqual([400, expect.objectContaining({ field: 'Mcp-Session-Id' })]);
  const without = stage({ listening: null, streamMs: 0 })('t');
  const { client } = await oldClient(without);
  expect(client.getServerCapabilities()?.resources?.subscribe).toBeUndefined();
  expect((await sendSubscribe(without)).body.error.code).toBe(-32601);
}, 30_000);
