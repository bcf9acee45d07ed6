/** What a subscription asks for: all, in the first burst; what follows the stored sequence, in the next. */
import { expect, test } from 'vitest';
import type { Runtime } from '../../../src/base/runtime.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { openWebSocket } from '../../../src/hosts/node/websocket.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { readAll, TENANT } from '../../feeds/run/stage.ts';
import { startSocketSource } from '../../services/websocket-feed.ts';
import app from './app.ts';

test('each burst asks for what follows the last message that was stored', async () => {
  await using source = await startSocketSource();
  const asked: unknown[] = [];
  let clock = Date.now();
  source.on('/v1/trades', (peer) => {
    peer.socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { after: number | null };
      asked.push(message);
      const next = (message.after ?? 0) + 1;
      peer.send({ seq: next, symbol: 'AAA', price: next }, { seq: next + 1, symbol: 'AAA', price: next + 1 });
    });
  });
  const runtime: Runtime = {
    ...nodeRuntime(() => {}),
    now: () => Math.round(clock + performance.now()),
    resolve: null,
    variable: (name) => (name === 'EXCHANGE_KEY' ? 'the key of a test' : null),
    openWebSocket: (request, ...rest) =>
      openWebSocket({ ...request, url: request.url.replace('wss://exchange.example.org', source.origin) }, ...rest),
  };
  const deps = { app, store: createMemoryStore(), runtime };
  for (let bursts = 0; bursts < 2; bursts += 1, clock += 60_000) {
    // A burst listens until its time is over, and a busy machine connects slowly.
    const report = await ingest(deps, runtime.now() + 4_000);
    expect(report.feeds[0]).toMatchObject({ error: null, rejected: 0 });
  }
  const events = await readAll(deps.store, streamLog(TENANT, 'trades'));
  expect(events.flatMap(({ data }) => (data === null ? [] : [(data as { seq: number }).seq]))).toEqual([1, 2, 3, 4]);
  expect(asked).toEqual([null, 2].map((after) => ({ op: 'subscribe', channel: 'trades', after })));
});
