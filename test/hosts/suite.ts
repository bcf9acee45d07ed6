/**
 * What every host owes, asked by the official clients of both eras: the same app from upstream to client, with progress
 * as it comes, errors in form, and a store that goes and comes back. A host says what it has not, and why.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { publish } from '../feeds/mqtt/bursts.ts';
import { json, type HttpSource, startHttpSource } from '../services/http-feed.ts';
import { type RunningMosquitto, startMosquitto } from '../services/mosquitto.ts';
import { quakeCollection } from '../services/quakes.ts';
import { requireService } from '../services/available.ts';
import { BUILT_IN_TOOLS } from './cli/built-ins.ts';
import { connectClient, ERAS } from './clients.ts';

/** Where the app of `test/end-to-end/app.ts` finds its upstreams. */
export interface Upstreams {
  QUAKES_URL: string;
  MQTT_URL: string;
}

export interface EntryHost {
  /** Of the server, without `/mcp`; may be another after `replace`. */
  url(): string;
  /** Runs what a schedule runs, and answers whether it ended well. */
  schedule(): Promise<boolean>;
  /** The store cannot be reached any more. */
  loseStore(): Promise<void>;
  findStore(): Promise<void>;
  /** Ends what serves and starts another in its place, with these variables of the environment beside its own. */
  replace(more?: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

export interface EntryTraits {
  /** The name of the store, as `/readyz` says it. */
  store: string;
  /** Why progress does not come before the answer; null: it does. */
  notLive: string | null;
}

const MODERN = '2026-07-28';
const LEGACY_START = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } };
const LIMIT_MS = 60_000;
const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

export function entrySuite(name: string, traits: EntryTraits, start: (given: Upstreams) => Promise<EntryHost>): void {
  describe(name, { timeout: LIMIT_MS }, () => {
    const hasMosquitto = requireService('mosquitto');
    let broker: RunningMosquitto | null = null;
    let source: HttpSource;
    let host: EntryHost;
    let counter = 0;

    beforeAll(async () => {
      if (hasMosquitto) broker = await startMosquitto();
      source = await startHttpSource();
      show();
      const QUAKES_URL = `${source.origin}/quakes`;
      host = await start({ QUAKES_URL, MQTT_URL: `mqtt://127.0.0.1:${broker?.port ?? 1}` });
      // The first burst makes the session at the broker.
      expect(await host.schedule()).toBe(true);
    }, LIMIT_MS);
    afterAll(async () => {
      await host?.stop();
      await source?.close();
      await broker?.stop();
    }, LIMIT_MS);

    /** The source has these quakes from now on. */
    function show(...ids: string[]): void {
      source.on('/quakes', json(quakeCollection(ids.map((id) => ({ id })))));
    }

    /** A quake that never was before, shown by the source and pulled. */
    async function quake(): Promise<string> {
      const id = `nc${(counter += 1)}`;
      show(id);
      // A feed whose last burst just ended may not be due yet.
      await expect
        .poll(
          async () => {
            const asked = source.requests.length;
            await host.schedule();
            return source.requests.length - asked;
          },
          { timeout: 20_000, interval: 50 },
        )
        .toBeGreaterThan(0);
      return id;
    }

    async function connected(era: (typeof ERAS)[number]) {
      const client = await connectClient(host.url(), era);
      onTestFinished(() => client.close());
      return client;
    }

    const post = (body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${host.url()}/mcp`, {
        method: 'POST',
        headers: { ...HEADERS, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      });
    const get = (path: string) => fetch(host.url() + path, { signal: AbortSignal.timeout(20_000) });

    /** A call of the app's tool that asks, by a client that can be asked. */
    async function shutDown(more: object) {
      const capabilities = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
      const meta = { 'io.modelcontextprotocol/protocolVersion': MODERN, ...capabilities };
      const params = { name: 'shut_down', arguments: {}, ...more, _meta: meta };
      const headers = { 'MCP-Protocol-Version': MODERN, 'Mcp-Method': 'tools/call', 'Mcp-Name': params.name };
      const response = await post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers);
      return (await response.json()) as { result?: { requestState?: string }; error?: object };
    }

    test('is ready, and says which store it has', async () => {
      // A store that starts on a busy machine may need more than the two seconds for which a look at it waits.
      await expect
        .poll(async () => (await get('/readyz')).json(), { timeout: 20_000, interval: 500 })
        .toEqual({ status: 'ok', store: traits.store });
    });

    test('names its own address in the server card', async () => {
      expect(await (await get('/mcp/server-card')).json()).toMatchObject({ remotes: [{ url: `${host.url()}/mcp` }] });
    });

    test.each(ERAS)('lists tools and resources to the %s', async (era) => {
      const client = await connected(era);
      expect(await client.tools()).toEqual([...BUILT_IN_TOOLS, 'shut_down']);
      expect(await client.resources()).toEqual(
        expect.arrayContaining(['stream://quakes', 'stream://temperatures', 'feed://plant']),
      );
    });

    test.each(ERAS)('what a source has is read by the %s, once', async (era) => {
      const id = await quake();
      await host.schedule();
      const client = await connected(era);
      const ids = (await client.history('quakes')).map((event) => event.id);
      expect(ids.filter((found) => found === id)).toEqual([id]);
      expect(await client.read('stream://quakes')).toContain(id);
    });

    test.skipIf(!hasMosquitto).each(ERAS)(
      'what is published to a broker is read by the %s (needs mosquitto)',
      async (era) => {
        const celsius = Math.random();
        const message = { topic: 'plant/boiler-1/temperature', payload: JSON.stringify({ celsius }) };
        await publish(broker!.port, [message]);
        const client = await connected(era);
        await expect
          .poll(
            async () => {
              await host.schedule();
              return client.call('read_latest', { stream: 'temperatures', key: 'boiler-1' });
            },
            { timeout: 20_000, interval: 50 },
          )
          .toMatchObject({ events: [{ key: 'boiler-1', data: { celsius } }] });
      },
    );

    test.each(ERAS)('progress comes to the %s while the call goes on', async (era) => {
      const client = await connected(era);
      const { cursor } = (await client.call('tail_stream', { stream: 'quakes', seconds: 0 })) as { cursor: string };
      const steps: number[] = [];
      let answered = false;
      const args = { stream: 'quakes', cursor, maxEvents: 2, seconds: 15, settleSeconds: 15 };
      const call = client
        .call('tail_stream', args, ({ progress }) => void steps.push(progress))
        .finally(() => (answered = true));
      const first = await quake();
      if (traits.notLive === null) {
        await expect.poll(() => steps, { timeout: 10_000 }).toEqual([1]);
        expect(answered).toBe(false);
      }
      const second = await quake();
      expect(await call).toMatchObject({ events: [{ id: first }, { id: second }], ended: 'count' });
      expect(steps.at(-1)).toBe(2);
    });

    test.each(ERAS)('the %s goes on at another instance where the last one ended', async (era) => {
      const before = await connected(era);
      const { cursor } = (await before.call('tail_stream', { stream: 'quakes', seconds: 0 })) as { cursor: string };
      await host.replace();
      const id = await quake();
      const client = await connected(era);
      const tail = await client.call('tail_stream', { stream: 'quakes', cursor, maxEvents: 1, seconds: 10 });
      expect(tail).toMatchObject({ events: [{ id }], truncated: false });
    });

    test('a question of one instance is answered to another, once', async () => {
      const asked = await shutDown({});
      expect(asked).toMatchObject({ result: { inputRequests: { sure: { params: { message: 'Shut it down?' } } } } });
      await host.replace();
      const inputResponses = { sure: { action: 'accept', content: { sure: true } } };
      const answer = { inputResponses, requestState: asked.result?.requestState };
      expect(await shutDown(answer)).toMatchObject({ result: { content: [{ text: 'It is shut down.' }] } });
      expect(await shutDown(answer)).toMatchObject({ error: { data: { code: 'bad_request_state' } } });
    });

    test.each(ERAS)('mistakes of the %s are named', async (era) => {
      const client = await connected(era);
      await expect(client.call('no_such_tool', {})).rejects.toMatchObject({ code: -32_602 });
      await expect(client.call('read_latest', { stream: 'nope' })).rejects.toThrow(/nope|quakes/);
    });

    test('a session of 2025-11-25 takes a level of log messages, until it is ended', async () => {
      const begun = await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: LEGACY_START });
      const session = begun.headers.get('mcp-session-id') ?? '';
      expect([begun.status, session]).toEqual([200, expect.stringMatching(/^[!-~]+$/)]);
      const set = () =>
        post(
          { jsonrpc: '2.0', id: 2, method: 'logging/setLevel', params: { level: 'error' } },
          { 'Mcp-Session-Id': session },
        );
      expect(await (await set()).json()).toEqual({ jsonrpc: '2.0', id: 2, result: {} });
      const end = { method: 'DELETE', headers: { 'Mcp-Session-Id': session } };
      expect((await fetch(`${host.url()}/mcp`, end)).status).toBe(204);
      expect((await set()).status).toBe(404);
    });

    test.each([
      [404, 'a path that is not there', () => get('/nope')],
      [405, 'a method that is not served', () => get('/mcp')],
      [415, 'a body of another type', () => post('{}', { 'Content-Type': 'text/plain' })],
      [400, 'a body that breaks off', () => post('{"jsonrpc":')],
      [403, 'a browser from elsewhere', () => post({}, { Origin: 'https://elsewhere.example' })],
      [413, 'a body that is too large', () => post(`"${'x'.repeat(1_100_000)}"`)],
    ])('%i answers %s', async (status, _what, ask) => {
      const response = await ask();
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^application\/(problem\+)?json/);
      const body = (await response.json()) as object;
      expect(body).toMatchObject('jsonrpc' in body ? { error: { code: expect.any(Number) } } : { status });
    });

    test('where AUTH is set, who calls without a key is refused, and with one is served', async () => {
      const key = 'k'.repeat(40);
      await host.replace({ AUTH: 'keys', TIDEGATE_KEY: key });
      const call = { jsonrpc: '2.0', id: 1, method: 'initialize', params: LEGACY_START };
      const statuses = [];
      for (const bearer of [null, 'w'.repeat(40), key]) {
        const headers: Record<string, string> = bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
        const response = await post(call, headers);
        statuses.push(response.status);
        await response.body?.cancel();
      }
      await host.replace();
      expect(statuses).toEqual([401, 401, 200]);
    });

    test('a store that is gone is 503 with Retry-After until it is back, and ends nothing else', async () => {
      const request = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'read_latest', arguments: { stream: 'quakes' } },
      };
      await host.loseStore();
      try {
        const ready = await get('/readyz');
        expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1']);
        expect(await ready.json()).toMatchObject({ code: 'store_unavailable' });
        const answer = await post(request);
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
        expect(await answer.json()).toMatchObject({ id: 1, error: { data: { code: 'store_unavailable' } } });
        expect((await get('/healthz')).status).toBe(200);
        expect(await host.schedule()).toBe(false);
      } finally {
        await host.findStore();
      }
      // The answer of the probe before stands for a second.
      await expect.poll(async () => (await get('/readyz')).status, { timeout: 5_000 }).toBe(200);
      expect((await post(request)).status).toBe(200);
    });
  });
}
