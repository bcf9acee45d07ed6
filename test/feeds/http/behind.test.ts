/** HTTP feeds that end at a bound of their own with more to read: they are due again at once, not after `everyMs`. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { http, type HttpOptions } from '../../../src/index.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
import { type HttpSource, startHttpSource, status } from '../../services/http-feed.ts';
import { runBurst } from '../run/burst-context.ts';
import { anonymous, identified, reading, stageOf } from '../run/stage.ts';

const PAGES = 5;
const SIZE = 4;

let source: HttpSource;
const fetch = createGuardedFetch(systemRuntime(() => {}));

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const feed = (options: Partial<HttpOptions>) =>
  http({
    url: `${source.origin}/feed`,
    allow: [source.host],
    politeness: { perSecond: 1_000 },
    pages: { by: 'number', param: 'page' },
    ...options,
  });

function servePages(): void {
  source.on('/feed', (request, response) => {
    const page = Number(new URL(request.url ?? '/', source.origin).searchParams.get('page'));
    const found = page > PAGES ? [] : Array.from({ length: SIZE }, (_, n) => reading((page - 1) * SIZE + n));
    response.setHeader('content-type', 'application/json').end(JSON.stringify(found));
  });
}

test('after the last of its requests', async () => {
  servePages();
  const stage = stageOf({ streams: { readings: anonymous(feed({ maxPages: 2 })) } });
  const before = stage.clock.now;
  for (const events of [2 * SIZE, 2 * SIZE]) {
    expect(await stage.run({ fetch })).toMatchObject({ outcome: 'pulled', events, nextAt: before });
  }
  expect(await stage.run({ fetch })).toMatchObject({ events: SIZE, nextAt: before + 60_000 });
  expect(await stage.events()).toHaveLength(PAGES * SIZE);
});

test('after a budget of what is known already', async () => {
  servePages();
  const stage = stageOf({ streams: { readings: identified(feed({ budget: { events: 2 * SIZE } })) } });
  for (let round = 0; round < 3; round += 1) await stage.run({ fetch });
  await stage.clock.advance(60_000);
  const now = stage.clock.now;
  expect(await stage.run({ fetch })).toMatchObject({ events: 0, duplicates: 2 * SIZE, nextAt: now });
});

test('not so after a page that the source has forgotten, which is not asked for again', async () => {
  servePages();
  const first = await runBurst(feed({ maxPages: 1 }));
  source.on('/feed', status(404));
  const stale = await runBurst(feed({ maxPages: 1 }), { position: first.position });
  expect(stale).toMatchObject({ error: null, items: [], batches: [{ last: true }] });
  servePages();
  await runBurst(feed({ maxPages: 1 }), { position: stale.position });
  expect(source.requests.map(({ query }) => query.get('page'))).toEqual(['1', '2', '1']);
});

test('and a source that moves its cursor without an item is not asked without a pause', async () => {
  let asked = 0;
  source.on('/feed', (_request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ items: [], next: `c${asked}` }));
  });
  const options: HttpOptions = {
    url: `${source.origin}/feed`,
    allow: [source.host],
    items: 'items',
    cursor: { from: 'next', param: 'after' },
    wait: { ms: 30_000 },
  };
  const timeMs = 3_300;
  const changes = {
    budget: { timeMs, events: 100, bytes: 1e6 },
    deadline: Date.now() + timeMs,
    signal: AbortSignal.timeout(timeMs),
  };
  const { error, position } = await runBurst(http(options), changes);
  expect([error, asked > 1, asked <= 4]).toEqual([null, true, true]);
  expect(position).toMatchObject({ cursor: `c${asked}` });
});
