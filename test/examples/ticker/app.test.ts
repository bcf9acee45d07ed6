/** The README's app over a WebSocket, against a real server: what is missed between two bursts is read over HTTP, once. */
import { createTestApp, fakeFeed } from 'tidegate/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { Runtime } from '../../../src/base/runtime.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openWebSocket } from '../../../src/hosts/node/websocket.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { readAll, TENANT } from '../../feeds/run/stage.ts';
import { type Peer, startSocketSource } from '../../services/websocket-feed.ts';
import app from './app.ts';

const NAME = 'wss://ticker.example.org';

test('quotes come over the socket, and over HTTP what happened meanwhile', async () => {
  await using source = await startSocketSource();
  const happened: { id: string; symbol: string; at: string; price: number }[] = [];
  let clock = Date.now();
  const happens = (peer: Peer | null) => {
    const n = happened.length;
    happened.push({ id: `q${n}`, symbol: 'AAA', at: new Date(clock).toISOString(), price: n });
    peer?.send(happened[n]);
  };
  source.on('/v1/quotes', (peer) => {
    peer.socket.on('message', (data: Buffer) => {
      if (!data.toString().includes('subscribe')) return;
      peer.send({ event: 'subscribed' }, { event: 'heartbeat' });
      happens(peer);
      happens(peer);
    });
  });
  const asked: string[] = [];
  const runtime: Runtime = {
    ...nodeRuntime(() => {}),
    now: () => Math.round(clock + performance.now()),
    resolve: null,
    variable: (name) => (name === 'TICKER_KEY' ? 'the key of a test' : null),
    openWebSocket: (request, ...rest) =>
      openWebSocket({ ...request, url: request.url.replace(NAME, source.origin) }, ...rest),
    fetch: async (input) => {
      asked.push(input instanceof Request ? input.url : String(input));
      return Response.json({ values: happened });
    },
  };
  const deps = { app, store: createMemoryStore(), runtime };
  const burst = async () => {
    // A burst listens until its time is over, and a busy machine connects slowly.
    const report = await ingest(deps, runtime.now() + 8_000);
    expect(report.feeds[0]).toMatchObject({ outcome: 'pulled', error: null, rejected: 0 });
  };
  await burst();
  happens(null);
  clock += 20_000;
  await burst();

  const events = await readAll(deps.store, streamLog(TENANT, 'ticks'));
  expect(happened).toHaveLength(5);
  expect(events.map(({ id }) => id)).toEqual(['q0', 'q1', 'q2', 'q3', 'q4']);
  expect(asked).toEqual([
    expect.stringMatching(/^https:\/\/ticker\.example\.org\/v1\/history\?start=20.*Z&end=20.*Z$/),
  ]);
});

test('a task ends with the quote for which it waited', async () => {
  const ticks = fakeFeed();
  const shares = createTestApp(app, { feeds: { ticks }, environment: { TICKER_KEY: 'the key of a test' } });
  onTestFinished(() => shares.close());
  const at = '2026-01-01T00:00:00Z';
  const bring = (id: string, symbol: string, price: number) =>
    ticks.bring({ stream: 'ticks', data: { id, symbol, at, price } });
  const { taskId } = await shares.begin('reach', { symbol: 'AAA', price: 100 });
  bring('q0', 'BBB', 200);
  bring('q1', 'AAA', 99);
  await shares.scheduled();
  expect((await shares.task(taskId)).status).toBe('working');
  await shares.advance(60_000);
  bring('q2', 'AAA', 101);
  await shares.scheduled();
  expect(await shares.task(taskId)).toMatchObject({
    status: 'completed',
    result: { content: [{ text: `AAA costs 101 EUR at ${at}.` }] },
  });
});
