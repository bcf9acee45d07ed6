/** The tools of Financial Datasets' server by name, parameters and effect, against a server that behaves as its API does. */
import { afterAll, beforeEach, expect, test } from 'vitest';
import { redirect } from '../../services/http-feed.ts';
import { KEY, startQuotesApi } from '../../services/quotes-api.ts';
import { clientOf } from '../client.ts';

const source = await startQuotesApi();
process.env['FINANCIAL_DATASETS_URL'] = source.origin;
const { default: app } = await import('./app.ts');
const client = await clientOf(app, { variables: { FINANCIAL_DATASETS_API_KEY: KEY } });

beforeEach(() => void (source.requests.length = 0));
afterAll(async () => {
  await client.close();
  await source.close();
});

test('its tools have the peer’s names and parameters, and a cursor where there are pages', async () => {
  const statement = ['limit', 'period', 'ticker!'];
  const history = ['cursor', 'end_date!', 'interval', 'interval_multiplier', 'start_date!', 'ticker!'];
  expect(await client.parameters()).toEqual({
    get_income_statements: statement,
    get_balance_sheets: statement,
    get_cash_flow_statements: statement,
    get_current_stock_price: ['ticker!'],
    get_historical_stock_prices: history,
    get_company_news: ['ticker!'],
    get_available_crypto_tickers: [],
    get_crypto_prices: history,
    get_historical_crypto_prices: history,
    get_current_crypto_price: ['ticker!'],
    get_sec_filings: ['filing_type', 'limit', 'ticker!'],
  });
});

const row = (n: number, period: string) => ({ ticker: 'AAPL', period, year: 2026 - n });

test.each<[string, Record<string, unknown>, string, unknown]>([
  [
    'get_income_statements',
    { ticker: 'AAPL', limit: 2 },
    '/financials/income-statements/?ticker=AAPL&period=annual&limit=2',
    [row(0, 'annual'), row(1, 'annual')],
  ],
  [
    'get_balance_sheets',
    { ticker: 'AAPL', limit: 1, period: 'ttm' },
    '/financials/balance-sheets/?ticker=AAPL&period=ttm&limit=1',
    [row(0, 'ttm')],
  ],
  [
    'get_cash_flow_statements',
    { ticker: 'AAPL', limit: 1 },
    '/financials/cash-flow-statements/?ticker=AAPL&period=annual&limit=1',
    [row(0, 'annual')],
  ],
  [
    'get_company_news',
    { ticker: 'AAPL' },
    '/news/?ticker=AAPL',
    [{ ticker: 'AAPL', title: 'A title', date: '2026-11-20' }],
  ],
  ['get_available_crypto_tickers', {}, '/crypto/prices/tickers?', ['BTC-USD']],
  [
    'get_sec_filings',
    { ticker: 'AAPL', filing_type: '8-K' },
    '/filings/?ticker=AAPL&limit=10&filing_type=8-K',
    [{ ticker: 'AAPL', filing_type: '8-K' }],
  ],
])('%s %j', async (name, args, asked, items) => {
  expect(await client.call(name, args)).toMatchObject({ isError: false, structured: { items, next: null } });
  expect(source.requests.map(({ path, query }) => `${path}?${query.toString()}`)).toEqual([asked]);
  expect(source.requests[0]?.headers['x-api-key']).toBe(KEY);
});

test.each([
  ['get_current_stock_price', 'AAPL', 201.5],
  ['get_current_crypto_price', 'BTC-USD', 65_000],
])('%s', async (name, ticker, price) => {
  expect(await client.call(name, { ticker })).toMatchObject({ structured: { ticker, price } });
});

test.each(['get_historical_stock_prices', 'get_crypto_prices', 'get_historical_crypto_prices'])(
  '%s reads some pages, and the model goes on',
  async (name) => {
    const args = { ticker: 'AAPL', start_date: '2026-11-16', end_date: '2026-11-20' };
    const first = await client.call(name, args);
    expect(first.structured).toMatchObject({ next: '4', items: { length: 4 } });
    expect(first.text).toContain('next: 4');
    const second = await client.call(name, { ...args, cursor: '4' });
    expect(second.structured).toEqual({ items: [{ time: '2026-11-20', close: 205.5 }], next: null });
    expect(source.requests.map(({ query }) => query.get('cursor'))).toEqual([null, '2', '4']);
  },
);

test('an unknown ticker is told in the API’s words', async () => {
  const args = { ticker: 'NONE', start_date: '2026-11-16', end_date: '2026-11-20' };
  expect(await client.call('get_historical_stock_prices', args)).toMatchObject({
    isError: true,
    text: 'financial-datasets answered 404: no such ticker',
  });
});

test('a redirect to a private address is not followed', async () => {
  source.next('/news/', redirect('http://169.254.169.254/latest/meta-data'));
  const { isError, text } = await client.call('get_company_news', { ticker: 'MSFT' });
  expect([isError, text]).toEqual([true, expect.stringContaining('is refused')]);
});
