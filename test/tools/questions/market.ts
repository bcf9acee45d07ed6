/** A market, and what a trader asks. */
import * as z from 'zod';
import { defineApp, stream } from '../../../src/index.ts';
import { history, latest, type Question, waiting } from './question.ts';

const trades = stream({
  description: 'Each trade on the exchange.',
  schema: z.object({
    symbol: z.string(),
    price: z.number().meta({ unit: 'EUR' }),
    volume: z.number().describe('Shares'),
    side: z.enum(['buy', 'sell']).describe('Who took it'),
  }),
  key: 'symbol',
});
const quotes = stream({
  description: 'Best bid and ask of each share, when they change.',
  schema: z.object({
    symbol: z.string(),
    bid: z.number().meta({ unit: 'EUR' }),
    ask: z.number().meta({ unit: 'EUR' }),
  }),
  key: 'symbol',
});
const news = stream({
  description: 'News of the companies.',
  schema: z.object({ headline: z.string(), symbols: z.array(z.string()), urgent: z.boolean() }),
});

export const app = defineApp({
  name: 'market',
  version: '1',
  description: 'A market',
  streams: { trades, quotes, news },
});

export const examples = {
  trades: { symbol: 'ACME', price: 104.2, volume: 300, side: 'buy' },
  quotes: { symbol: 'ACME', bid: 104, ask: 104.4 },
  news: { headline: 'ACME buys', symbols: ['ACME'], urgent: true },
};

export const questions: readonly Question[] = [
  {
    ask: 'What are the best bid and ask of ACME?',
    call: latest({ stream: 'quotes', key: 'ACME' }),
    or: [history({ stream: 'quotes', keys: ['ACME'], limit: 1 })],
  },
  {
    ask: 'Open, high, low and close of ACME for each 5 minutes of the last hour.',
    call: history({
      stream: 'trades',
      from: '-1h',
      window: '5m',
      field: 'price',
      keys: ['ACME'],
      aggregates: ['first', 'max', 'min', 'last'],
    }),
  },
  {
    ask: 'Which 5 shares had the greatest traded volume in total over the last day?',
    call: history({
      stream: 'trades',
      from: '-1d',
      window: 'all',
      field: 'volume',
      aggregates: ['sum'],
      top: { n: 5, by: 'sum' },
    }),
    or: [
      history({
        stream: 'trades',
        from: '-24h',
        window: 'all',
        field: 'volume',
        aggregates: ['sum'],
        top: { n: 5, by: 'sum' },
      }),
    ],
  },
  {
    ask: 'For each share and side (buy or sell), how much volume was traded in each hour of the last 4 hours?',
    call: history({
      stream: 'trades',
      from: '-4h',
      window: '1h',
      field: 'volume',
      aggregates: ['sum'],
      by: ['key', 'side'],
    }),
  },
  {
    ask: 'The 20 newest trades above 100 EUR.',
    call: history({ stream: 'trades', where: { price: { above: 100 } }, limit: 20 }),
    or: [history({ stream: 'trades', where: { price: { above: 100 } }, limit: 20, order: 'newest' })],
  },
  {
    ask: 'News of the last 3 hours whose headline contains "merger".',
    call: history({ stream: 'news', from: '-3h', where: { headline: { contains: 'merger' } } }),
    or: [history({ stream: 'news', from: '-3h', where: { headline: { like: '*merger*' } } })],
  },
  {
    ask: 'Tell me when the price of ACME or BOLT has moved by 3 percent.',
    call: waiting('trades', { kind: 'change', field: 'price', byPercent: 3, key: { oneOf: ['ACME', 'BOLT'] } }),
  },
  {
    ask: 'Tell me when there were 50 trades of any one share within 10 seconds.',
    call: waiting('trades', { kind: 'count', atLeast: 50, withinMs: 10_000, perKey: true }),
  },
  {
    ask: 'Set bid and ask of ACME side by side: the mean of both for each minute of the last 30 minutes.',
    call: history({
      stream: 'quotes',
      from: '-30m',
      window: '1m',
      field: 'bid',
      aggregates: ['mean'],
      keys: ['ACME'],
      also: [{ field: 'ask' }],
    }),
  },
  {
    ask: 'Before I ask for all trades since 2026-01-01 (UTC): how many events would that read?',
    call: history({ stream: 'trades', from: '2026-01-01T00:00:00Z', estimate: true }),
  },
];
