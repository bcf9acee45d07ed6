/** Sources that speak by themselves, to feeds on a host that stays up, over real connections: nothing is lost, nothing is hidden. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { PUBLIC } from '../../src/base/principal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { feedStatus } from '../../src/feeds/records/status.ts';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { defineApp, http, sse, stream, websocket } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { type SocketSource, startSocketSource } from '../services/websocket-feed.ts';

let sockets: SocketSource;
let web: Server;
let webOrigin: string;
const paths = new Map<string, (response: ServerResponse) => void>();

beforeAll(async () => {
  sockets = await startSocketSource();
  web = createServer((request, response) => paths.get(request.url ?? '')?.(response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => web.once('listening', resolve));
  webOrigin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await sockets.close();
  web.closeAllConnections();
  web.close();
});

type Feed = ReturnType<typeof websocket>;

/** Runs a feed as `npm start` does, with a burst far shorter than the test. */
async function running(
  feed: Feed,
  work: (at: {
    stored: () => Promise<(number | string)[]>;
    latest: () => Promise<number | null>;
    status: () => Promise<Awaited<ReturnType<typeof feedStatus>>[number]>;
  }) => Promise<void>,
): Promise<void> {
  const streams = { ticks: stream({ description: 'ticks', schema: z.object({ n: z.number() }), feed }) };
  const app = defineApp({ name: 'held', version: '1.0.0', description: 'ticks', streams });
  const deps = { app, store: createMemoryStore(), runtime: nodeRuntime(() => {}) };
  const own = createAppStreams(deps, PUBLIC);
  const loop = startLoop(deps);
  try {
    await work({
      stored: async () => {
        const { events } = await own.last('ticks', 1_000);
        return events.map(({ data, meta }) => meta?.gap?.reason ?? (data as { n: number }).n);
      },
      latest: async () => ((await own.latest('ticks'))?.data as { n: number } | undefined)?.n ?? null,
      status: async () => (await feedStatus(scopeOfLogs(deps, { tenant: 'public' })))[0]!,
    });
  } finally {
    await loop.stop();
  }
}

const pace = { everyMs: 500, budget: { timeMs: 300 } };
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Says the next number whenever the one before has been stored, so often. */
async function tick(say: (n: number) => void, count: number, latest: () => Promise<number | null>): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    say(n);
    await expect.poll(latest, { interval: 5, timeout: 5_000 }).toBe(n);
  }
}

describe('a ticker that says nothing twice', () => {
  test('over a WebSocket: all is there beyond the time of many bursts, over one connection and without a gap', async () => {
    const open: ((n: number) => void)[] = [];
    sockets.on('/ticks', ({ send }) => open.push((n) => send({ n })));
    const feed = websocket({ url: `${sockets.origin}/ticks`, allow: [sockets.host], ...pace });
    await running(feed, async ({ stored, latest, status }) => {
      await expect.poll(() => open.length).toBe(1);
      await tick((n) => open[0]?.(n), 20, latest);
      expect([await stored(), open.length, (await status()).state]).toEqual([upTo(20), 1, 'ok']);
    });
  });

  test('as server-sent events: the same', async () => {
    const open: ((n: number) => void)[] = [];
    paths.set('/events', (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      open.push((n) => response.write(`data: {"n":${n}}\n\n`));
    });
    const feed = http({ url: `${webOrigin}/events`, allow: [new URL(webOrigin).host], format: sse(), ...pace });
    await running(feed, async ({ stored, latest, status }) => {
      await expect.poll(() => open.length).toBe(1);
      await tick((n) => open[0]?.(n), 20, latest);
      expect([await stored(), open.length, (await status()).state]).toEqual([upTo(20), 1, 'ok']);
    });
  });
});

describe('a source that opens connections and ends them', () => {
  test('a WebSocket closed with 4001 "invalid api key" has failed, with that reason and one gap', async () => {
    let connections = 0;
    let refuses = false;
    sockets.on('/key', ({ socket, send }) => {
      connections += 1;
      if (refuses) socket.close(4001, 'invalid api key');
      else send({ n: 0 });
      refuses = true;
      if (connections === 1) setImmediate(() => socket.close(1001));
    });
    const feed = websocket({ url: `${sockets.origin}/key`, allow: [sockets.host], ...pace });
    await running(feed, async ({ stored, status }) => {
      await expect.poll(async () => (await status()).failures, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
      const { state, lastError, lagMs } = await status();
      expect([state, lastError?.message]).toEqual([
        'backing-off',
        expect.stringContaining('4001: a reason of its own, "invalid api key"'),
      ]);
      expect(lagMs).toBeGreaterThan(1_000);
      expect(await stored()).toEqual([0, 'not_listening']);
      expect(connections).toBeLessThan(6);
    });
  });

  test('a WebSocket that says why in a message, and ends as if all were well, has failed with that message', async () => {
    let connections = 0;
    sockets.on('/says', ({ socket, send }) => {
      connections += 1;
      send({ error: 'invalid api key' });
      socket.close(1000);
    });
    const feed = websocket({ url: `${sockets.origin}/says`, allow: [sockets.host], ...pace });
    await running(feed, async ({ status }) => {
      await expect.poll(async () => (await status()).failures, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
      const { state, lastError } = await status();
      const said = '1000: it is done; the last message was "{"error":"invalid api key"}"';
      expect([state, lastError?.message]).toEqual(['backing-off', expect.stringContaining(said)]);
      expect(connections).toBeLessThan(6);
    });
  });

  test('events that are answered with 200 and end at once have failed', async () => {
    let connections = 0;
    paths.set('/ends', (response) => {
      connections += 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end();
    });
    const feed = http({ url: `${webOrigin}/ends`, allow: [new URL(webOrigin).host], format: sse(), ...pace });
    await running(feed, async ({ status }) => {
      await expect.poll(async () => (await status()).failures, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
      expect((await status()).lastError?.message).toMatch(/ended the connection after \d+ ms, and no event came/);
      expect(connections).toBeLessThan(6);
    });
  });
});
