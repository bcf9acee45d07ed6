/** Pages of sources that end, redirect, sign or write an empty list in ways of their own. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { http, type HttpOptions } from '../../../src/index.ts';
import { answering, type HttpSource, redirect, startHttpSource } from '../../services/http-feed.ts';
import { runBurst } from '../run/burst-context.ts';

const SIZE = 10;
let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const rowsOf = (page: number) => Array.from({ length: SIZE }, (_, n) => ({ n: page * SIZE + n }));
const numbers = (items: readonly { data: unknown }[]) => items.map(({ data }) => (data as { n: number }).n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

function feed(path: string, changes: Partial<HttpOptions>) {
  const shared = { allow: [source.host], items: 'items', politeness: { perSecond: 1_000 } };
  return http({ url: `${source.origin}${path}`, ...shared, ...changes });
}

describe.each([
  ['number', { by: 'number', first: 0, size: SIZE, param: 'page' }, SIZE],
  ['offset', { by: 'offset', size: SIZE, param: 'page' }, 1],
] as const)('a source that answers its last full page for every %s beyond', (_by, pages, perPage) => {
  const lastPage = 2;
  const pageIn = (query: URLSearchParams) =>
    Math.min(lastPage, Math.floor((Number(query.get('page')) * perPage) / SIZE));

  it.each([true, false])(
    'is read to its end, and from the beginning again (also of large pages: %s)',
    async (isLarge) => {
      const more = isLarge ? { text: 'x'.repeat(20_000) } : {};
      source.on(
        '/feed',
        answering((query) => ({ items: rowsOf(pageIn(query)).map((row) => ({ ...row, ...more })) })),
      );
      const first = await runBurst(feed('/feed', { pages }));
      expect([numbers(first.items), first.error]).toEqual([upTo(30), null]);
      expect(first.batches.at(-1)?.last).toBe(true);
      expect(source.requests).toHaveLength(4);
      const again = await runBurst(feed('/feed', { pages, maxPages: 3 }), { position: first.position });
      expect(numbers(again.items)).toEqual(upTo(30));
      const rest = await runBurst(feed('/feed', { pages }), { position: again.position });
      expect([rest.items, rest.batches.at(-1)?.last]).toEqual([[], true]);
    },
  );
});

it('a link is relative to where its page came from, behind redirects', async () => {
  source.on('/list', redirect('/v2/list', 301));
  source.on(
    '/v2/list',
    answering(() => ({ items: [{ n: 0 }], next: 'page2' })),
  );
  source.on(
    '/v2/page2',
    answering(() => ({ items: [{ n: 1 }], next: null })),
  );
  source.on(
    '/page2',
    answering(() => ({ items: [{ n: 666 }], next: null })),
  );
  const { items, error } = await runBurst(feed('/list', { pages: { by: 'link', from: 'next' } }));
  expect([numbers(items), error]).toEqual([[0, 1], null]);
});

it('a link is asked as it is written, since a signature may hold for that alone', async () => {
  const query = "p=2&sig=a+b%20c/d==&x=(1)*~'!&e&f=%c3%a9;k&$skiptoken=a,b&key=a%20secret";
  const asked: string[] = [];
  source.on('/feed', (request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    const next = asked.length === 1 ? `/feed?${query}` : null;
    response.end(JSON.stringify({ items: [{ n: asked.length }], next }));
  });
  const signed = feed('/feed?key=a%20secret', { pages: { by: 'link', from: 'next' }, maxPages: 1 });
  const first = await runBurst(signed);
  expect(JSON.stringify(first.position)).not.toContain('secret');
  await runBurst(signed, { position: first.position });
  // A URL has no apostrophe in its query.
  expect(asked).toEqual(['/feed?key=a%20secret', `/feed?${query.replace("'", '%27')}`]);
});

it('null is how several languages write an empty list', async () => {
  const pages = { by: 'cursor', from: 'next', param: 'c' } as const;
  source.on(
    '/feed',
    answering((query) => (query.has('c') ? { items: null, next: null } : { items: [{ n: 0 }], next: 'p2' })),
  );
  const first = await runBurst(feed('/feed', { pages }));
  expect([numbers(first.items), first.error, first.batches.at(-1)?.last]).toEqual([[0], null, true]);
});

describe('a path by which a feed goes on', () => {
  const body = { items: [{ n: 0 }], meta: { next: null }, cursor: 'c1' };

  it.each([
    [
      'of a cursor that is misspelt',
      { cursor: { from: 'cusor', param: 'c' } },
      'cusor is missing (did you mean cursor?)',
    ],
    ['of a cursor that is nowhere', { cursor: { from: 'paging.next', param: 'c' } }, 'paging.next is missing'],
    ['of pages that is misspelt', { pages: { by: 'cursor', from: 'meta.nxt', param: 'c' } }, 'did you mean meta.next?'],
    ['of links that is misspelt', { pages: { by: 'link', from: 'meta.nex' } }, 'did you mean meta.next?'],
  ] as const)('%s fails the feed', async (_what, changes, said) => {
    source.on(
      '/feed',
      answering(() => body),
    );
    const { error } = await runBurst(feed('/feed', changes));
    expect(error).toMatchObject({ code: 'upstream', message: expect.stringContaining(said) as string });
  });

  it('that a source leaves out, with what it stands in, is the end', async () => {
    source.on(
      '/feed',
      answering(() => ({ items: [{ n: 0 }] })),
    );
    const { error } = await runBurst(feed('/feed', { pages: { by: 'cursor', from: 'paging.next', param: 'c' } }));
    expect(error).toBeNull();
  });
});
