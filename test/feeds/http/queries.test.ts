/** The app of queries against servers that behave as Loki, Prometheus and a GraphQL API do: nothing is lost, nothing comes twice. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { type HttpSource, startHttpSource, text } from '../../services/http-feed.ts';
import { graphqlLike, type LogLine, lokiLike, prometheusLike } from '../../services/query-apis.ts';
import { type Stage, stageOf, START } from '../run/stage.ts';

let source: HttpSource;
let stage: Stage;
const fetch = createGuardedFetch(systemRuntime(() => {}));

beforeEach(async () => {
  source = await startHttpSource();
  vi.stubEnv('API_URL', source.origin);
  vi.resetModules();
  const { default: app } = await import('../../examples/queries/app.ts');
  stage = stageOf({});
  stage.deps = { ...stage.deps, app };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await source.close();
});

async function run(feed: string) {
  const { feeds } = await ingest(stage.deps, stage.clock.now + 60_000, { feeds: [feed], fetch });
  const [report] = feeds;
  expect(report).toMatchObject({ outcome: 'pulled', error: null });
  stage.clock.now += 60_000;
  return report;
}

const ns = (ms: number, more = 0) => BigInt(ms) * 1_000_000n + BigInt(more);

it('takes each line of a log once, however many there are in a millisecond', async () => {
  const lines: LogLine[] = [];
  const log = (at: bigint) =>
    lines.push({ labels: { service: `s${lines.length % 3}` }, ns: at, line: `line ${lines.length}` });
  for (let n = 0; n < 1_234; n += 1) log(ns(START - 60_000, n * 300));
  source.on('/loki/api/v1/query_range', lokiLike(lines));
  await run('logs');
  expect(source.requests).toHaveLength(3);
  expect(source.requests[0]?.query.get('query')).toBe('{level="error"}');
  // One more at the very time of the last: it is not there yet when that is asked for.
  const last = lines.at(-1)?.ns ?? 0n;
  log(last);
  log(last + 1n);
  await run('logs');
  await run('logs');
  const events = await stage.events('logs');
  expect(events.map(({ data }) => (data as { line: string }).line).toSorted()).toEqual(
    lines.map(({ line }) => line).toSorted(),
  );
});

it('takes each sample of a matrix once, at the step’s own times', async () => {
  source.on('/api/v1/query_range', prometheusLike(source, [{ instance: 'a' }, { instance: 'b' }]));
  await run('load');
  expect(new URLSearchParams(source.requests[0]?.body).get('query')).toBe('avg by (instance) (node_load1)');
  stage.clock.now += 1_234;
  await run('load');
  const times = (await stage.events('load')).filter(({ key }) => key === 'a').map(({ time }) => time);
  const expected: number[] = [];
  for (let at = START - 600_000; at <= START + 60_000; at += 15_000) expected.push(at);
  expect(times).toEqual(expected);
});

it('follows a connection of GraphQL, and goes on behind it', async () => {
  const nodes = Array.from({ length: 120 }, (_, n) => ({ id: `"${n}"`, total: n }));
  source.on('/graphql', graphqlLike(source, nodes));
  await run('orders');
  expect(source.requests[0]?.headers['content-type']).toBe('application/json');
  nodes.push({ id: 'new', total: 7 });
  await run('orders');
  expect((await stage.events('orders')).map(({ data }) => data)).toEqual(nodes);
});

it('reads rates as CSV and news as RSS', async () => {
  source.on('/rates.csv', text('date,currency,rate\n2026-11-20,CHF,0.93\n2026-11-20,JPY,171.2\n', 'text/csv'));
  const item = '<item><guid>1</guid><title>x</title><pubDate>Fri, 20 Nov 2026 12:00:00 GMT</pubDate></item>';
  source.on('/news.xml', text(`<rss version="2.0"><channel>${item}</channel></rss>`, 'application/rss+xml'));
  await run('rates');
  await run('news');
  stage.clock.now += 3_600_000;
  await run('rates');
  await run('news');
  expect((await stage.events('rates')).map(({ id }) => id)).toEqual(['2026-11-20 CHF', '2026-11-20 JPY']);
  expect((await stage.events('news')).map(({ id, time }) => [id, time])).toEqual([['1', Date.UTC(2026, 10, 20, 12)]]);
});
