/** The tools of Financial Datasets' server as declarations: a page for an API. */
import * as z from 'zod';
import { api, defineApp, httpTool, secret } from 'tidegate';

const url = process.env['FINANCIAL_DATASETS_URL'] ?? 'https://api.financialdatasets.ai';

const datasets = api({
  name: 'financial-datasets',
  url,
  allow: process.env['FINANCIAL_DATASETS_URL'] ? [new URL(url).host] : [],
  headers: { 'X-API-KEY': secret('FINANCIAL_DATASETS_API_KEY') },
  errors: 'message',
  timeoutMs: 20_000,
});

const Ticker = z.string().min(1).describe('Such as AAPL, or BTC-USD for a crypto currency');
const Row = z.looseObject({ ticker: z.string() });
const Price = z.looseObject({ time: z.string(), close: z.number() });
const oneTicker = z.object({ ticker: Ticker });
const period = z.string().default('annual').describe('annual, quarterly or ttm');
const statement = {
  api: datasets,
  input: z.object({ ticker: Ticker, period, limit: z.int().min(1).max(100).default(4) }),
  item: Row,
  cache: { ttlMs: 3_600_000, staleMs: 86_400_000 },
} as const;
// #region paging
const history = {
  api: datasets,
  input: z.object({
    ticker: Ticker,
    start_date: z.iso.date(),
    end_date: z.iso.date(),
    interval: z.enum(['minute', 'hour', 'day', 'week', 'month']).default('day'),
    interval_multiplier: z.int().min(1).default(1),
  }),
  item: Price,
  pick: 'prices',
  paging: { by: 'link', next: 'next_page_url', query: 'cursor', pages: 2 },
  cache: { ttlMs: 60_000 },
} as const;
// #endregion
const latest = {
  api: datasets,
  input: oneTicker,
  output: z.looseObject({ ticker: z.string(), price: z.number() }),
  pick: 'snapshot',
  cache: { ttlMs: 5_000 },
} as const;
const Filing = z.string().optional().describe('Such as 10-K, 10-Q or 8-K');
const crypto = 'Past prices of a crypto currency.';

export default defineApp({
  name: 'statements',
  version: '1.0.0',
  description: 'Statements, prices, filings and news of companies',
  tools: {
    get_income_statements: httpTool({
      ...statement,
      description: 'What a company earned and spent.',
      url: '/financials/income-statements/',
      pick: 'income_statements',
    }),
    get_balance_sheets: httpTool({
      ...statement,
      description: 'What a company owns and owes.',
      url: '/financials/balance-sheets/',
      pick: 'balance_sheets',
    }),
    get_cash_flow_statements: httpTool({
      ...statement,
      description: 'Where the money of a company came from and went.',
      url: '/financials/cash-flow-statements/',
      pick: 'cash_flow_statements',
    }),
    get_current_stock_price: httpTool({ ...latest, description: 'What a share costs now.', url: '/prices/snapshot/' }),
    get_historical_stock_prices: httpTool({ ...history, description: 'Past prices of a share.', url: '/prices/' }),
    get_company_news: httpTool({
      description: 'News of a company.',
      api: datasets,
      input: oneTicker,
      url: '/news/',
      item: Row,
      pick: 'news',
      cache: { ttlMs: 300_000 },
    }),
    get_available_crypto_tickers: httpTool({
      description: 'The crypto currencies that there are prices of.',
      api: datasets,
      url: '/crypto/prices/tickers',
      item: z.string(),
      pick: 'tickers',
      cache: { ttlMs: 86_400_000 },
    }),
    get_crypto_prices: httpTool({ ...history, description: crypto, url: '/crypto/prices/' }),
    get_historical_crypto_prices: httpTool({ ...history, description: crypto, url: '/crypto/prices/' }),
    get_current_crypto_price: httpTool({
      ...latest,
      description: 'What a crypto currency costs now.',
      url: '/crypto/prices/snapshot/',
    }),
    get_sec_filings: httpTool({
      description: 'What a company filed with the SEC.',
      api: datasets,
      input: z.object({ ticker: Ticker, limit: z.int().min(1).max(100).default(10), filing_type: Filing }),
      url: '/filings/',
      item: Row,
      pick: 'filings',
      cache: { ttlMs: 300_000 },
    }),
  },
});
