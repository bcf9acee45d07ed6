/**
 * A process with little memory that runs one burst of a WebSocket feed against a server that floods, with a store that is
 * slow to commit. It prints what became of it, and the most memory that it had.
 */
import * as z from 'zod';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { defineApp, stream, websocket } from '../../../src/index.ts';
import { ingest } from '../../../src/schedule.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Overflow } from '../../../src/declare/feed.ts';

const [url = '', overflow = ''] = process.argv.slice(2);
const store = createMemoryStore();
const slow: typeof store = {
  ...store,
  commit: async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return store.commit(...args);
  },
};
const app = defineApp({
  name: 'flood',
  version: '1',
  description: 'a flood',
  streams: {
    readings: stream({
      description: 'readings',
      schema: z.object({ n: z.number(), pad: z.string() }),
      retention: { events: 1_000 },
      feed: websocket({
        url,
        allow: [new URL(url).host],
        overflow: overflow as Overflow,
        budget: { timeMs: 15_000, events: 1_000_000, bytes: 2 * 1024 * 1024 },
      }),
    }),
  },
});

let mostRss = 0;
const meter = setInterval(() => (mostRss = Math.max(mostRss, process.memoryUsage().rss)), 5);
const before = process.memoryUsage().rss;
const { feeds } = await ingest({ app, store: slow, runtime: nodeRuntime(() => {}) }, Date.now() + 30_000);
clearInterval(meter);
const [{ events, dropped, deadLetters, outcome, bytes, error } = {}] = feeds;
process.stdout.write(
  JSON.stringify({
    events,
    dropped,
    deadLetters,
    outcome,
    bytes,
    error: error?.message ?? null,
    grewBy: mostRss - before,
  }),
);
