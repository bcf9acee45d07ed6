/**
 * APIs that are asked with a query, as small as a feed meets them: Loki's and Prometheus' `query_range` and a GraphQL
 * connection. They keep to what matters for a reader: which end of a range is part of it, limits, order, and shapes.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { HttpSource } from './http-feed.ts';

export interface LogLine {
  labels: Record<string, string>;
  ns: bigint;
  line: string;
}

const answer = (response: ServerResponse, code: number, value: unknown): void => {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://127.0.0.1').searchParams;
}

/** GET; `start` is part of the range and `end` is not; the oldest `limit` lines, grouped by their labels. */
export function lokiLike(lines: readonly LogLine[]): RequestListener {
  return (request, response) => {
    const query = queryOf(request);
    const [start, end] = [BigInt(query.get('start') ?? 0), BigInt(query.get('end') ?? 0)];
    if (query.get('direction') !== 'forward' || end <= start) return answer(response, 400, { status: 'error' });
    const found = lines
      .filter(({ ns }) => ns >= start && ns < end)
      .toSorted((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0))
      .slice(0, Number(query.get('limit') ?? 100));
    const streams = Map.groupBy(found, ({ labels }) => JSON.stringify(labels));
    const result = [...streams.values()].map((of) => ({
      stream: of[0]?.labels ?? {},
      values: of.map(({ ns, line }) => [String(ns), line]),
    }));
    answer(response, 200, { status: 'success', data: { resultType: 'streams', result } });
  };
}

/** POST of a form; a sample of each series at `start` and each `step` seconds behind it, up to `end` and with it. */
export function prometheusLike(source: HttpSource, series: readonly Record<string, string>[]): RequestListener {
  return (_request, response) => {
    const form = new URLSearchParams(source.requests.at(-1)?.body);
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)));
    if (start === undefined || end === undefined || step === undefined || !form.get('query') || !(end >= start)) {
      return answer(response, 400, { status: 'error', errorType: 'bad_data' });
    }
    const times: number[] = [];
    for (let at = start; at <= end; at += step) times.push(at);
    const result = series.map((metric) => ({ metric, values: times.map((at) => [at, String(at % 100)]) }));
    answer(response, 200, { status: 'success', data: { resultType: 'matrix', result } });
  };
}

/** POST of JSON; a connection with `first` nodes `after` a cursor, whose last page has a cursor too. */
export function graphqlLike(source: HttpSource, nodes: readonly { id: string }[]): RequestListener {
  return (_request, response) => {
    const { query, variables } = JSON.parse(source.requests.at(-1)?.body ?? '{}') as {
      query?: string;
      variables?: { after: string | null; first: number };
    };
    if (query === undefined || variables === undefined) {
      return answer(response, 200, { errors: [{ message: 'no query' }], data: null });
    }
    const from = variables.after === null ? 0 : nodes.findIndex(({ id }) => `c:${id}` === variables.after) + 1;
    const page = nodes.slice(from, from + variables.first);
    const endCursor = page.length === 0 ? variables.after : `c:${page.at(-1)?.id}`;
    const pageInfo = { endCursor, hasNextPage: from + page.length < nodes.length };
    answer(response, 200, { data: { shop: { orders: { nodes: page, pageInfo } } } });
  };
}
