/** The tools of Twelve Data's server by name, parameters and effect, against a server that behaves as its API does. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ingest } from '../../../src/schedule.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { stall, status } from '../../services/http-feed.ts';
import { KEY, type QuotesApi, startQuotesApi } from '../../services/quotes-api.ts';
import { type AppClient, clientOf } from '../client.ts';

const source: QuotesApi = await startQuotesApi();
process.env['TWELVE_DATA_URL'] = source.origin;
process.env['TWELVE_DATA_API_KEY'] = KEY;
const { default: app } = await import('./app.ts');

let now = Date.UTC(2026, 10, 20, 12);
let client: AppClient;
let store: Store;

async function open(key = KEY): Promise<AppClient> {
  store = createMemoryStore({});
  return clientOf(app, { store, builtIns: true, now: () => now, variables: { TWELVE_DATA_API_KEY: key } });
}

beforeEach(async () => {
  // A minute of its own for each, so that the limit of one is not that of another.
  now += 3_600_000;
  source.requests.length = 0;
  client = await open();
});
afterEach(() => client.close());
afterAll(() => source.close());

const asked = () => source.requests.map(({ path, query }) => `${path}?${query.toString()}`);

/** As the peer names them; `!`: required. */
const INSTRUMENT = ['country', 'cusip', 'exchange', 'figi', 'isin', 'mic_code', 'symbol'];
const INDICATOR = `indicator! symbol! interval outputsize prepost time_period series_type fast_period slow_period
  signal_period nbdevup nbdevdn symbol_2 extra`.split(/\s+/);
const PEER: Record<string, string[]> = {
  get_price: [...INSTRUMENT, 'prepost'],
  get_quote: [...INSTRUMENT, 'prepost'],
  get_time_series: [...INSTRUMENT, 'prepost', 'interval', 'outputsize', 'start_date', 'end_date'],
  get_technical_indicator: [...INSTRUMENT, ...INDICATOR].filter((name) => name !== 'symbol'),
  get_earliest_timestamp: [...INSTRUMENT.filter((name) => name !== 'country'), 'interval'],
  get_market_state: ['exchange', 'mic_code', 'country'],
  get_market_movers: ['market', 'direction', 'country', 'outputsize'],
  currency_conversion: ['symbol!', 'amount', 'date'],
  get_api_usage: [],
};

test('its tools have the peer’s names and parameters', async () => {
  const told = Object.fromEntries(Object.entries(PEER).map(([name, names]) => [name, names.toSorted()]));
  expect(await client.parameters()).toMatchObject(told);
});

describe('each does what it says', () => {
  test.each<[string, Record<string, unknown>, string, unknown]>([
    [
      'get_price',
      { symbol: 'AAPL' },
      '/price?symbol=AAPL&prepost=false',
      { items: [{ symbol: 'AAPL', price: 201.5 }], next: null },
    ],
    [
      'get_price',
      { symbol: 'AAPL,MSFT', country: 'United States' },
      '/price?symbol=AAPL%2CMSFT&country=United+States&prepost=false',
      {
        items: [
          { symbol: 'AAPL', price: 201.5 },
          { symbol: 'MSFT', price: 410 },
        ],
        next: null,
      },
    ],
    [
      'get_quote',
      { symbol: 'MSFT' },
      '/quote?symbol=MSFT&prepost=false',
      { items: [{ symbol: 'MSFT', close: '410', volume: '1000' }], next: null },
    ],
    [
      'get_time_series',
      { symbol: 'AAPL', outputsize: 1, interval: '1h', start_date: '2026-11-16' },
      '/time_series?symbol=AAPL&interval=1h&outputsize=1&prepost=false&start_date=2026-11-16',
      { items: [{ datetime: '2026-11-16', open: '201.5', close: '202.5' }], next: null },
    ],
    [
      'get_technical_indicator',
      { indicator: 'RSI', symbol: 'AAPL', time_period: 14, outputsize: 1, extra: { fast_k_period: 5 } },
      '/rsi?symbol=AAPL&interval=1day&outputsize=1&prepost=false&time_period=14&fast_k_period=5',
      { items: [{ datetime: '2026-11-16', rsi: '50' }], next: null },
    ],
    [
      'get_earliest_timestamp',
      { symbol: 'AAPL' },
      '/earliest_timestamp?symbol=AAPL&interval=1day',
      { datetime: '1980-12-12', unix_time: 345_479_400 },
    ],
    [
      'get_market_state',
      { mic_code: 'XNYS' },
      '/market_state?code=XNYS',
      { items: [{ name: 'NYSE', code: 'XNYS', is_market_open: true }], next: null },
    ],
    [
      'get_market_movers',
      { direction: 'losers' },
      '/market_movers/stocks?direction=losers&country=United+States&outputsize=10',
      { items: [{ symbol: 'AAPL', last: 201.5, percent_change: 3 }], next: null },
    ],
    [
      'currency_conversion',
      { symbol: 'EUR/USD' },
      '/exchange_rate?symbol=EUR%2FUSD',
      { symbol: 'EUR/USD', rate: 1.08 },
    ],
    [
      'currency_conversion',
      { symbol: 'EUR/USD', amount: 100 },
      '/currency_conversion?symbol=EUR%2FUSD&amount=100',
      { symbol: 'EUR/USD', rate: 1.08, amount: 108 },
    ],
    [
      'get_api_usage',
      {},
      '/api_usage?',
      { timestamp: '2026-11-20 12:00:00', current_usage: 3, plan_limit: 8, plan_category: 'basic' },
    ],
  ])('%s %j', async (name, args, sent, structured) => {
    expect(await client.call(name, args)).toMatchObject({ isError: false, structured });
    expect(asked()).toEqual([sent]);
  });

  test('its rows are a table for whoever reads text alone', async () => {
    const { text } = await client.call('get_time_series', { symbol: 'AAPL', outputsize: 2 });
    expect(text).toBe('datetime | open | close\n2026-11-16 | 201.5 | 202.5\n2026-11-17 | 202.5 | 203.5');
  });
});

describe('what goes wrong is told so that a model can act on it', () => {
  test('an unknown symbol, behind a 200', async () => {
    expect(await client.call('get_time_series', { symbol: 'NONE' })).toMatchObject({
      isError: true,
      text: 'twelvedata answered 400: the symbol is not known',
    });
  });

  test('an indicator that leads elsewhere is not sent', async () => {
    for (const indicator of ['../price', 'a/b', 'a?b', '']) {
      expect(await client.call('get_technical_indicator', { indicator, symbol: 'AAPL' })).toMatchObject({
        isError: true,
      });
    }
    expect(asked()).toEqual([]);
  });

  test('a key that is refused: the variable, and never the key', async () => {
    await client.close();
    client = await open('a-wrong-key-of-the-test');
    const { text, isError } = await client.call('get_price', { symbol: 'AAPL' });
    expect([isError, text]).toEqual([true, expect.stringContaining('TWELVE_DATA_API_KEY')]);
    expect(text + client.logged()).not.toContain('a-wrong-key');
  });

  test.each<[string, object]>([
    ['get_time_series', { symbol: 'AAPL,MSFT' }],
    ['get_earliest_timestamp', { symbol: 'AAPL,MSFT' }],
    ['get_technical_indicator', { indicator: 'sma', symbol: 'AAPL,MSFT' }],
    ['get_technical_indicator', { indicator: 'price', symbol: 'AAPL', extra: { symbol: 'AAPL,MSFT' } }],
    ['currency_conversion', { symbol: 'EUR/USD,USD/EUR' }],
  ])('%s takes one symbol, since several would pass the limit as one: %j', async (name, args) => {
    expect(await client.call(name, { ...args })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/expected one symbol|extra\.symbol/),
    });
  });

  test('the limit of the plan, over all tools: eight a minute, several symbols as so many', async () => {
    expect(await client.call('get_price', { symbol: 'AAPL,MSFT,BTC-USD,EUR/USD' })).toMatchObject({ isError: false });
    const more = [];
    for (let n = 1; n <= 5; n += 1) more.push(await client.call('get_time_series', { symbol: 'AAPL', outputsize: n }));
    expect(more.map(({ isError }) => isError)).toEqual([false, false, false, false, true]);
    expect(more[4]?.text).toMatch(
      /^twelvedata cannot be asked now: at most 8 requests in 1 min are allowed\. Try again in \d+ s\.$/,
    );
    expect(source.requests).toHaveLength(5);
  });

  test('a pause that it asks for is kept to, and the price of before stands in meanwhile', async () => {
    await client.call('get_price', { symbol: 'AAPL' });
    now += 20_000;
    source.next('/price', (_request, response) => response.writeHead(429, { 'retry-after': '42' }).end('{}'));
    for (let n = 0; n < 2; n += 1) {
      const { isError, text } = await client.call('get_price', { symbol: 'AAPL' });
      expect([isError, text]).toEqual([false, expect.stringContaining('This is the answer of 20 s ago.')]);
    }
    expect(await client.call('get_quote', { symbol: 'AAPL' })).toMatchObject({ isError: true });
    expect(source.requests).toHaveLength(2);
    now += 42_000;
    expect((await client.call('get_price', { symbol: 'AAPL' })).text).not.toContain('This is the answer');
  });

  test('an answer that does not come at first', async () => {
    source.next('/quote', status(503));
    expect(await client.call('get_quote', { symbol: 'AAPL' })).toMatchObject({ isError: false });
    source.next('/price', stall(['{"pri']));
    const slow = client.call('get_price', { symbol: 'AAPL' });
    await expect.poll(() => source.requests.length).toBe(3);
    // The other calls do not wait for it.
    expect(await client.call('get_api_usage')).toMatchObject({ isError: false });
    expect((await slow).text).toContain('did not answer within');
  });
});

test('callers at once share a request, and so a credit', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => client.call('get_price', { symbol: 'AAPL' })));
  expect(all.every(({ isError }) => !isError)).toBe(true);
  expect(source.requests).toHaveLength(1);
});

const keyOf = (name: string) => (name === 'TWELVE_DATA_API_KEY' ? KEY : null);

test('what moves most is a stream as well', async () => {
  const runtime = { ...systemRuntime(() => {}), now: () => now, variable: keyOf };
  const { feeds } = await ingest({ app, store, runtime }, now + 20_000);
  expect(feeds).toMatchObject([{ events: 1 }]);
  const { structured } = await client.call('read_latest', { stream: 'movers', key: 'AAPL' });
  expect(structured).toMatchObject({ events: [{ key: 'AAPL', data: { last: 201.5, percent_change: 3 } }] });
});
