/** HTTP sources that answer in pages, and bursts that end between two of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { http, type HttpOptions, type HttpPages } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { answering, type HttpSource, startHttpSource, status } from '../../services/http-feed.ts';
import { burstContext, runBurst } from '../run/burst-context.ts';

const SIZE = 10;

let source: HttpSource;
let rows: { n: number }[];

beforeEach(async () => {
  source = await startHttpSource();
  rows = Array.from({ length: 35 }, (_, n) => ({ n }));
});
afterEach(() => source.close());

/** Pages of `SIZE` from an offset; what says where the next one is, is told in each way at once. */
function serve(): void {
  source.on('/feed', (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', source.origin);
    const token = searchParams.get('token');
    const number = searchParams.get('page');
    const from = Number(searchParams.get('offset') ?? (number === null ? token?.slice(1) : Number(number) * SIZE) ?? 0);
    const more = from + SIZE < rows.length;
    const next = new URLSearchParams(searchParams);
    next.set('token', `t${from + SIZE}`);
    const url = `/feed?${next.toString()}`;
    response.setHeader('content-type', 'application/json');
    if (more) response.setHeader('link', [`</feed>; rel="first", <${url}>; title="a, b"; rel="last next"`]);
    const meta = { next: more ? `t${from + SIZE}` : null, url: more ? url : null };
    response.end(JSON.stringify({ items: rows.slice(from, from + SIZE), meta }));
  });
}

const options = (pages: HttpPages, changes: Partial<HttpOptions> = {}): HttpOptions => ({
  url: `${source.origin}/feed?key=secret&limit=${SIZE}`,
  allow: [source.host],
  items: 'items',
  politeness: { perSecond: 1_000 },
  pages,
  ...changes,
});
const pull = (pages: HttpPages, changes: Partial<HttpOptions> = {}, context: Partial<BurstContext> = {}) =>
  runBurst(http(options(pages, changes)), context);
const numbers = (items: readonly { data: unknown }[]) => items.map(({ data }) => (data as { n: number }).n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

const KINDS: [string, HttpPages][] = [
  ['a Link header', { by: 'link' }],
  ['a link in the body', { by: 'link', from: 'meta.url' }],
  ['a cursor in the body', { by: 'cursor', from: 'meta.next', param: 'token' }],
  ['an offset', { by: 'offset', size: SIZE, param: 'offset' }],
  ['a number', { by: 'number', first: 0, size: SIZE, param: 'page' }],
  ['a number, until a page is empty', { by: 'number', first: 0, param: 'page' }],
];

describe.each(KINDS)('pages by %s', (_what, pages) => {
  it('are read to the last, and anew in the next burst', async () => {
    serve();
    const first = await pull(pages);
    expect(first.error).toBeNull();
    expect(numbers(first.items)).toEqual(upTo(35));
    expect(first.batches.at(-1)?.last).toBe(true);
    expect(first.batches.slice(0, -1).some(({ last }) => last)).toBe(false);
    expect(source.requests.every(({ query }) => query.get('key') === 'secret' && query.get('limit') === '10')).toBe(
      true,
    );
    rows.push({ n: 35 });
    expect(numbers((await pull(pages, {}, { position: first.position })).items)).toEqual(upTo(36));
  });

  it('are gone on with where a burst ended after any of them', async () => {
    serve();
    for (const keep of [1, 2, 3, 4]) {
      const got: number[] = [];
      let position: Json | null = null;
      let ended = false;
      for (let burst = 0; burst < 6 && !ended; burst += 1) {
        let taken = 0;
        for await (const batch of http(options(pages)).burst(burstContext({ position }))) {
          got.push(...numbers(batch.items));
          position = batch.position ?? position;
          ended = batch.last ?? false;
          taken += 1;
          if (taken === keep) break;
        }
      }
      expect(got).toEqual(upTo(35));
    }
  });

  it('are gone on with where a burst had enough of them', async () => {
    serve();
    const first = await pull(pages, { maxPages: 2 });
    expect(numbers(first.items)).toEqual(upTo(20));
    expect(JSON.stringify(first.position)).not.toContain('secret');
    const budget = { timeMs: 10_000, events: 5, bytes: 1e6 };
    const second = await pull(pages, {}, { position: first.position, budget });
    expect(numbers(second.items)).toEqual(upTo(30).slice(20));
    expect(numbers((await pull(pages, {}, { position: second.position })).items)).toEqual(upTo(35).slice(30));
  });
});

const circle = (length: number) =>
  source.on(
    '/feed',
    answering((query) => {
      const at = Number(query.get('token') ?? 0);
      return { items: [{ n: at }], meta: { next: String((at % length) + 1) } };
    }),
  );

describe('pages in a circle', () => {
  const pages: HttpPages = { by: 'cursor', from: 'meta.next', param: 'token' };

  it.each([1, 2, 7])('of %i are a failure with a name, and no page is taken twice', async (length) => {
    circle(length);
    const { error, items } = await pull(pages);
    expect(error).toMatchObject({ code: 'upstream', field: 'pages' });
    expect(new Set(numbers(items)).size).toBe(items.length);
  });

  it('are noticed over bursts too', async () => {
    circle(5);
    let position: Json | null = null;
    let error: unknown = null;
    let bursts = 0;
    for (; error === null && bursts < 20; bursts += 1) {
      ({ position, error } = await pull(pages, { maxPages: 1 }, { position }));
    }
    expect(error).toMatchObject({ code: 'upstream', field: 'pages' });
    expect(bursts).toBeLessThanOrEqual(16);
  });

  const kept = () => http({ ...options(pages), pages: undefined, cursor: { from: 'meta.next', param: 'token' } });

  it.each([2, 3, 7])(
    'of %i by a cursor that is kept are a failure, and soon bring nothing any more',
    async (length) => {
      circle(length);
      let position: Json | null = null;
      for (let burst = 0; burst < 5; burst += 1) {
        const { error, items, ...behind } = await runBurst(kept(), { position });
        expect(error).toMatchObject({ code: 'upstream', field: 'cursor' });
        if (burst > 2) expect(items).toEqual([]);
        position = behind.position ?? position;
      }
    },
  );

  it('are none where a source counts anew once it had nothing more', async () => {
    let answered = 0;
    source.on(
      '/feed',
      answering(() => {
        answered += 1;
        const at = answered % 4;
        const next = at === 0 ? null : at === 3 ? `end-${answered}` : `${at}`;
        return { items: at === 0 ? [] : [{ n: answered }], meta: { next } };
      }),
    );
    let position: Json | null = null;
    for (let burst = 0; burst < 6; burst += 1) {
      const { error, items, ...behind } = await runBurst(kept(), { position });
      expect([error, items.length]).toEqual([null, 3]);
      position = behind.position ?? position;
    }
  });

  it('are none where an empty page repeats its cursor', async () => {
    source.on(
      '/feed',
      answering((query) => ({ items: query.has('token') ? [] : [{ n: 0 }], meta: { next: 'end' } })),
    );
    expect(await pull(pages)).toMatchObject({ error: null, items: [{ data: { n: 0 } }] });
  });
});

describe('a page that the source has forgotten', () => {
  const pages: HttpPages = { by: 'cursor', from: 'meta.next', param: 'token' };

  it.each([400, 404, 410, 422])('by the next burst begins the pages anew: %i', async (code) => {
    serve();
    const { position } = await pull(pages, { maxPages: 2 });
    const asked = source.requests.length;
    source.on('/feed', (request, response) => {
      if (request.url?.includes('token=t20') && source.requests.length === asked + 1)
        return status(code)(request, response);
      answering(() => ({ items: rows.slice(0, 10), meta: {} }))(request, response);
    });
    const again = await pull(pages, {}, { position });
    expect(again.error).toBeNull();
    expect(numbers(again.items)).toEqual(upTo(10));
  });

  it('within the burst is a failure', async () => {
    source.on('/feed', (request, response) =>
      request.url?.includes('token')
        ? status(410)(request, response)
        : answering(() => ({ items: [{ n: 0 }], meta: { next: 'x' } }))(request, response),
    );
    expect((await pull(pages)).error).toMatchObject({ code: 'upstream' });
  });
});

const linking = (target: string) =>
  source.on('/feed', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', link: `<${target}>; rel=next` });
    response.end('{"items":[{"n":0}]}');
  });

describe('a link', () => {
  it('to another origin is not followed, unless the feed names its host', async () => {
    await using other = await startHttpSource();
    other.on(
      '/more',
      answering(() => ({ items: [{ n: 1 }] })),
    );
    linking(`${other.origin}/more?key=theirs`);
    const headers = { authorization: 'Bearer s', 'x-key': 's', accept: 'application/json' };
    const refused = await pull({ by: 'link' }, { headers });
    expect(refused).toMatchObject({ items: [], error: { code: 'address_refused' } });
    expect(other.requests).toEqual([]);

    const allowed = await pull({ by: 'link' }, { headers, allow: [source.host, other.host] });
    expect(numbers(allowed.items)).toEqual([0, 1]);
    const [request] = other.requests;
    expect(request?.query.get('key')).toBe('theirs');
    expect(JSON.stringify(request?.headers)).not.toContain('"s"');
    expect(request?.headers).not.toHaveProperty('authorization');
    expect(request?.headers.accept).toBe('application/json');
  });

  it.each(['http://[', `/feed?x=${'y'.repeat(9_000)}`])('that is none fails the burst', async (target) => {
    linking(target);
    expect(await pull({ by: 'link' })).toMatchObject({ items: [], error: { code: 'upstream', field: 'pages' } });
  });

  it('keeps what it changes of the URL, and nothing of its secret', async () => {
    linking('/other?key=secret&key=other&page=2&limit=10');
    const { position } = await pull({ by: 'link' }, { maxPages: 1 });
    expect(JSON.stringify(position)).not.toContain('secret');
    source.on(
      '/other',
      answering(() => ({ items: [] })),
    );
    await pull({ by: 'link' }, {}, { position });
    expect(source.requests.at(-1)?.query.toString()).toBe('key=secret&key=other&page=2&limit=10');
  });
});

describe('pages by time', () => {
  const since: HttpOptions['since'] = { from: 'at', format: 'ms', initialMs: 0, rangeMs: 100 * 365 * 86_400_000 };
  const pages: HttpPages = { by: 'time', size: SIZE };

  it('that have more items at one time than a page holds are a failure with a name', async () => {
    source.on(
      '/feed',
      answering(() => ({ items: Array.from({ length: SIZE }, (_, n) => ({ n, at: 5 })) })),
    );
    const { error, items } = await pull(pages, { url: `${source.origin}/feed?since={since}`, since });
    expect(error).toMatchObject({ code: 'upstream', field: 'pages.size' });
    expect(items).toHaveLength(SIZE);
  });

  it('whose items have no time where it is said are one too', async () => {
    source.on(
      '/feed',
      answering(() => ({ items: [{ n: 1, at: 'soon' }] })),
    );
    expect(await pull(pages, { url: `${source.origin}/feed?since={since}`, since })).toMatchObject({
      items: [],
      error: { field: 'since.from' },
    });
  });

  it('whose items count time in another unit are told its name', async () => {
    source.on(
      '/feed',
      answering(() => ({ items: [{ n: 1, at: 1_795_176_000 }] })),
    );
    expect(await pull(pages, { url: `${source.origin}/feed?since={since}`, since })).toMatchObject({
      error: { field: 'since.from', expected: expect.stringContaining("1795176000 looks like format: 's'") },
    });
  });
});

describe('a source that caps its pages below the size that it is asked for', () => {
  const CAP = 4;
  /** Answers pages of `CAP` items, with what `more` tells; behind the last page `beyond` answers. */
  function capping(
    more: (reached: number, page: number) => object = () => ({}),
    beyond: 'empty' | 'again' | number = 'empty',
  ): void {
    source.on('/feed', (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', source.origin);
      const page = Number(searchParams.get('page') ?? 0);
      const last = Math.ceil(rows.length / CAP) - 1;
      let from = searchParams.has('page') ? page * CAP : Number(searchParams.get('offset') ?? 0);
      if (from >= rows.length && typeof beyond === 'number') return response.writeHead(beyond).end();
      if (from >= rows.length && beyond === 'again') from = last * CAP;
      const items = rows.slice(from, from + CAP);
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ items, ...more(from + items.length, page + 1) }));
    });
  }
  const counted: [string, HttpPages][] = [
    ['offset', { by: 'offset', size: SIZE, param: 'offset' }],
    ['number', { by: 'number', first: 0, size: SIZE, param: 'page' }],
  ];

  describe.each(counted)('by %s', (_what, pages) => {
    const beyond = ['empty', 'again', 404, 400, 422] as const;
    it.each(beyond)('is read to its end, where %s is what stands behind it', async (answer) => {
      for (const count of [1, 3, 4, 8, 9]) {
        rows = Array.from({ length: count }, (_, n) => ({ n }));
        capping(() => ({}), answer);
        const { items, error } = await pull(pages);
        expect([numbers(items), error]).toEqual([upTo(count), null]);
      }
    });

    it('is asked for no more than it says there is', async () => {
      rows = rows.slice(0, 9);
      const told: ((reached: number, page: number) => object)[] = [
        () => ({ total: 9 }),
        (reached) => ({ has_more: reached < 9 }),
        (reached) => ({ meta: { next: reached < 9 ? 'x' : null } }),
        (_, page) => ({ pagination: { totalPages: 3, page } }),
        (reached) => ({ page: { isLast: reached === 9 } }),
      ];
      for (const more of told.slice(0, pages.by === 'number' ? 5 : 3)) {
        source.requests.length = 0;
        capping(more);
        expect(numbers((await pull(pages)).items)).toEqual(upTo(9));
        expect(source.requests).toHaveLength(3);
      }
    });

    it('is asked once more than needed the first time alone', async () => {
      const asked: number[] = [];
      let position: Json | null = null;
      capping();
      for (const count of [3, 3, 2, 9, 9, 11, 3]) {
        rows = Array.from({ length: count }, (_, n) => ({ n }));
        source.requests.length = 0;
        const done: Awaited<ReturnType<typeof pull>> = await pull(pages, {}, { position });
        position = done.position;
        expect(numbers(done.items)).toEqual(upTo(count));
        asked.push(source.requests.length);
      }
      expect(asked).toEqual([2, 1, 1, 3, 3, 3, 1]);
    });

    it('is gone on with where a burst ended behind a short page', async () => {
      rows = rows.slice(0, 9);
      capping();
      const first = await pull(pages, { maxPages: 1 });
      const second = await pull(pages, {}, { position: first.position });
      expect([...numbers(first.items), ...numbers(second.items)]).toEqual(upTo(9));
    });

    it('fails where it refuses a page behind a full one for another reason than that it is not there', async () => {
      rows = rows.slice(0, SIZE);
      source.on('/feed', (request, response) => {
        if (/[?&](offset=10|page=1)\b/.test(request.url ?? '')) return response.writeHead(422).end();
        response.setHeader('content-type', 'application/json');
        return response.end(JSON.stringify({ items: rows }));
      });
      expect((await pull(pages)).error).toMatchObject({ code: 'upstream' });
    });
  });

  it('ends where it answers the same page whatever number it is asked for', async () => {
    source.on(
      '/feed',
      answering(() => ({ items: rows })),
    );
    for (const size of [undefined, SIZE * 10]) {
      const pages = { by: 'number', param: 'page', ...(size === undefined ? {} : { size }) } as const;
      const { items, error } = await pull(pages);
      expect([numbers(items), error]).toEqual([upTo(35), null]);
    }
  });
});
