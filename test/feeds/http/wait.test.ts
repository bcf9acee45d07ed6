/** Long polling: sources that keep a request open until there is something to answer. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { http, type HttpOptions } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import { type HttpSource, startHttpSource, status } from '../../services/http-feed.ts';
import { runBurst } from '../run/burst-context.ts';

let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const short = (timeMs: number): Partial<BurstContext> => ({
  budget: { timeMs, events: 10_000, bytes: 1e6 },
  deadline: Date.now() + timeMs,
  signal: AbortSignal.timeout(timeMs),
});
const pull = (options: Partial<HttpOptions>, changes: Partial<BurstContext>) =>
  runBurst(
    http({ url: `${source.origin}/feed`, allow: [source.host], wait: { ms: 60_000, param: 'wait' }, ...options }),
    changes,
  );

it('polls again and again within the burst, each time behind the last answer', async () => {
  source.on('/feed', (request, response) => {
    const index = Number(request.headers['x-index'] ?? 0) + 1;
    if (index > 4) {
      setTimeout(() => response.writeHead(204).end(), 900);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'x-index': String(index) });
    response.end(JSON.stringify(index === 2 ? [] : [index]));
  });
  const options: Partial<HttpOptions> = {
    headers: { 'x-index': '{cursor}' },
    cursor: { from: 'x-index', of: 'header' },
  };
  const { items, error, position, batches } = await pull(options, short(3_500));
  expect(error).toBeNull();
  expect(items.map(({ data }) => data)).toEqual([1, 3, 4]);
  expect(position).toMatchObject({ cursor: '4' });
  expect(batches.at(-1)?.last).toBe(true);
  const waits = source.requests.map(({ query }) => Number(query.get('wait')));
  // Each waits for what is left of the burst, and a second less.
  expect(waits[0]).toBe(2);
  expect(waits.at(-1)).toBeLessThan(2);
});

it('asks a source that does not wait no more than once a second', async () => {
  source.on('/feed', status(204));
  expect(await pull({}, short(4_200))).toMatchObject({ error: null, items: [] });
  expect(source.requests.length).toBeLessThanOrEqual(4);
  expect(source.requests.length).toBeGreaterThan(1);
}, 8_000);

it.each([
  ['304', status(304)],
  ['an empty body', status(200)],
])('takes %s for nothing new', async (what, behaviour) => {
  source.on('/feed', what === '304' ? behaviour : (_request, response) => response.writeHead(200).end());
  const { error, items, batches } = await pull({ maxPages: 1 }, short(3_000));
  expect([error, items, batches.length]).toEqual([null, [], 1]);
});

it('is no failure where the source keeps the request longer than the burst lasts', async () => {
  source.on('/feed', () => {});
  expect(await pull({}, short(300))).toMatchObject({ error: null, items: [] });
});

it('is one where the source is silent for longer than it may wait', async () => {
  source.on('/feed', () => {});
  const { error } = await pull({ wait: { ms: 1_000 }, timeoutMs: 50 }, short(5_000));
  expect(error).toMatchObject({ code: 'upstream', field: 'timeoutMs' });
});

it('sends how long it waits where the declaration says, in its unit', async () => {
  source.on('/feed', status(204));
  const headers = { prefer: 'wait={wait}' };
  await pull({ headers, wait: { ms: 1_500, unit: 'ms' }, maxPages: 1 }, short(5_000));
  expect(source.requests[0]?.headers['prefer']).toBe('wait=1500');
});
