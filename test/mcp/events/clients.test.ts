/**
 * Clients that are not ours, over real HTTPS: `@ai-sdk/mcp` as client and receiver over restarts of the server and rotations of the
 * secret, and a client and receiver as the guide of ChatGPT says.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createMCPClient,
  experimental_createMCPEventWebhook as createReceiver,
  type Experimental_MCPEvent as MCPEvent,
  type Experimental_MCPEventStore as EventStore,
  type Experimental_MCPEventSubscription as Kept,
} from '@ai-sdk/mcp';
import { hasOpenssl } from '../../services/certificates.ts';
import { KEY, openStage, type Stage } from './events-server.ts';

const headers = { Authorization: `Bearer ${KEY}` };
const WAIT = { timeout: 15_000, interval: 50 };

let stage: Stage;
beforeAll(async () => {
  if (hasOpenssl) stage = await openStage();
});
afterAll(() => stage?.stop());

/** As its documentation asks for: by key and by id. */
function keptInMemory(): EventStore & { all: Map<string, Kept> } {
  const all = new Map<string, Kept>();
  return {
    all,
    get: async (key) => all.get(key),
    getById: async (id) => [...all.values()].find((each) => each.id === id),
    set: async (subscription) => void all.set(subscription.key, subscription),
    update: async (key, patch) => void all.set(key, { ...all.get(key)!, ...patch }),
    delete: async (key) => void all.delete(key),
  };
}

const connect = (url: string, store: EventStore) =>
  createMCPClient({ transport: { type: 'http', url: `${url}/mcp`, headers }, experimental_events: { store } });

const put = async (url: string, celsius: number) => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'put',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'put', arguments: { room: 'attic', celsius }, _meta: meta },
    }),
  });
  expect(response.status).toBe(200);
  await response.text();
};

describe.skipIf(!hasOpenssl)('@ai-sdk/mcp', () => {
  test('lists, subscribes, receives over a restart and a rotation, and unsubscribes', { timeout: 90_000 }, async () => {
    const store = keptInMemory();
    const events: MCPEvent[] = [];
    const signatures: string[] = [];
    const errors: unknown[] = [];
    const receiver = createReceiver({
      store,
      onEvent: async ({ event }) => void events.push(event),
      onError: (error) => void errors.push(error),
    });
    stage.receive('/ai', async (request) => {
      signatures.push(request.headers.get('webhook-signature') ?? '');
      return receiver(request);
    });
    const celsius = () => events.map(({ data }) => (data['data'] as { celsius: number }).celsius);

    let server = await stage.start();
    let client = await connect(server.url, store);
    const { events: listed } = await client.experimental_events.list();
    expect(listed.map(({ name, delivery }) => [name, delivery.includes('webhook')])).toContainEqual([
      'stream.rooms',
      true,
    ]);
    const first = await client.experimental_events.subscribe({
      name: 'stream.rooms',
      arguments: { keys: ['attic'] },
      delivery: { mode: 'webhook', url: `${stage.receivers}/ai` },
      ttlMs: 600_000,
    });
    await put(server.url, 1);
    await expect.poll(celsius, WAIT).toEqual([1]);
    await client.close();

    // Another process on the same store: nothing is subscribed anew.
    server = await stage.start();
    await put(server.url, 2);
    await expect.poll(celsius, WAIT).toEqual([1, 2]);

    client = await connect(server.url, store);
    const [kept] = [...store.all.values()];
    const secret = `whsec_${Buffer.from('a new one of thirty-two bytes ok').toString('base64')}`;
    await store.update(kept!.key, { delivery: { ...kept!.delivery, secret } });
    const refreshed = await client.experimental_events.refresh({ id: first.id });
    expect(refreshed).toMatchObject({ id: first.id, truncated: false });
    await put(server.url, 3);
    await expect.poll(celsius, WAIT).toEqual([1, 2, 3]);
    // While it rotates, it is signed with both.
    expect(signatures.at(-1)?.split(' ')).toHaveLength(2);
    expect([...store.all.values()][0]?.cursor).toEqual(expect.any(String));

    await client.experimental_events.unsubscribe({ id: first.id });
    expect(store.all.size).toBe(0);
    await put(server.url, 4);
    await expect(
      client.experimental_events.subscribe({
        name: 'stream.rooms',
        delivery: { mode: 'webhook', url: `${stage.receivers}/nobody` },
      }),
    ).rejects.toThrow(/CallbackEndpointError/);
    expect(celsius()).toEqual([1, 2, 3]);
    expect(errors).toEqual([]);
    await client.close();
  });
});

describe.skipIf(!hasOpenssl)('a client and receiver as the guide of ChatGPT says', () => {
  test(
    'after initialize: webhook alone, a challenge, answers that take a while, one event a request',
    { timeout: 60_000 },
    async () => {
      const server = await stage.start();
      const secret = Buffer.from('thirty-two bytes of ChatGPT, yes');
      const got: { id: string; subscription: string; body: Record<string, unknown> }[] = [];
      let tries = 0;
      stage.receive('/chatgpt', async (request) => {
        const text = await request.text();
        const id = request.headers.get('webhook-id') ?? '';
        const timestamp = request.headers.get('webhook-timestamp') ?? '';
        const [given = ''] = (request.headers.get('webhook-signature') ?? '').split(' ');
        const right = createHmac('sha256', secret).update(`${id}.${timestamp}.${text}`).digest();
        const is = Buffer.from(given.replace('v1,', ''), 'base64');
        const isFresh = Math.abs(Date.now() / 1_000 - Number(timestamp)) < 300;
        if (is.length !== right.length || !timingSafeEqual(is, right) || !isFresh)
          return new Response(null, { status: 401 });
        if (text.length > 262_144) return new Response(null, { status: 413 });
        const body = JSON.parse(text) as Record<string, unknown>;
        if (body['type'] === 'verification') return Response.json({ challenge: body['challenge'] });
        tries += 1;
        got.push({ id, subscription: request.headers.get('x-mcp-subscription-id') ?? '', body });
        // Its guide allows 10 s.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return new Response(null, { status: 200 });
      });
      let sent = 0;
      const call = async (method: string, params: object) => {
        const response = await fetch(`${server.url}/mcp`, {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
          body: JSON.stringify({ jsonrpc: '2.0', id: (sent += 1), method, params }),
        });
        const text = await response.text();
        return JSON.parse(/^(?:data: )?(\{.*\})$/m.exec(text)?.[1] ?? '{}') as { result: Record<string, unknown> };
      };
      const clientInfo = { name: 'chatgpt', version: '1' };
      const { result: begun } = await call('initialize', {
        protocolVersion: '2025-03-26',
        capabilities: {},
        clientInfo,
      });
      expect(begun).toMatchObject({ capabilities: { events: {} } });
      const { result: listed } = await call('events/list', {});
      const webhooks = (listed['events'] as { name: string; delivery: string[] }[]).filter(({ delivery }) =>
        delivery.includes('webhook'),
      );
      expect(webhooks.map(({ name }) => name)).toContain('stream.rooms');
      const delivery = {
        mode: 'webhook',
        url: `${stage.receivers}/chatgpt`,
        secret: `whsec_${secret.toString('base64')}`,
      };
      const { result } = await call('events/subscribe', { name: 'stream.rooms', arguments: {}, delivery });
      expect(result).toMatchObject({ id: expect.any(String) as string, refreshBefore: expect.any(String) as string });
      await put(server.url, 10);
      await put(server.url, 11);
      await expect.poll(() => got.length, WAIT).toBe(2);
      for (const { id, subscription, body } of got) {
        expect([id, subscription]).toEqual([body['eventId'], result['id']]);
        expect(body).toMatchObject({ name: 'stream.rooms', data: { key: 'attic' } });
      }
      const pending = async () => {
        const { result: subscriptions } = await call('tools/call', { name: 'list_subscriptions', arguments: {} });
        return (subscriptions['structuredContent'] as { subscriptions: { pending: number }[] }).subscriptions[0]
          ?.pending;
      };
      await expect.poll(pending, WAIT).toBe(0);
      expect(tries).toBe(2);
      const { result: ended } = await call('events/unsubscribe', {
        name: 'stream.rooms',
        arguments: {},
        delivery: { url: delivery.url },
      });
      expect(ended).toBeDefined();
    },
  );
});
