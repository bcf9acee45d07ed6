/** The app of the kill runs: one stream for each kind of promise about delivery. */
import * as z from 'zod';
import { type App, defineApp, from, http, mqtt, pull, stream } from '../../src/index.ts';

const Item = z.object({ n: z.number() });

export function chaosApp(sourceUrl: string, mqttUrl: string): App {
  const allow = [new URL(sourceUrl).host];
  return defineApp({
    name: 'chaos',
    version: '1.0.0',
    description: 'Streams that are checked after their process was killed',
    feeds: {
      broker: mqtt({ url: mqttUrl, clientId: 'chaos', everyMs: 1, idleMs: 50, brokerQueueLimit: 'none' }),
    },
    streams: {
      identified: stream({
        description: 'Items with an id, seen again and again: exactly once',
        schema: Item,
        id: 'n',
        dedupe: 10_000,
        feed: http({ url: `${sourceUrl}/window`, items: 'items', allow, everyMs: 1 }),
      }),
      positioned: stream({
        description: 'Items without an id from a log that is read by position: exactly once',
        schema: Item,
        feed: pull({
          source: 'log',
          everyMs: 1,
          replayable: true,
          pull: async ({ position, fetch }) => {
            const start = typeof position === 'number' ? position : 0;
            const response = await fetch(`${sourceUrl}/log?from=${start}`, { allow });
            const { items } = z.object({ items: z.array(Item) }).parse(await response.json());
            return { items, position: start + items.length };
          },
        }),
      }),
      messages: stream({
        description: 'MQTT messages without an id: at least once',
        schema: Item,
        feed: from('broker', { topic: 'chaos/#' }),
      }),
    },
  });
}
