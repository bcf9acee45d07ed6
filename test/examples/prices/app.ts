/** A price whose mean of ten minutes is high, told once an hour at most, with what subscribers get of it. */
import * as z from 'zod';
import { defineApp, stream, trigger } from 'tidegate';

const prices = stream({
  description: 'Prices of shares',
  schema: z.object({ symbol: z.string(), price: z.number() }),
  key: 'symbol',
});

// #region payload
const dear = trigger({
  title: 'Dear',
  description: 'The mean price of ten minutes is above 100.',
  on: prices,
  when: { kind: 'aggregate', of: 'mean', field: 'price', overMs: 600_000, above: 100, hysteresis: 2 },
  payload: {
    schema: z.object({ symbol: z.string(), mean: z.number() }),
    of: ({ key, value }) => ({ symbol: key ?? '', mean: Math.round((value ?? 0) * 100) / 100 }),
  },
  cooldownMs: 3_600_000,
});
// #endregion

export default defineApp({
  name: 'prices',
  version: '1.0.0',
  description: 'Prices of shares',
  streams: { prices },
  triggers: { dear },
});
