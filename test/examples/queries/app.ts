/** An app whose feeds ask with queries: logs from Loki, load from Prometheus, orders from a GraphQL API; and rates as CSV, news as RSS. */
import * as z from 'zod';
import { csv, defineApp, http, rss, stream } from 'tidegate';

const api = process.env['API_URL'] ?? 'http://127.0.0.1:3100';
const allow = [new URL(api).host];

// #region logs
const Streams = z.object({
  result: z.array(
    z.object({ stream: z.record(z.string(), z.string()), values: z.array(z.tuple([z.string(), z.string()])) }),
  ),
});

const logs = stream({
  description: 'Errors of each service, as Loki has them',
  schema: z.object({ ns: z.string(), at: z.number(), service: z.string(), line: z.string() }),
  key: 'service',
  time: 'at',
  feed: http({
    url: `${api}/loki/api/v1/query_range?query={level="error"}&start={since}&end={until}&limit=500&direction=forward`,
    allow,
    since: { format: 'ns', from: 'ns', delayMs: 5_000 },
    pages: { by: 'time', size: 500 },
    pick: (body) =>
      Streams.parse((body as { data: unknown }).data).result.flatMap(({ stream: { service = '' }, values }) =>
        values.map(([ns, line]) => ({ ns, at: Math.floor(Number(ns) / 1e6), service, line })),
      ),
  }),
});
// #endregion

// #region posts
const Matrix = z.object({
  result: z.array(
    z.object({ metric: z.object({ instance: z.string() }), values: z.array(z.tuple([z.number(), z.string()])) }),
  ),
});

const load = stream({
  description: 'Load of each machine, every 15 s, as Prometheus has it',
  schema: z.object({ id: z.string(), at: z.number(), instance: z.string(), load: z.number() }),
  key: 'instance',
  time: 'at',
  id: 'id',
  feed: http({
    url: `${api}/api/v1/query_range`,
    allow,
    body: { form: { query: 'avg by (instance) (node_load1)', start: '{since}', end: '{until}', step: '15' } },
    since: { format: 's', alignMs: 15_000, lookbackMs: 600_000 },
    pick: (body) =>
      Matrix.parse((body as { data: unknown }).data).result.flatMap(({ metric: { instance }, values }) =>
        values.map(([s, value]) => ({ id: `${instance}@${s}`, at: s * 1_000, instance, load: Number(value) })),
      ),
  }),
});

const orders = stream({
  description: 'Orders of the shop, from its GraphQL API',
  schema: z.object({ id: z.string(), total: z.number() }),
  feed: http({
    url: `${api}/graphql`,
    allow,
    body: {
      json: {
        query:
          'query($after: String) { shop { orders(first: 50, after: $after) { nodes { id total } pageInfo { endCursor } } } }',
        variables: { first: 50, after: '{cursor}' },
      },
    },
    items: 'data.shop.orders.nodes',
    cursor: { from: 'data.shop.orders.pageInfo.endCursor' },
  }),
});
// #endregion

// #region formats
const rates = stream({
  description: 'Reference rates of the day',
  schema: z.object({ date: z.iso.date(), currency: z.string(), rate: z.number() }),
  key: 'currency',
  time: 'date',
  id: ({ date, currency }) => `${date} ${currency}`,
  feed: http({ url: `${api}/rates.csv`, allow, format: csv({ numbers: ['rate'] }), everyMs: 3_600_000 }),
});

const news = stream({
  description: 'News of the plant',
  schema: z.object({ id: z.string(), time: z.string(), title: z.string(), link: z.string().nullable() }),
  time: 'time',
  id: 'id',
  feed: http({ url: `${api}/news.xml`, allow, format: rss(), everyMs: 600_000 }),
});
// #endregion

export default defineApp({
  name: 'queries',
  version: '1.0.0',
  description: 'What other systems answer to queries',
  streams: { logs, load, orders, rates, news },
});
