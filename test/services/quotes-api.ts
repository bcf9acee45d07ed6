/**
 * A server on 127.0.0.1 that behaves as APIs of prices do: keys (401), a limit a minute (429 with Retry-After), errors behind
 * a 200, pages, and answers that are slow or do not come. Its data follow from what is asked, so a test knows them.
 */
import type { RequestListener, ServerResponse } from 'node:http';
import { type HttpSource, startHttpSource } from './http-feed.ts';

export interface QuotesApi extends HttpSource {
  /** What the next request of a path meets instead of an answer; more than once: in turn. */
  next(path: string, behaviour: RequestListener): void;
}

export const KEY = 'a-key-of-the-test';
const PRICES: Record<string, number> = { AAPL: 201.5, MSFT: 410, 'EUR/USD': 1.08, 'BTC-USD': 65_000 };
const DAYS = 5;
const PAGE = 2;

type Answer = (query: URLSearchParams) => unknown;

/** Twelve Data: the key stands in a header, errors behind a 200. */
const TWELVE: Record<string, Answer> = {
  '/price': (query) => bySymbol(query, (price) => ({ price: String(price) })),
  '/quote': (query) => bySymbol(query, (price, symbol) => ({ symbol, close: String(price), volume: '1000' })),
  '/time_series': series((day, price) => ({ datetime: day, open: String(price), close: String(price + 1) })),
  '/rsi': series((day, _price, n) => ({ datetime: day, rsi: String(50 + n) })),
  '/earliest_timestamp': () => ({ datetime: '1980-12-12', unix_time: 345_479_400 }),
  '/market_state': () => [{ name: 'NYSE', code: 'XNYS', is_market_open: true }],
  '/market_movers/stocks': () => ({ values: [{ symbol: 'AAPL', last: 201.5, percent_change: 3 }], status: 'ok' }),
  '/exchange_rate': (query) => ({ symbol: query.get('symbol'), rate: 1.08 }),
  '/currency_conversion': (query) => ({
    symbol: query.get('symbol'),
    rate: 1.08,
    amount: 1.08 * Number(query.get('amount')),
  }),
  '/symbol_search': (query) => ({ data: [{ symbol: query.get('symbol'), exchange: 'NASDAQ' }], status: 'ok' }),
  '/cross_listings': (query) => ({ result: { list: [{ symbol: query.get('symbol'), exchange: 'XETR' }] } }),
  '/api_usage': () => ({ timestamp: '2026-11-20 12:00:00', current_usage: 3, plan_limit: 8, plan_category: 'basic' }),
};

/** Financial Datasets: the key stands in a header of its own, errors have their status. */
const DATASETS: Record<string, Answer> = {
  ...Object.fromEntries(
    ['income', 'balance', 'cash-flow'].map((kind): [string, Answer] => {
      const path = kind === 'balance' ? 'balance-sheets' : `${kind}-statements`;
      return [`/financials/${path}/`, (query) => ({ [path.replaceAll('-', '_')]: statements(query) })];
    }),
  ),
  '/prices/': pages,
  '/crypto/prices/': pages,
  '/prices/snapshot/': (query) => ({ snapshot: { ticker: query.get('ticker'), price: priceOf(query.get('ticker')) } }),
  '/crypto/prices/snapshot/': (query) => ({
    snapshot: { ticker: query.get('ticker'), price: priceOf(query.get('ticker')) },
  }),
  '/crypto/prices/tickers': () => ({ tickers: ['BTC-USD'] }),
  '/news/': (query) => ({ news: [{ ticker: query.get('ticker'), title: 'A title', date: '2026-11-20' }] }),
  '/filings/': (query) => ({
    filings: [{ ticker: query.get('ticker'), filing_type: query.get('filing_type') ?? '10-K' }],
  }),
};

/** @param limit requests a minute that Twelve Data answers; default: any number */
export async function startQuotesApi(limit = Number.POSITIVE_INFINITY): Promise<QuotesApi> {
  const source = await startHttpSource();
  const waiting = new Map<string, RequestListener[]>();
  let counted = 0;

  const serve = (path: string, keyOf: (headers: Record<string, unknown>) => unknown, answer: RequestListener) =>
    source.on(path, (request, response) => {
      const instead = waiting.get(path)?.shift();
      if (instead) return instead(request, response);
      if (keyOf(request.headers) !== KEY)
        return send(response, 401, { code: 401, message: 'the key is not valid', status: 'error' });
      return answer(request, response);
    });
  for (const [path, answer] of Object.entries(TWELVE)) {
    serve(
      path,
      ({ authorization }) => String(authorization).replace(/^apikey /, ''),
      (request, response) => {
        counted += 1;
        if (counted > limit)
          return send(
            response,
            429,
            { code: 429, message: 'out of credits', status: 'error' },
            { 'retry-after': '42' },
          );
        return send(
          response,
          200,
          answer(queryOf(request.url)) ?? { code: 400, message: 'the symbol is not known', status: 'error' },
        );
      },
    );
  }
  for (const [path, answer] of Object.entries(DATASETS)) {
    serve(
      path,
      (headers) => headers['x-api-key'],
      (request, response) => {
        const found = answer(queryOf(request.url));
        return found
          ? send(response, 200, found)
          : send(response, 404, { error: 'Not Found', message: 'no such ticker' });
      },
    );
  }
  return {
    ...source,
    next: (path, behaviour) => void waiting.set(path, [...(waiting.get(path) ?? []), behaviour]),
  };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function queryOf(url = '/'): URLSearchParams {
  return new URL(url, 'http://127.0.0.1').searchParams;
}

function priceOf(symbol: string | null): number | null {
  return PRICES[symbol ?? ''] ?? null;
}

/** One symbol's answer as it is, those of several by symbol. */
function bySymbol(query: URLSearchParams, of: (price: number, symbol: string) => object): unknown {
  const symbols = (query.get('symbol') ?? '').split(',');
  const found = symbols.flatMap((symbol) => {
    const price = priceOf(symbol);
    return price === null ? [] : [[symbol, of(price, symbol)] as const];
  });
  return symbols.length === 1 ? found[0]?.[1] : Object.fromEntries(found);
}

function day(n: number): string {
  return `2026-11-${String(16 + n).padStart(2, '0')}`;
}

function series(of: (day: string, price: number, n: number) => object): Answer {
  return (query) => {
    const price = priceOf(query.get('symbol'));
    if (price === null) return null;
    const size = Math.min(DAYS, Number(query.get('outputsize') ?? DAYS));
    const meta = {
      symbol: query.get('symbol'),
      interval: query.get('interval'),
      time_period: query.get('time_period'),
    };
    return { meta, values: Array.from({ length: size }, (_, n) => of(day(n), price + n, n)), status: 'ok' };
  };
}

function statements(query: URLSearchParams): object[] {
  const rows = Number(query.get('limit') ?? 4);
  return Array.from({ length: rows }, (_, n) => ({
    ticker: query.get('ticker'),
    period: query.get('period'),
    year: 2026 - n,
  }));
}

/** Days in pages, each with the URL of the next; null for an unknown ticker. */
function pages(query: URLSearchParams): unknown {
  const price = priceOf(query.get('ticker'));
  if (price === null) return null;
  const from = Number(query.get('cursor') ?? 0);
  const prices = Array.from({ length: Math.min(PAGE, DAYS - from) }, (_, n) => ({
    time: day(from + n),
    close: price + from + n,
  }));
  const next = from + PAGE < DAYS ? { next_page_url: `https://elsewhere.example/prices/?cursor=${from + PAGE}` } : {};
  return { prices, ...next };
}
