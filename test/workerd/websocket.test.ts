/** WebSocket feeds inside workerd, where the platform upgrades a fetch and cannot slow a server down. */
import { expect, inject, test } from 'vitest';
import * as z from 'zod';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { websocket, type WebSocketOptions } from '../../src/feeds/websocket/feed.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const { origin, host, historyUrl, historyHost, seenUrl } = inject('sockets');

interface Seen {
  handshakes: { path: string; headers: Record<string, string> }[];
  said: string[][];
  closes: number[];
}

/** A feed, to be run burst by burst; what is stored are ids, and gaps by their reason. */
function feedOf(path: string, options: Partial<WebSocketOptions> = {}) {
  const feed = websocket({
    url: `${origin}${path}?key=hidden`,
    allow: [host, historyHost],
    everyMs: 1,
    budget: { timeMs: 700 },
    ...options,
  });
  const schema = z.object({ id: z.string(), pad: z.string().optional() });
  const streams = { ticks: stream({ description: 'ticks', schema, id: 'id', feed }) };
  const app = defineApp({ name: 'sockets', version: '1', description: 'sockets', streams });
  const store = createMemoryStore();
  return {
    async burst() {
      const { feeds } = await ingest({ app, store, runtime: systemRuntime(() => {}) }, Date.now() + 20_000);
      const [report] = feeds;
      if (!report) throw new Error('no feed was due');
      return report;
    },
    async stored() {
      const { entries } = await store.last('public/stream/ticks', 1_000);
      return entries.map(({ value }) => {
        const { id, meta } = value as { id: string; meta?: { gap?: { reason: string } } };
        return meta?.gap?.reason ?? id;
      });
    },
  };
}

test('a feed subscribes with headers and a subprotocol, reads, says goodbye, and catches up over HTTP', async () => {
  const feed = feedOf('/ticks', {
    headers: { 'X-Key': 'secret' },
    protocols: ['ticks.v1'],
    subscribe: { do: 'subscribe' },
    unsubscribe: 'bye',
    acknowledged: { ok: true },
    catchUp: { url: `${historyUrl}?since={since}&until={until}`, items: 'values' },
    // A burst listens until its time is over, and a busy machine connects slowly.
    budget: { timeMs: 4_000 },
  });
  expect(await feed.burst()).toMatchObject({ outcome: 'pulled', error: null, events: 2 });
  expect(await feed.stored()).toEqual(['c1-text', 'c1-binary']);
  expect(await feed.burst()).toMatchObject({ outcome: 'pulled', error: null, events: 3, duplicates: 1 });
  expect(await feed.stored()).toEqual(['c1-text', 'c1-binary', 'missed', 'c2-text', 'c2-binary']);
  const seen = (await (await fetch(seenUrl)).json()) as Seen;
  const handshake = seen.handshakes.find(({ path }) => path.startsWith('/ticks'));
  expect(handshake?.headers).toMatchObject({ 'x-key': 'secret', 'sec-websocket-protocol': 'ticks.v1' });
  expect(seen.said.filter((said) => said.length > 0)).toEqual([
    ['{"do":"subscribe"}', 'bye'],
    ['{"do":"subscribe"}', 'bye'],
  ]);
  expect(seen.closes).toContain(1000);
});

test.each(['drop-newest', 'drop-oldest'] as const)(
  'a flood of 30 MB is taken up to the budget, %s',
  async (overflow) => {
    const feed = feedOf('/flood', { overflow, budget: { timeMs: 5_000, events: 500 } });
    const report = await feed.burst();
    expect(report).toMatchObject({ outcome: 'pulled', events: 500 });
    // What waits is bounded at 8 MiB.
    expect(report.dropped).toBeLessThan(8_500);
  },
);

test('half a message is none, and the time between two connections is a gap', async () => {
  const feed = feedOf('/broken', { reconnects: 1, budget: { timeMs: 16_000 } });
  expect(await feed.burst()).toMatchObject({ outcome: 'failed', error: { code: 'upstream' } });
  expect(await feed.stored()).toEqual(['whole', 'not_listening']);
});

test.each([
  ['/later', '1013', 60_000],
  ['/refused', '429', 7_000],
])('%s says %s, and makes a pause', async (path, says, retryAfterMs) => {
  const { error } = await feedOf(path).burst();
  expect(error).toMatchObject({ code: 'upstream', retryAfterMs });
  expect(error?.message).toContain(says);
  expect(error?.message).not.toContain('hidden');
});

test('a server that is not there is an upstream failure without secrets', async () => {
  const feed = feedOf('', { url: 'ws://127.0.0.1:1/?key=hidden', allow: ['127.0.0.1:1'], reconnects: 0 });
  const { error } = await feed.burst();
  expect(error).toMatchObject({ code: 'upstream' });
  expect(error?.message).not.toContain('hidden');
});
