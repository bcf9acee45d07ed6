/** The app of the page on WebSockets: quotes as they change, and over HTTP those that nobody listened to. A task waits for one. */
import * as z from 'zod';
import { defineApp, secret, stream, task, websocket } from 'tidegate';

// #region ticks
const ticks = stream({
  description: 'Price of each share, whenever it changes',
  schema: z.object({ id: z.string(), symbol: z.string(), at: z.string(), price: z.number().meta({ unit: 'EUR' }) }),
  key: 'symbol',
  time: 'at',
  id: 'id',
  feed: websocket({
    url: 'wss://ticker.example.org/v1/quotes',
    headers: { Authorization: secret('TICKER_KEY', (key) => `Bearer ${key}`) },
    subscribe: { action: 'subscribe', symbols: ['AAA', 'BBB'] },
    acknowledged: { event: 'subscribed' },
    refused: { event: 'error' },
    ignore: { event: 'heartbeat' },
    heartbeat: { everyMs: 10_000, message: { action: 'heartbeat' }, expectMs: 5_000 },
    catchUp: { url: 'https://ticker.example.org/v1/history?start={since}&end={until}', items: 'values' },
    everyMs: 20_000,
  }),
});
// #endregion

// #region waiting
const reach = task({
  description: 'Ends when a share costs as much as this or more, within a day.',
  version: '1',
  input: z.object({ symbol: z.string(), price: z.number() }),
  run: async ({ symbol, price }, { waitFor }) => {
    const condition = { kind: 'threshold', field: 'price', atLeast: price, key: symbol } as const;
    const reached = await waitFor(ticks, condition, { timeoutMs: 86_400_000 });
    if (reached === null) return `${symbol} did not reach ${price} EUR.`;
    return `${symbol} costs ${reached.event.data.price} EUR at ${reached.event.data.at}.`;
  },
});
// #endregion

export default defineApp({
  name: 'ticker',
  version: '1.0.0',
  description: 'Quotes of shares',
  streams: { ticks },
  tasks: { reach },
});
