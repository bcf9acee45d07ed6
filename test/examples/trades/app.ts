/** A WebSocket source that replays: each connection asks for what follows the last message that was stored. */
import * as z from 'zod';
import { defineApp, secret, stream, websocket } from 'tidegate';

// #region resumed
const trades = stream({
  description: 'Trades of the exchange, in its own order',
  schema: z.object({ seq: z.number(), symbol: z.string(), price: z.number().meta({ unit: 'EUR' }) }),
  key: 'symbol',
  id: ({ seq }) => seq,
  feed: websocket({
    url: 'wss://exchange.example.org/v1/trades',
    headers: { Authorization: secret('EXCHANGE_KEY', (key) => `Bearer ${key}`) },
    sequence: 'seq',
    subscribe: ({ sequence }) => ({ op: 'subscribe', channel: 'trades', after: sequence }),
  }),
});
// #endregion

export default defineApp({ name: 'trades', version: '1', description: 'Trades of an exchange', streams: { trades } });
