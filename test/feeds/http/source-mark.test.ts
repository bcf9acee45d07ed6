/** A position belongs to the source that it was made at. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/feeds/http/position.ts';
import { http, type HttpOptions, secret } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { answering, type HttpSource, startHttpSource } from '../../services/http-feed.ts';
import { runBurst } from '../run/burst-context.ts';

let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
  for (const path of ['/a', '/b']) {
    source.on(
      path,
      answering((query) => {
        const after = Number(query.get('after') ?? 0);
        const since = query.get('since') ?? '';
        const items = [1, 2, 3].map((n) => ({ n, t: `2026-11-20T12:00:0${n}Z` }));
        return { items: items.filter(({ n, t }) => n > after && t >= since) };
      }),
    );
  }
});
afterEach(() => source.close());

const cursor = { from: 'n', of: 'item', param: 'after' } as const;
const since = { from: 't', initialMs: Date.UTC(2026, 10, 20) };

async function pull(path: string, options: Partial<HttpOptions>, context: Partial<BurstContext> = {}) {
  const logged: string[] = [];
  const shared = { allow: [source.host], items: 'items', politeness: { perSecond: 1_000 } };
  const feed = http({ url: `${source.origin}${path}`, ...shared, ...options });
  const log: BurstContext['log'] = (level, text) => void (level === 'warn' && logged.push(text));
  const { items, position, error } = await runBurst(feed, {
    now: () => Date.UTC(2026, 10, 21),
    deadline: Date.UTC(2026, 10, 21) + 10_000,
    log,
    ...context,
  });
  expect(error).toBeNull();
  return { found: items.map(({ data }) => (data as { n: number }).n), position, logged };
}

/** As earlier releases stored it. */
function unmarked(position: Json | null): Json {
  const { source: _, ...rest } = position as { source: Json };
  return rest;
}

describe.each([
  ['cursor', '', { cursor }],
  ['since', '?since={since}', { since }],
] as const)('a position by %s', (_by, query, options) => {
  const move = async (to: string, changes: Partial<HttpOptions> = {}, at = (position: Json | null) => position) => {
    const first = await pull(`/a${query}`, options);
    expect([first.found, first.logged]).toEqual([[1, 2, 3], []]);
    return pull(`${to}${query}`, { ...options, ...changes }, { position: at(first.position) });
  };

  it('is gone on from at the same source, and nothing is told', async () => {
    expect(await move('/a')).toMatchObject({ found: [], logged: [] });
  });

  it('is left where url leads to another path, and the log tells it once', async () => {
    const other = await move('/b');
    expect(other).toMatchObject({ found: [1, 2, 3], logged: [expect.stringContaining('begins anew')] });
    expect(await pull(`/b${query}`, options, { position: other.position })).toMatchObject({ found: [], logged: [] });
  });

  it.each(['/a/', '/%61', '/b/../a', '/a#top'])('is gone on from where the same url is written as %s', async (to) => {
    source.on(
      '/a/',
      answering(() => ({ items: [] })),
    );
    source.on(
      '/%61',
      answering(() => ({ items: [] })),
    );
    const url = `${source.origin}${to.replace('#top', '')}${query}${to.endsWith('#top') ? '#top' : ''}`;
    const there = await move('/a', { url });
    expect(there).toMatchObject({ found: [], logged: [] });
    expect(
      await pull('/a', { ...options, url: `${source.origin}/a${query}` }, { position: there.position }),
    ).toMatchObject({
      found: [],
      logged: [],
    });
  });

  it('of an earlier release, which kept the slash at its end, is gone on from without it', async () => {
    source.on(
      '/a/',
      answering(() => ({ items: [] })),
    );
    const marked = await fingerprint(`${source.origin}/a/`);
    const to = async (at: string) =>
      move(at, {}, (position) => ({ ...(position as object), source: [marked, queryMark] }));
    const queryMark = await fingerprint(query);
    expect(await to('/a')).toMatchObject({ found: [], logged: [] });
    expect(await to('/a/')).toMatchObject({ found: [], logged: [] });
    expect((await to('/b')).logged).toEqual([expect.stringContaining('begins anew')]);
  });

  it('is left where url leads to another host', async () => {
    const other = await startHttpSource();
    other.on(
      '/a',
      answering(() => ({ items: [{ n: 1, t: '2026-11-20T12:00:00Z' }] })),
    );
    const url = `${other.origin}/a${query}`;
    expect((await move('/a', { url, allow: [other.host] })).found).toEqual([1]);
    await other.close();
  });

  it('is kept where the query alone is another, and the log tells how to begin anew', async () => {
    const url = `${source.origin}/a${query}${query === '' ? '?' : '&'}site=b`;
    const other = await move('/a', { url });
    expect(other).toMatchObject({ found: [], logged: [expect.stringContaining('tidegate feeds reset source')] });
  });

  it('of an earlier release is gone on from', async () => {
    expect(await move('/b', {}, unmarked)).toMatchObject({ found: [], logged: [] });
  });
});

it('a URL that is a secret may have another path, such as a token', async () => {
  const url = secret('FEED_URL');
  const first = await pull('', { url, cursor }, { secret: () => `${source.origin}/a` });
  const second = await pull('', { url, cursor }, { secret: () => `${source.origin}/b`, position: first.position });
  expect([first.found, second.found, second.logged]).toEqual([[1, 2, 3], [], []]);
});
