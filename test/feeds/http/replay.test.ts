/**
 * Processes that die while an HTTP feed is read: after each commit in turn, or just before it. Whoever takes the feed over
 * goes on from what was committed; no event has an id, so only the position keeps them apart.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { csv, http, type HttpOptions, sse, stream } from '../../../src/index.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { DEFAULT_LEASE_MS } from '../../../src/feeds/records/state.ts';
import { type HttpSource, startHttpSource } from '../../services/http-feed.ts';
import { type OnCommit, type Stage, stageOf, START } from '../run/stage.ts';

const ROWS = 45;
const SIZE = 10;
/** Commits after which a process may die; more than any of these feeds makes in a burst. */
const MOST_COMMITS = 9;

let source: HttpSource;
const fetch = createGuardedFetch(systemRuntime(() => {}));
/** Two rows have each time. */
const rows = Array.from({ length: ROWS }, (_, n) => ({ n, at: START - 60_000 + Math.floor(n / 2) * 1_000 }));

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const kinds: Record<string, { options: () => HttpOptions; serve: () => void }> = {
  'pages by link': {
    options: () => ({ ...base(), items: 'items', pages: { by: 'link' } }),
    serve: servePages,
  },
  'pages by cursor': {
    options: () => ({ ...base(), items: 'items', pages: { by: 'cursor', from: 'next', param: 'from' } }),
    serve: servePages,
  },
  'pages by offset': {
    options: () => ({ ...base(), items: 'items', pages: { by: 'offset', size: SIZE, param: 'from' } }),
    serve: servePages,
  },
  'ranges in pages by time': {
    options: () => ({
      ...base('?since={since}&until={until}'),
      items: 'items',
      since: { format: 'ms', from: 'at', lookbackMs: 3_600_000 },
      pages: { by: 'time', size: SIZE },
    }),
    serve: serveRanges,
  },
  'ranges by the clock, a few seconds each': {
    options: () => ({
      ...base('?since={since}&until={until}&all=1'),
      items: 'items',
      since: { format: 'ms', initialMs: START - 60_000, rangeMs: 10_000 },
    }),
    serve: serveRanges,
  },
  'ranges by the clock, newest first, beyond the budget': {
    options: () => ({
      ...base('?since={since}&until={until}&all=1&newest=1'),
      budget: { events: 8 },
      items: 'items',
      since: { format: 'ms', initialMs: START - 60_000, delayMs: 50_000 },
    }),
    serve: serveRanges,
  },
  'rows of CSV with a cursor': {
    options: () => ({ ...base(), format: csv({ numbers: true }), cursor: { from: 'n', param: 'after' } }),
    serve: serveCsv,
  },
  'server-sent events': {
    options: () => ({ ...base(), format: sse(), maxPages: 1 }),
    serve: serveEvents,
  },
};

function base(query = ''): HttpOptions {
  return {
    url: `${source.origin}/feed${query}`,
    allow: [source.host],
    politeness: { perSecond: 1_000 },
    everyMs: 1_000,
    budget: { events: 25 },
  };
}

function servePages(): void {
  source.on('/feed', (request, response) => {
    const from = Number(new URL(request.url ?? '/', source.origin).searchParams.get('from') ?? 0);
    const more = from + SIZE < ROWS;
    response.setHeader('content-type', 'application/json');
    if (more) response.setHeader('link', `</feed?from=${from + SIZE}>; rel="next"`);
    response.end(JSON.stringify({ items: rows.slice(from, from + SIZE), next: more ? from + SIZE : null }));
  });
}

function serveRanges(): void {
  source.on('/feed', (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', source.origin);
    const [since, until] = [Number(searchParams.get('since')), Number(searchParams.get('until'))];
    const found = rows.filter(({ at }) => at >= since && at < until);
    if (searchParams.has('newest')) found.reverse();
    const items = searchParams.has('all') ? found : found.slice(0, SIZE);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
  });
}

function serveCsv(): void {
  source.on('/feed', (request, response) => {
    const after = Number(new URL(request.url ?? '/', source.origin).searchParams.get('after') ?? -1);
    const lines = rows.slice(after + 1, after + 1 + SIZE).map(({ n, at }) => `${n},${at}`);
    response.writeHead(200, { 'content-type': 'text/csv' }).end(['n,at', ...lines].join('\n'));
  });
}

function serveEvents(): void {
  source.on('/feed', (request, response) => {
    const after = Number(request.headers['last-event-id'] ?? -1);
    const events = rows.slice(after + 1).map((row) => `id: ${row.n}\ndata: ${JSON.stringify(row)}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));
  });
}

class Killed extends Error {}

/** Runs the feed until nothing new comes; the first process dies at its commit number `at`. */
async function runWithDeath(stage: Stage, at: number, effect: 'before' | 'after'): Promise<boolean> {
  let dead = false;
  const dying: OnCommit = async (_operations, number, next) => {
    if (dead) throw new Killed();
    if (number < at) return next();
    dead = true;
    if (effect === 'after') await next();
    throw new Killed();
  };
  const first = stage.worker(dying);
  // What the dead one would still do has no effect.
  await ingest(first.deps, stage.clock.now + 60_000, { fetch }).catch(() => {});
  stage.clock.now += DEFAULT_LEASE_MS + 60_000;
  let quiet = 0;
  for (let burst = 0; burst < 40 && quiet < 3; burst += 1) {
    const { feeds } = await ingest(stage.deps, stage.clock.now + 60_000, { fetch });
    expect(feeds[0]).toMatchObject({ outcome: 'pulled', error: null });
    quiet = feeds[0]?.events === 0 ? quiet + 1 : 0;
    // Pages that are not a range begin anew once they were read: it is enough that they were.
    if ((await stage.events()).length >= ROWS) break;
    stage.clock.now += 10_000;
  }
  return dead;
}

describe.each(Object.entries(kinds))('%s', (kind, { options, serve }) => {
  it.each(['before', 'after'] as const)('lose and double nothing where a process dies %s a commit', async (effect) => {
    serve();
    let deaths = 0;
    for (let at = 1; at <= MOST_COMMITS; at += 1) {
      const schema = z.object({ n: z.number(), at: z.number() });
      const readings = stream({ description: 'rows', schema, time: 'at', feed: http(options()) });
      const stage = stageOf({ streams: { readings } });
      if (await runWithDeath(stage, at, effect)) deaths += 1;
      const numbers = (await stage.events()).map(({ data }) => (data as { n: number }).n);
      if (kind.includes('newest')) numbers.sort((a, b) => a - b);
      expect(numbers).toEqual(rows.map(({ n }) => n));
    }
    expect(deaths).toBeGreaterThanOrEqual(3);
  });
});
