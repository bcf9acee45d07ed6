/** The app of the page on declaring: a plant on MQTT, quotes over HTTP, a counter of the app's own, and a tool. */
import * as z from 'zod';
import { defineApp, from, http, mqtt, pull, secret, stream, tool } from 'tidegate';

// #region streams
const temperatures = stream({
  description: 'Outlet temperature of each boiler, about once a second',
  schema: z.object({ celsius: z.number().meta({ unit: '°C' }) }),
  retention: { events: 100_000 },
  feed: from('plant', { topic: 'plant/+/temperature', keyLevel: 1 }),
});

const quotes = stream({
  description: 'Last price of each share, once a minute',
  schema: z.object({ id: z.string(), symbol: z.string(), at: z.string(), price: z.number().meta({ unit: 'EUR' }) }),
  key: 'symbol',
  time: 'at',
  id: 'id',
  feed: http({ url: 'https://quotes.example.org/v1/last', items: 'data.quotes', everyMs: 60_000 }),
});
// #endregion

// #region pull
const orders = stream({
  description: 'Orders, as the shop counts them',
  schema: z.object({ number: z.number(), total: z.number().meta({ unit: 'EUR' }) }),
  feed: pull({
    everyMs: 10_000,
    pull: async ({ position, fetch }) => {
      const after = Number(position ?? 0);
      const response = await fetch(`https://shop.example.org/orders?after=${after}`);
      const items = z.array(z.object({ number: z.number(), total: z.number() })).parse(await response.json());
      return { items, position: items.at(-1)?.number ?? after };
    },
  }),
});
// #endregion

// #region app
const hottest = tool({
  description: 'The boiler that is hottest now.',
  output: z.object({ boiler: z.string(), celsius: z.number() }),
  run: async (_input, { streams }) => {
    const { events } = await streams.latestByKey(temperatures);
    const [first] = events.toSorted((a, b) => b.data.celsius - a.data.celsius);
    if (!first) return { text: 'No boiler has been heard of yet.', isError: true };
    return { structured: { boiler: first.key ?? '', celsius: first.data.celsius } };
  },
});

export default defineApp({
  name: 'plant',
  version: '1.0.0',
  description: 'A plant, its quotes and its orders',
  feeds: {
    plant: mqtt({
      url: process.env['MQTT_URL'] ? secret('MQTT_URL') : 'mqtt://127.0.0.1:1883',
      clientId: 'tidegate-plant',
    }),
  },
  streams: { temperatures, quotes, orders },
  tools: { hottest },
});
// #endregion
