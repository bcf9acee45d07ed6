/** The tools of Twelve Data's server as declarations, and a stream of what moves most. The page on HTTP APIs shows some of it. */
import * as z from 'zod';
import { api, defineApp, http, httpTool, secret, stream } from 'tidegate';

const url = process.env['TWELVE_DATA_URL'] ?? 'https://api.twelvedata.com';
const allow = process.env['TWELVE_DATA_URL'] ? [new URL(url).host] : [];
const Failure = z.object({ code: z.int(), message: z.string(), status: z.literal('error') });

// #region api
const twelve = api({
  name: 'twelvedata',
  url,
  allow,
  headers: { Authorization: secret('TWELVE_DATA_API_KEY', (key) => `apikey ${key}`) },
  rateLimit: { requests: 8, perMs: 60_000 },
  timeoutMs: 4_000,
  errors({ body }) {
    // The API answers 200 to some failures too.
    const { data } = Failure.safeParse(body);
    return data ? { status: data.code, message: data.message } : null;
  },
});
// #endregion

const [text, count, factor] = [z.string().optional(), z.int().optional(), z.number().optional()];
const identifiers = { figi: text, isin: text, cusip: text, mic_code: text, exchange: text, country: text };
const instrument = { symbol: text.describe('One symbol, or several with commas between them'), ...identifiers };
const One = z.string().regex(/^[^,]+$/, 'expected one symbol, since each counts');
const company = { symbol: One, ...identifiers };
const single = { ...instrument, symbol: One.optional() };
const prepost = z.boolean().default(false).describe('With prices from outside of trading hours');
const interval = z.string().default('1day').describe('1min to 45min, 1h to 4h, 1day, 1week or 1month');
const periods = { time_period: count, fast_period: count, slow_period: count, signal_period: count };
const parameters = {
  ...periods,
  series_type: z.enum(['open', 'high', 'low', 'close']).optional(),
  nbdevup: factor,
  nbdevdn: factor,
  symbol_2: text.describe('For correl and beta'),
  extra: z
    .record(z.string().regex(/^(?!symbol$)/), z.union([z.string(), z.number()]))
    .default({})
    .describe('What else the indicator takes'),
};
const series = { interval, outputsize: z.int().min(1).max(5_000).default(30), prepost };
const Row = z.looseObject({ datetime: z.string() });
const Listed = z.looseObject({ symbol: z.string() });

/** The answer for one symbol, or those for several by symbol, as a list. */
function bySymbol(body: unknown, symbol = ''): { symbol: string }[] {
  const all = z.record(z.string(), z.unknown()).parse(body);
  const several = Object.values(all).every((each) => typeof each === 'object');
  return (several ? Object.entries(all) : [[symbol, all]]).map(([name, each]) => ({ symbol: name, ...Object(each) }));
}

// #region tool
const getPrice = httpTool({
  description: 'What one or more shares, funds or currencies cost now.',
  input: z.object({ ...instrument, prepost }),
  api: twelve,
  url: '/price',
  cost: ({ symbol = '' }) => symbol.split(',').length,
  cache: { ttlMs: 10_000, staleMs: 600_000 },
  item: z.object({ symbol: z.string(), price: z.coerce.number() }),
  pick: (body, { input }) => bySymbol(body, input.symbol) as { symbol: string; price: string }[],
});
// #endregion

const rows = { api: twelve, cache: { ttlMs: 60_000 }, pick: 'values' } as const;
const slow = { api: twelve, cache: { ttlMs: 86_400_000 } } as const;

const tools = {
  get_price: getPrice,
  get_quote: httpTool({
    description: 'Open, high, low, close, volume and change of one or more symbols today.',
    input: z.object({ ...instrument, prepost }),
    api: twelve,
    url: '/quote',
    cost: ({ symbol = '' }) => symbol.split(',').length,
    item: Listed,
    pick: (body, { input }) => bySymbol(body, input.symbol),
  }),
  get_time_series: httpTool({
    ...rows,
    description: 'Past prices of a symbol, the newest first.',
    input: z.object({ ...single, ...series, start_date: text, end_date: text }),
    url: '/time_series',
    item: Row,
  }),
  get_technical_indicator: httpTool({
    ...rows,
    description: 'An indicator over the prices of a symbol: sma, ema, rsi, macd, bbands, atr and others.',
    input: z.object({ indicator: z.string().regex(/^\w+$/).toLowerCase(), ...company, ...series, ...parameters }),
    url: '/{indicator}',
    unsent: ['extra'],
    query: ({ extra }) => extra,
    item: Row,
  }),
  get_earliest_timestamp: httpTool({
    ...slow,
    description: 'Since when there are prices of a symbol.',
    input: z.object({ ...single, interval }).omit({ country: true }),
    url: '/earliest_timestamp',
    output: z.object({ datetime: z.string(), unix_time: z.number() }),
  }),
  get_market_state: httpTool({
    description: 'Which exchanges are open, and for how long.',
    input: z.object({ exchange: text, mic_code: text, country: text }),
    api: twelve,
    url: '/market_state',
    query: { code: '{mic_code}' },
    item: z.looseObject({ name: z.string(), is_market_open: z.boolean() }),
  }),
  get_market_movers: httpTool({
    ...rows,
    description: 'What rises, falls or is traded most today.',
    input: z.object({
      market: z.enum(['stocks', 'etfs', 'mutual_funds', 'forex', 'crypto', 'commodities']).default('stocks'),
      direction: z.enum(['gainers', 'losers', 'most_active']).default('gainers'),
      country: z.string().default('United States'),
      outputsize: z.int().min(1).max(50).default(10),
    }),
    url: '/market_movers/{market}',
    item: Listed,
  }),
  currency_conversion: httpTool({
    description: 'A rate of exchange, and what an amount is worth.',
    input: z.object({ symbol: One.describe('Such as EUR/USD'), amount: factor, date: text }),
    api: twelve,
    url: ({ amount }) => (amount === undefined ? '/exchange_rate' : '/currency_conversion'),
    output: z.looseObject({ rate: z.number(), amount: z.number().optional() }),
  }),
  get_api_usage: httpTool({ description: 'How much of the plan is used.', api: twelve, url: '/api_usage' }),
};

const movers = stream({
  description: 'The shares that rise most',
  schema: z.object({ symbol: z.string(), last: z.number(), percent_change: z.number().meta({ unit: '%' }) }),
  key: 'symbol',
  feed: http({
    url: `${url}/market_movers/stocks`,
    allow,
    items: 'values',
    everyMs: 300_000,
    headers: { Authorization: secret('TWELVE_DATA_API_KEY', (key) => `apikey ${key}`) },
  }),
});

export default defineApp({
  name: 'quotes',
  version: '1.0.0',
  description: 'Prices of shares, funds and currencies',
  streams: { movers },
  tools,
});
