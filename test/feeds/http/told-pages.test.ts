/** What a source tells of its pages decides where they end: empty and missing pages in the middle, and full ones at the end. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { http, type HttpOptions, type HttpPages } from '../../../src/index.ts';
import type { Json } from '../../../src/base/json.ts';
import { type HttpSource, startHttpSource } from '../../services/http-feed.ts';
import { runBurst } from '../run/burst-context.ts';

const SIZE = 3;
let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const numbers = (items: readonly { data: unknown }[]) => items.map(({ data }) => (data as { n: number }).n);
const counted: [string, HttpPages][] = [
  ['offset', { by: 'offset', size: SIZE, param: 'at' }],
  ['number', { by: 'number', first: 0, size: SIZE, param: 'at' }],
];

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** Answers each page, of which `rows` has one entry, by its number from 0. */
function pagesOf({ by }: HttpPages, answer: (page: number, asked: number) => Answer): void {
  const asked = new Map<number, number>();
  source.on('/feed', (request, response) => {
    const at = Number(new URL(request.url ?? '/', source.origin).searchParams.get('at') ?? 0);
    const page = by === 'offset' ? Math.floor(at / SIZE) : at;
    asked.set(page, (asked.get(page) ?? 0) + 1);
    const { status = 200, headers = {}, body } = answer(page, asked.get(page) ?? 0);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? '' : JSON.stringify(body));
  });
}

function pull(pages: HttpPages, changes: Partial<HttpOptions> = {}, more: Parameters<typeof runBurst>[1] = {}) {
  const shared = { allow: [source.host], items: 'items', politeness: { perSecond: 1_000 } };
  return runBurst(http({ url: `${source.origin}/feed`, ...shared, pages, ...changes }), more);
}

const rowsOf = (page: number, count: number) =>
  upTo(count)
    .slice(page * SIZE, page * SIZE + SIZE)
    .map((n) => ({ n }));

describe.each(counted)('an empty page by %s', (by, pages) => {
  const kept = [[0, 1, 2], [], [], [9, 10, 11], [12]];
  const told: [string, (page: number) => Omit<Answer, 'status'>][] = [
    ['has_more', (page) => ({ body: { has_more: page < 4 } })],
    ['the last page', (page) => ({ body: { page: { isLast: page === 4 } } })],
    ['a total', () => ({ body: { total: 13 } })],
    ['a total in a header', () => ({ headers: { 'x-total-count': '13' } })],
    ['a total on the first page', (page) => ({ body: page === 0 ? { total: 13 } : {} })],
    ['the number of pages', () => ({ body: { meta: { total_pages: 5 } } })],
  ];
  it.each(told.slice(0, by === 'number' ? 6 : 5))(
    'is not the last where %s says that more follows',
    async (_, tell) => {
      pagesOf(pages, (page) => {
        const { body = {}, ...more } = tell(page);
        return { ...more, body: { items: (kept[page] ?? []).map((n) => ({ n })), ...(body as object) } };
      });
      const { items, error, batches } = await pull(pages);
      expect([numbers(items), error, batches.at(-1)?.last]).toEqual([[0, 1, 2, 9, 10, 11, 12], null, true]);
      // A burst that ends at each page goes on there.
      let position: Json | null = null;
      const all: number[] = [];
      for (let burst = 0; burst < 5; burst += 1) {
        const one: Awaited<ReturnType<typeof pull>> = await pull(pages, { maxPages: 1 }, { position });
        position = one.position;
        all.push(...numbers(one.items));
      }
      expect(all).toEqual([0, 1, 2, 9, 10, 11, 12]);
    },
  );

  it('is the last where nothing is said, and where there is a link alone', async () => {
    for (const more of [{}, { next: '/feed?at=99' }]) {
      source.requests.length = 0;
      pagesOf(pages, (page) => ({ body: { items: rowsOf(page, SIZE), ...more } }));
      expect(numbers((await pull(pages)).items)).toEqual(upTo(SIZE));
      expect(source.requests).toHaveLength(2);
    }
  });

  it('is the last after 20 in a row, however much is said to follow, and the log tells', async () => {
    const lines: string[] = [];
    pagesOf(pages, (page) => ({ body: { items: rowsOf(page, SIZE), has_more: true } }));
    const { items, error, batches } = await pull(pages, {}, { log: (_level, text) => lines.push(text) });
    expect([numbers(items), error, batches.at(-1)?.last]).toEqual([upTo(SIZE), null, true]);
    expect(lines).toEqual([expect.stringContaining('20 empty pages in a row')]);
  });
});

describe.each(counted)('a page by %s that a total tells of', (_by, pages) => {
  const broken: [string, Answer][] = [
    ['404', { status: 404, body: {} }],
    ['410', { status: 410, body: {} }],
    ['416', { status: 416, body: {} }],
    ['204', { status: 204 }],
    ['an empty body', {}],
    ['null', { body: { items: null } }],
    ['null and an error', { body: { items: null, error: 'timeout', total: 12 } }],
    ['an error', { body: { items: {}, errors: ['timeout'], total: 12 } }],
  ];
  it.each(broken)('is asked for again where it is answered with %s', async (_, answer) => {
    pagesOf(pages, (page, asked) =>
      page === 1 && asked === 1 ? answer : { body: { items: rowsOf(page, 12), total: 12 } },
    );
    const first = await pull(pages);
    expect([numbers(first.items), first.error]).toEqual([upTo(3), expect.objectContaining({ code: 'upstream' })]);
    const second = await pull(pages, {}, { position: first.position });
    expect([[...numbers(first.items), ...numbers(second.items)], second.error]).toEqual([upTo(12), null]);
  });

  it('and is gone for good is looked for from the first page on, whose total tells that it is gone', async () => {
    let count = 9;
    pagesOf(pages, (page) =>
      page * SIZE < count ? { body: { items: rowsOf(page, count), total: count } } : { status: 416, body: {} },
    );
    const first = await pull(pages, { maxPages: 2 });
    count = 6;
    const second = await pull(pages, {}, { position: first.position });
    expect([numbers(second.items), second.error, second.batches.at(-1)?.last]).toEqual([upTo(6), null, true]);
  });
});

describe.each(counted)('a full page by %s is the last', (by, pages) => {
  const url = 'https://example.org/feed';
  const ends: [string, (page: number) => Omit<Answer, 'status'>][] = [
    ['has_more', (page) => ({ body: { has_more: page < 1 } })],
    [
      'Link',
      (page) => ({ headers: { link: page < 1 ? `<${url}?page=2>; rel="next"` : `<${url}?page=1>; rel="prev"` } }),
    ],
    ['the number of pages', () => ({ body: { total_pages: 2 } })],
    ['the number of pages in a header', () => ({ headers: { 'x-wp-totalpages': '2', 'x-wp-total': '6' } })],
  ];
  it.each(ends.slice(0, by === 'number' ? 4 : 2))('where %s says so: no other is asked for', async (_, tell) => {
    pagesOf(pages, (page) => {
      const { body = {}, ...more } = tell(page);
      return page < 2 ? { ...more, body: { items: rowsOf(page, 6), ...(body as object) } } : { status: 400, body: {} };
    });
    const { items, error } = await pull(pages);
    expect([numbers(items), error, source.requests.length]).toEqual([upTo(6), null, 2]);
  });

  it.each([
    ['a total', { total: 6 }],
    ['a next page that is null', { next: null }],
  ])('where %s says so and the source refuses another one', async (_, told) => {
    pagesOf(pages, (page) =>
      page < 2
        ? { body: { items: rowsOf(page, 6), ...(page === 1 || 'total' in told ? told : {}) } }
        : { status: 400, body: {} },
    );
    const { items, error, batches } = await pull(pages);
    expect([numbers(items), error, batches.at(-1)?.last]).toEqual([upTo(6), null, true]);
  });

  it('but not where the total is that of the page, or estimated', async () => {
    for (const total of [SIZE, 5]) {
      pagesOf(pages, (page) => ({ body: { items: rowsOf(page, 12), total } }));
      expect(numbers((await pull(pages)).items)).toEqual(upTo(12));
    }
  });
});

/** Pages by cursor of which the last repeats the cursor that it was asked for with, and says `ends` beside it. */
function pullRepeating(ends: object) {
  source.on('/feed', (request, response) => {
    const at = Number(new URL(request.url ?? '/', source.origin).searchParams.get('at') ?? 0);
    response.setHeader('content-type', 'application/json');
    const way = at === 2 ? { next: '2', ...ends } : { next: String(at + 1), has_more: true };
    response.end(JSON.stringify({ items: rowsOf(at, 8), ...way }));
  });
  return pull({ by: 'cursor', from: 'next', param: 'at' });
}

it('the last page may repeat the cursor that it was asked for with, where it says that it is the last', async () => {
  const told = await pullRepeating({ has_more: false });
  expect([numbers(told.items), told.error, told.batches.at(-1)?.last]).toEqual([upTo(8), null, true]);
  const untold = await pullRepeating({});
  expect(untold.error).toMatchObject({ code: 'upstream', field: 'pages' });
});

/** Reads the object at `data.state`, of a stream whose events have `n`. */
function readState(options: Partial<HttpOptions>) {
  const shared = { url: `${source.origin}/feed`, allow: [source.host], items: 'data.state' };
  return runBurst(http({ ...shared, ...options }), { targets: [{ stream: 'events', route: null, required: ['n'] }] });
}

describe('an error in the place of a list', () => {
  const pages: HttpPages = { by: 'number', first: 0, param: 'at' };
  it.each([
    ['beside null', { items: null, error: { code: 7 } }],
    ['beside an object', { items: {}, error: 'timeout' }],
    ['beside null, as ok: false', { items: null, ok: false }],
  ])('%s fails the reading, also where nothing is said of pages', async (_, body) => {
    pagesOf(pages, (page, asked) => (page === 1 && asked === 1 ? { body } : { body: { items: rowsOf(page, 6) } }));
    const first = await pull(pages);
    expect([numbers(first.items), first.error]).toEqual([upTo(3), expect.objectContaining({ field: 'items' })]);
    const second = await pull(pages, {}, { position: first.position });
    expect([numbers(second.items), second.error]).toEqual([[3, 4, 5], null]);
  });

  it('is no item of a stream that has fields which it lacks', async () => {
    pagesOf(pages, (page) => ({ body: page === 1 ? { message: 'too many requests' } : rowsOf(page, 9) }));
    const targets = [{ stream: 'events', route: null, required: ['n'] }];
    const { items, error } = await pull(pages, { items: '' }, { targets });
    expect([numbers(items), error]).toEqual([upTo(3), expect.objectContaining({ field: 'items' })]);
  });

  it('is an item where the whole body is one, and nothing where errors is empty', async () => {
    pagesOf(pages, () => ({ body: { n: 1, error: 'overheated' } }));
    const whole = await runBurst(http({ url: `${source.origin}/feed`, allow: [source.host] }));
    expect([numbers(whole.items), whole.error]).toEqual([[1], null]);
    pagesOf(pages, () => ({ body: { items: null, errors: [], error: null } }));
    const empty = await pull(pages);
    expect([empty.items, empty.error]).toEqual([[], null]);
  });

  it.each([
    ['ok: false', { ok: false }],
    ['success: false', { success: false }],
    ['a number of errors', { errors: 3 }],
    ['partial errors of GraphQL', { errors: [{ message: 'no humidity' }] }],
  ])('is none beside one whole object of a feed without pages: %s', async (_, beside) => {
    const answers = (state: unknown) => pagesOf(pages, () => ({ body: { data: { state }, ...beside } }));
    answers({ n: 5 });
    const whole = await readState({});
    expect([numbers(whole.items), whole.error]).toEqual([[5], null]);
    // A page is a list, and an object in its place is none.
    expect(await readState({ pages })).toMatchObject({ items: [], error: { field: 'items' } });
    answers({ message: 'offline' });
    expect(await readState({})).toMatchObject({ items: [], error: { field: 'items' } });
    answers(null);
    expect(await readState({})).toMatchObject({ items: [], error: { field: 'items' } });
  });
});

/** A page whose items share one cursor, and what the source says beside them. */
function burstOfShared(more: object) {
  const body = { items: upTo(SIZE).map((n) => ({ n, at: 7 })), ...more };
  source.on('/feed', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  const cursor = { from: 'at', of: 'item', param: 'at' } as const;
  return runBurst(http({ url: `${source.origin}/feed`, allow: [source.host], items: 'items', cursor }), {});
}

describe('a cursor that items of more than a page share', () => {
  it.each(['has_more', 'hasNextPage'])('fails where %s says that others follow', async (name) => {
    const { items, error } = await burstOfShared({ [name]: true });
    expect(numbers(items)).toEqual(upTo(SIZE));
    expect(error).toMatchObject({ code: 'upstream', field: 'cursor' });
  });

  it.each([[{}], [{ has_more: false }]])('is the end where nothing says so: %j', async (more) => {
    const { items, error } = await burstOfShared(more);
    expect([numbers(items), error]).toEqual([upTo(SIZE), null]);
  });
});
