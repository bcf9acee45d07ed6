/** HTTP sources that go on from a cursor. */
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { http, type HttpOptions } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { type HttpSource, startHttpSource, status, text } from '../../services/http-feed.ts';
import { burstContext, runBurst } from '../run/burst-context.ts';

let source: HttpSource;
/** What the source has; a test may add to it. */
let rows: { seq: number }[];

beforeEach(async () => {
  source = await startHttpSource();
  rows = Array.from({ length: 25 }, (_, at) => ({ seq: at + 1 }));
});
afterEach(() => source.close());

/** Pages of ten rows after `after`, oldest first. */
function pages(format: 'json' | 'ndjson', nextAtEnd = true): RequestListener {
  return (request, response) => {
    const after = Number(new URL(request.url ?? '', source.origin).searchParams.get('after') ?? 0);
    const page = rows.filter(({ seq }) => seq > after).slice(0, 10);
    const next = page.at(-1)?.seq ?? after;
    const more = rows.some(({ seq }) => seq > next);
    const body =
      format === 'json'
        ? JSON.stringify({ items: page, meta: { next: more || nextAtEnd ? next : null } })
        : page.map((row) => `${JSON.stringify(row)}\n`).join('');
    response.writeHead(200, {
      'content-type': format === 'json' ? 'application/json' : 'application/x-ndjson',
      etag: `"${after}-${rows.length}"`,
    });
    response.end(body);
  };
}

const options = (changes: Partial<HttpOptions> = {}): HttpOptions => ({
  url: `${source.origin}/feed?limit=10`,
  allow: [source.host],
  items: 'items',
  cursor: { from: 'meta.next', param: 'after' },
  ...changes,
});
const pull = (changes: Partial<HttpOptions> = {}, context: Partial<BurstContext> = {}) =>
  runBurst(http(options(changes)), context);
const seqs = (items: { data: unknown }[]) => items.map(({ data }) => (data as { seq: number }).seq);
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at);
const asked = () => source.requests.map(({ query }) => query.get('after'));

describe('a cursor in the body', () => {
  it('is followed page by page, and gone on from in the next burst', async () => {
    source.on('/feed', pages('json'));
    const first = await pull();
    expect(seqs(first.items)).toEqual(upTo(1, 25));
    expect(first.position).toMatchObject({ cursor: 25 });
    expect(asked()).toEqual([null, '10', '20', '25']);
    expect(source.requests.every(({ query }) => query.get('limit') === '10')).toBe(true);

    rows.push({ seq: 26 });
    const second = await pull({}, { position: first.position });
    expect(seqs(second.items)).toEqual([26]);
    expect(asked().slice(4)).toEqual(['25', '26']);
  });

  it('moves with the events before it: every batch that ends a page carries it', async () => {
    source.on('/feed', pages('json'));
    const { batches } = await pull();
    expect(batches.map(({ items, position }) => [items.length, (position as { cursor: number }).cursor])).toEqual([
      [10, 10],
      [10, 20],
      [5, 25],
      [0, 25],
    ]);
    expect(batches.map(({ last }) => last ?? false)).toEqual([false, false, false, true]);
  });

  it('loses and doubles nothing where a burst is ended after any batch', async () => {
    source.on('/feed', pages('json'));
    for (const keep of [1, 2, 3]) {
      const got: number[] = [];
      let position: Json | null = null;
      for (let burst = 0; burst < 5; burst += 1) {
        let taken = 0;
        for await (const batch of http(options()).burst(burstContext({ position }))) {
          got.push(...seqs(batch.items));
          position = batch.position ?? position;
          taken += 1;
          if (taken === keep) break;
        }
      }
      expect(got).toEqual(upTo(1, 25));
    }
  });

  it('that ends with null asks for its last page again, and takes what is new there', async () => {
    source.on('/feed', pages('json', false));
    const first = await pull();
    expect(seqs(first.items)).toEqual(upTo(1, 25));
    expect(first.position).toMatchObject({ cursor: 20, etag: '"20-25"' });
    rows.push({ seq: 26 });
    const second = await pull({}, { position: first.position });
    expect(seqs(second.items)).toEqual([26]);
    rows.push(...[27, 28, 29, 30, 31].map((seq) => ({ seq })));
    const third = await pull({}, { position: second.position });
    expect(seqs(third.items)).toEqual(upTo(27, 31));
    expect(third.position).toMatchObject({ cursor: 30 });
  });

  it.each([
    ['null', { cursor: null }, {}],
    ['nothing', {}, {}],
    ['an empty text', { cursor: '' }, {}],
    ['false', { cursor: false }, {}],
    ['the same again', { cursor: 'c' }, {}],
    ['no header', {}, { cursor: { from: 'x-next', of: 'header', param: 'after' } }],
  ] as const)('that ends with %s stores its last page once, without ids', async (_what, end, changes) => {
    let items: unknown[] = [4, 4];
    source.on('/feed', (request, response) => {
      const isLast = new URL(request.url ?? '', source.origin).searchParams.get('after') === 'c';
      response.writeHead(200, { 'content-type': 'application/json', ...(isLast ? {} : { 'x-next': 'c' }) });
      response.end(JSON.stringify(isLast ? { items, ...end } : { items: [1], cursor: 'c' }));
    });
    const found: unknown[] = [];
    let position: Json | null = null;
    const read = async () => {
      const burst = await pull({ cursor: { from: 'cursor', param: 'after' }, ...changes }, { position });
      expect(burst.error).toBeNull();
      found.push(...burst.items.map(({ data }) => data));
      position = burst.position ?? position;
    };
    for (let bursts = 0; bursts < 3; bursts += 1) await read();
    expect(found).toEqual([1, 4, 4]);
    // An answer without items is no other page, and a further item of the same content is one more.
    items = [];
    await read();
    items = [4, 4, 4, 5];
    await read();
    await read();
    expect(found).toEqual([1, 4, 4, 4, 5]);
  });

  it.each([{ cursor: { token: 'x' } }, { cursor: ['x'] }, { cursor: true }])(
    'that is neither text nor number fails: %j',
    async (end) => {
      source.on('/feed', text(JSON.stringify({ items: [1], ...end })));
      for (const way of [
        { cursor: { from: 'cursor', param: 'after' } },
        { cursor: undefined, pages: { by: 'cursor', from: 'cursor', param: 'after' } },
        { cursor: undefined, pages: { by: 'link', from: 'cursor' } },
      ] as Partial<HttpOptions>[]) {
        const { error } = await pull(way);
        expect(error).toMatchObject({ code: 'upstream', field: way.cursor ? 'cursor.from' : 'pages.from' });
      }
    },
  );

  it('stops at the budget, and goes on from there', async () => {
    source.on('/feed', pages('json'));
    const budget = { timeMs: 10_000, events: 15, bytes: 1e6 };
    const first = await pull({}, { budget });
    expect(seqs(first.items)).toEqual(upTo(1, 20));
    expect(first.batches.some(({ last }) => last)).toBe(false);
    expect(seqs((await pull({}, { budget, position: first.position })).items)).toEqual(upTo(21, 25));
  });

  it('can be placed by the app', async () => {
    source.on('/feed', pages('json'));
    const url: HttpOptions['url'] = ({ position }) => `${source.origin}/feed?after=${position ?? 20}`;
    expect(seqs((await pull({ url, cursor: { from: 'meta.next' } })).items)).toEqual(upTo(21, 25));
  });

  it.each([
    ['at once where the source says that more follows', 'next', 1],
    ['with the next burst where it does not', 'cursor', 4],
  ])('moves over pages that are empty, %s', async (_when, name, most) => {
    source.on('/feed', (request, response) => {
      const at = Number(new URL(request.url ?? '', source.origin).searchParams.get('after') ?? 0);
      const items = at === 0 || at === 4 ? [{ seq: at + 1 }] : [];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ items, meta: { [name]: at < 5 ? at + 1 : null } }));
    });
    const changes = { cursor: { from: `meta.${name}`, param: 'after' } };
    const found: number[] = [];
    let position: Json | null = null;
    for (let bursts = 0; bursts < most; bursts += 1) {
      const burst = await pull(changes, { position });
      expect(burst.error).toBeNull();
      found.push(...seqs(burst.items));
      position = burst.position ?? position;
    }
    expect(found).toEqual([1, 5]);
  });

  it('that is another with each empty page is asked for no more than 20 times in a burst', async () => {
    let asked = 0;
    source.on('/feed', (_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ items: [], meta: { next: `n${asked}` } }));
    });
    const { error, position } = await pull();
    expect([error, asked, position]).toMatchObject([null, 20, { cursor: 'n20' }]);
  });

  it('is left where the source ignores it', async () => {
    source.on('/feed', (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[1],"meta":{"next":"same"}}');
    });
    const { error, items } = await pull();
    expect(error).toBeNull();
    expect(items).toHaveLength(2);
  });
});

it('a cursor that is nowhere on the first page is told once, and is no failure', async () => {
  source.on('/list', text(JSON.stringify({ items: [{ seq: 1 }], cursor: 'x' })));
  const given = http({
    url: `${source.origin}/list`,
    allow: [source.host],
    items: 'items',
    cursor: { from: 'nextToken' },
  });
  const logged: string[] = [];
  const log = (_level: string, message: string) => void logged.push(message);
  const first = await runBurst(given, { log });
  expect(first.error).toBeNull();
  expect(logged).toEqual([expect.stringMatching(/nextToken is missing, and the body is an object with items, cursor/)]);
  await runBurst(given, { log, position: first.position as never });
  expect(logged).toHaveLength(1);
});

it('that the source knows no more fails with the way out', async () => {
  source.on('/feed', status(410));
  const { error } = await runBurst(http(options()), { position: { cursor: 'old' } });
  expect(error).toMatchObject({ code: 'upstream' });
  expect(error).toMatchObject({
    hint: expect.stringMatching(/^if the stored cursor has expired .* run: tidegate feeds reset \S+\. .* is lost/),
  });
});

describe('a cursor in the items', () => {
  const byItem: Partial<HttpOptions> = { cursor: { from: 'seq', of: 'item', param: 'after' } };

  it('is that of the last item', async () => {
    source.on('/feed', pages('json'));
    const { items, position } = await pull(byItem);
    expect(seqs(items)).toEqual(upTo(1, 25));
    expect(position).toMatchObject({ cursor: 25 });
  });

  it('is the default for NDJSON, and moves with every batch', async () => {
    rows = Array.from({ length: 5_000 }, (_, at) => ({ seq: at + 1 }));
    source.on('/feed', (request, response) => {
      const after = Number(new URL(request.url ?? '', source.origin).searchParams.get('after') ?? 0);
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(
        rows
          .slice(after)
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(''),
      );
    });
    const cursor = { from: 'seq', param: 'after' };
    const got: number[] = [];
    let position: Json | null = null;
    for await (const batch of http(options({ cursor })).burst(burstContext())) {
      got.push(...seqs(batch.items));
      position = batch.position ?? null;
      break;
    }
    expect(position).toMatchObject({ cursor: got.length });
    const rest = await pull({ cursor }, { position });
    expect([...got, ...seqs(rest.items)]).toEqual(upTo(1, 5_000));
  });

  it.each(['json', 'ndjson'] as const)('is not taken twice where the source begins with it, as %s', async (format) => {
    const answer = (after: number) => rows.filter(({ seq }) => seq >= after);
    source.on('/feed', (request, response) => {
      const after = Number(new URL(request.url ?? '', source.origin).searchParams.get('after') ?? 0);
      const found = answer(after).slice(0, 4);
      response.writeHead(200, { 'content-type': format === 'json' ? 'application/json' : 'application/x-ndjson' });
      response.end(
        format === 'json' ? JSON.stringify({ items: found }) : found.map((row) => `${JSON.stringify(row)}\n`).join(''),
      );
    });
    const got: unknown[] = [];
    let position: Json | null = null;
    // Two have one cursor, and the same two content; later one more of that cursor comes.
    rows = [1, 2, 3, 4, 5, 6, 6].map((seq) => ({ seq }));
    for (const more of [[], [], [6], [7, 8], [], [9], []]) {
      rows.push(...more.map((seq) => ({ seq })));
      const changes = { ...byItem, format };
      const done: Awaited<ReturnType<typeof pull>> = await pull(changes, { position });
      expect(done.error).toBeNull();
      got.push(...seqs(done.items));
      position = done.position;
    }
    expect(got).toEqual([1, 2, 3, 4, 5, 6, 6, 6, 7, 8, 9]);
  });

  it('that no item has fails the burst and moves nothing', async () => {
    source.on('/feed', pages('json'));
    const { error, batches } = await pull({ cursor: { from: 'id', of: 'item', param: 'after' } });
    expect(error).toMatchObject({ code: 'upstream', field: 'cursor.from' });
    expect(batches).toEqual([]);
  });
});

it.each(['.', '..', '../../x'])('never leads to another path: %s', async (next) => {
  const items = (_request: unknown, response: Parameters<RequestListener>[1]) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ items: [{ seq: 1 }], meta: { next } }));
  for (const path of ['/a/0/b', '/a/..%2F..%2Fx/b', '/b', '/a/b']) source.on(path, items);
  const changes = { url: `${source.origin}/a/{cursor}/b`, cursor: { from: 'meta.next', initial: 0 } };
  await pull(changes);
  expect(source.requests.every(({ path }) => /^\/a\/[^/]+\/b$/.test(path))).toBe(true);
});
