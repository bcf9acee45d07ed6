/** The HTTP feed against a real server: what it takes, and how it stands afterwards. What goes wrong: http-faults.test.ts. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { csv, http, type HttpOptions } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { PORTION_BYTES, PORTION_ITEMS } from '../../../src/feeds/http/portions.ts';
import { huge, type HttpSource, json, ndjson, startHttpSource, text } from '../../services/http-feed.ts';
import { quakeCollection } from '../../services/quakes.ts';
import { burstContext, runBurst } from '../run/burst-context.ts';

/** More items than stand in one portion. */
const MANY = PORTION_ITEMS + 1_000;

let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const feed = (options: Partial<HttpOptions> = {}) =>
  http({ url: `${source.origin}/feed`, allow: [source.host], ...options });
const pull = (options: Partial<HttpOptions> = {}, changes: Partial<BurstContext> = {}) =>
  runBurst(feed(options), changes);
const data = ({ items }: { items: { data: unknown }[] }) => items.map((item) => item.data);

describe('JSON', () => {
  it('takes the items at a path, with a size and for the stream', async () => {
    source.on('/feed', json(quakeCollection([{ id: 'nc1' }, { id: 'nc2', magnitude: null }])));
    const { items, batches, error } = await pull({ items: 'features' });
    expect(error).toBeNull();
    expect(items.map((item) => (item.data as { id: string }).id)).toEqual(['nc1', 'nc2']);
    expect(items.every(({ stream, bytes }) => stream === 'events' && bytes > 100)).toBe(true);
    expect(batches.map(({ last }) => last)).toEqual([true]);
  });

  it('shows a revised quake after the source has changed, and nothing before', async () => {
    source.on('/feed', json(quakeCollection([{ id: 'nc1', updated: 1 }])));
    const first = await pull({ items: 'features' });
    const same = await pull({ items: 'features' }, { position: first.position });
    source.on('/feed', json(quakeCollection([{ id: 'nc1', updated: 2, magnitude: 4 }])));
    const revised = await pull({ items: 'features' }, { position: same.position });
    expect([first.items.length, same.items.length, revised.items.length]).toEqual([1, 0, 1]);
    expect(revised.items[0]?.data).toMatchObject({ id: 'nc1', properties: { updated: 2, mag: 4 } });
  });

  it.each<[string, unknown, string | undefined, unknown[]]>([
    ['an array', [1, 2], undefined, [1, 2]],
    ['one object', { a: 1 }, undefined, [{ a: 1 }]],
    ['one object at a path', { now: { a: 1 } }, 'now', [{ a: 1 }]],
    ['an empty array', { list: [] }, 'list', []],
    ['a path through an array', [{ list: [1] }], '0.list', [1]],
  ])('takes %s', async (_what, body, items, expected) => {
    source.on('/feed', json(body));
    const burst = await pull(items === undefined ? {} : { items });
    expect(data(burst)).toEqual(expected);
    expect(burst.batches.at(-1)?.last).toBe(true);
  });

  it('takes a byte order mark and a charset that is UTF-8', async () => {
    source.on('/feed', text('\uFEFF[{"a":"ü"}]', 'text/plain; charset="UTF-8"'));
    expect(data(await pull())).toEqual([{ a: 'ü' }]);
  });

  it('cuts many items up, and has validators with the last of them only', async () => {
    source.on('/feed', json(Array.from({ length: 2 * PORTION_ITEMS + 500 }, (_, id) => ({ id }))));
    const { batches } = await pull();
    expect(batches.map(({ items }) => items.length)).toEqual([PORTION_ITEMS, PORTION_ITEMS, 500]);
    expect(batches.map(({ position }) => Object.keys(position as object).includes('etag'))).toEqual([
      false,
      false,
      true,
    ]);
    expect(batches.map(({ last }) => last ?? false)).toEqual([false, false, true]);
  });

  it('gives every item to each of its streams', async () => {
    source.on('/feed', json([1]));
    const targets = ['a', 'b'].map((stream) => ({ stream, route: null }));
    expect((await pull({}, { targets })).items.map(({ stream }) => stream)).toEqual(['a', 'b']);
  });
});

describe('conditional requests', () => {
  it('sends what the source gave, and takes 304 for nothing new', async () => {
    const modified = 'Fri, 20 Nov 2026 12:00:00 GMT';
    source.on('/feed', json([1], { 'last-modified': modified }));
    const { position } = await pull();
    const again = await pull({}, { position });
    expect(again).toMatchObject({ items: [], batches: [{ items: [], last: true }], error: null, position });
    expect(source.requests[0]?.headers).not.toHaveProperty('if-none-match');
    expect(source.requests[1]?.headers).toMatchObject({
      'if-none-match': expect.stringMatching(/^"/) as string,
      'if-modified-since': modified,
    });
  });

  it('sends what the last 304 gave, and what it left out as it was', async () => {
    const validators = [
      { etag: '"a"', 'last-modified': 'Fri, 20 Nov 2026 12:00:00 GMT' },
      { etag: '"b"' },
      { 'last-modified': 'Fri, 20 Nov 2026 13:00:00 GMT' },
      {},
      {},
    ];
    source.on('/feed', (_request, response) => {
      const known = source.requests.length > 1;
      response.writeHead(known ? 304 : 200, { 'content-type': 'application/json', ...validators.shift() });
      response.end(known ? undefined : '[1]');
    });
    let position: Json = null;
    for (let burst = 0; burst < 5; burst += 1) ({ position = position } = await pull({}, { position }));
    expect(source.requests.map(({ headers }) => [headers['if-none-match'], headers['if-modified-since']])).toEqual([
      [undefined, undefined],
      ['"a"', 'Fri, 20 Nov 2026 12:00:00 GMT'],
      ['"b"', 'Fri, 20 Nov 2026 12:00:00 GMT'],
      ['"b"', 'Fri, 20 Nov 2026 13:00:00 GMT'],
      ['"b"', 'Fri, 20 Nov 2026 13:00:00 GMT'],
    ]);
  });

  it.each<[string, Partial<HttpOptions>, Partial<HttpOptions>]>([
    ['items that lead elsewhere', { items: 'a' }, { items: 'b' }],
    ['another function that picks', { pick: () => [1] }, { pick: () => [1, 2] }],
    ['another header', { headers: { 'x-account': 'one' } }, { headers: { 'x-account': 'two' } }],
    ['other options of a format', { format: csv() }, { format: csv({ comment: '#' }) }],
  ])('asks for a body anew where the declaration reads it with %s', async (_what, before, after) => {
    const bodies = { json: '{"a":[1],"b":[1,2]}', csv: 'n\n1\n#2\n' };
    const body = before.format === undefined ? bodies.json : bodies.csv;
    source.on('/feed', text(body, before.format === undefined ? 'application/json' : 'text/csv', { etag: '"a"' }));
    const { position } = await pull(before);
    await pull(before, { position });
    await pull(after, { position });
    expect(source.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"', undefined]);
  });

  it('keeps nothing of a 304 to a request that was conditional by a header of the app', async () => {
    source.on('/feed', (_request, response) => response.writeHead(304, { etag: '"b"' }).end());
    const { position } = await pull({ headers: { 'if-none-match': '"b"' } });
    expect(JSON.stringify(position ?? null)).not.toContain('etag');
  });

  it('asks for the whole again where the URL is another', async () => {
    source.on('/feed', json([1]));
    const { position } = await pull();
    await pull({ url: `${source.origin}/feed?since=2` }, { position });
    expect(source.requests[1]?.headers).not.toHaveProperty('if-none-match');
    expect(JSON.stringify(position)).not.toContain('feed');
  });

  it.each<Json>(['text', 7, [], { offset: 3 }, { url: 5, etag: [] }])(
    'begins anew at a position of another kind: %j',
    async (position) => {
      source.on('/feed', json([1]));
      expect((await pull({}, { position })).items).toHaveLength(1);
    },
  );

  it('takes 204 for nothing new', async () => {
    source.on('/feed', (_request, response) => response.writeHead(204).end());
    expect(await pull()).toMatchObject({ items: [], error: null });
  });
});

const rows = (count: number, first = 0) => Array.from({ length: count }, (_, at) => ({ id: first + at }));
const ids = (burst: { items: { data: unknown }[] }) => data(burst).map((row) => (row as { id: number }).id);
const lines = (of: object[]) => of.map((row) => `${JSON.stringify(row)}\n`).join('');
/** Takes one batch, as a run whose budget or process ends there. */
async function firstBatch() {
  for await (const batch of feed().burst(burstContext())) return batch;
  throw new Error('the burst had no batch');
}

describe('a body that a burst does not end', () => {
  it.each([
    ['JSON, by its ETag', (of: object[]) => json(of)],
    ['JSON, by its content', (of: object[]) => text(JSON.stringify(of))],
    ['NDJSON, by its ETag', (of: object[]) => text(lines(of), 'application/x-ndjson', { etag: `"${of.length}"` })],
  ])('is gone on with where it is still the same: %s', async (_what, serve) => {
    source.on('/feed', serve(rows(MANY)));
    const { items, position = null, partial } = await firstBatch();
    expect([items.length, partial]).toEqual([PORTION_ITEMS, undefined]);
    const rest = await pull({}, { position });
    expect(source.requests[1]?.headers).not.toHaveProperty('if-none-match');
    expect([...ids({ items }), ...ids(rest)]).toEqual(rows(MANY).map(({ id }) => id));
    expect(rest.batches.at(-1)?.last).toBe(true);
  });

  it.each([
    ['JSON', (of: object[]) => json(of)],
    ['NDJSON', (of: object[]) => text(lines(of), 'application/x-ndjson', { etag: `"${of.length}"` })],
  ])('is taken from its start where it is another: %s', async (_what, serve) => {
    source.on('/feed', serve(rows(MANY)));
    const { position = null } = await firstBatch();
    source.on('/feed', serve(rows(MANY + 1, 7)));
    expect(ids(await pull({}, { position }))).toEqual(rows(MANY + 1, 7).map(({ id }) => id));
  });

  it('is left to the run’s memory where it has no identity', async () => {
    source.on('/feed', text(lines(rows(MANY)), 'application/x-ndjson'));
    const { position, partial } = await firstBatch();
    expect([position, partial]).toEqual([undefined, true]);
  });
});

describe('NDJSON', () => {
  it.each([
    'application/x-ndjson',
    'application/ndjson; charset=utf-8',
    'application/jsonl',
    'application/stream+json',
  ])('is known by the content type %s', async (type) => {
    source.on('/feed', text('{"a":1}\n{"a":2}\n', type));
    expect(data(await pull())).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('is known by the URL’s ending, or by what the feed says', async () => {
    source.on('/feed.jsonl', text('1\n2\n', 'application/octet-stream'));
    source.on('/feed', text('3\n4\n', 'application/json'));
    expect(data(await pull({ url: `${source.origin}/feed.jsonl?x=1` }))).toEqual([1, 2]);
    expect(data(await pull({ format: 'ndjson' }))).toEqual([3, 4]);
  });

  it('hands a bad line over as invalid, in its place', async () => {
    source.on('/feed', text('{"a":1}\nnot json\n{"a":2}', 'application/x-ndjson'));
    const { items, error, batches } = await pull();
    expect(error).toBeNull();
    expect(items.map(({ invalid }) => invalid !== undefined)).toEqual([false, true, false]);
    expect(items[1]).toMatchObject({
      data: 'not json',
      invalid: { reason: expect.stringContaining('line 2') as string },
    });
    expect(batches.at(-1)).toMatchObject({ last: true });
  });

  it('commits as it reads: many batches, the position with the last', async () => {
    source.on(
      '/feed',
      ndjson(20_000, (id) => ({ id, note: 'x'.repeat(200) }), { etag: '"v1"' }),
    );
    const { batches, items, position } = await pull();
    expect(items.map(({ data }) => (data as { id: number }).id)).toEqual(Array.from({ length: 20_000 }, (_, id) => id));
    expect(batches.length).toBeGreaterThanOrEqual(Math.floor((20_000 * 200) / PORTION_BYTES));
    expect(batches.every((batch) => batch.items.length <= PORTION_ITEMS)).toBe(true);
    expect(batches.filter(({ position }) => position !== undefined && 'etag' in (position as object))).toEqual([
      batches.at(-1),
    ]);
    expect(position).toMatchObject({ etag: '"v1"' });
  });

  it('reads no further than the batches that are taken, and hangs up when it is ended', async () => {
    source.on(
      '/feed',
      ndjson(500_000, (id) => ({ id, note: 'x'.repeat(200) })),
    );
    for await (const batch of feed({ maxBytes: 1024 ** 3 }).burst(burstContext())) {
      expect(batch.items.length).toBeGreaterThan(0);
      break;
    }
    await vi.waitFor(async () => expect(await source.connections()).toBe(0), { timeout: 5_000 });
    expect(source.bytesSent()).toBeLessThan(16 * 1024 * 1024);
  });

  it('a body of empty lines has no items, and is none where the whole was asked for', async () => {
    source.on('/feed', text('\n\n', 'application/x-ndjson'));
    expect((await pull()).error).toMatchObject({ code: 'upstream', field: 'format' });
    const cursor = { from: 'id', param: 'after' };
    expect(await pull({ cursor })).toMatchObject({ items: [], error: null, batches: [{ last: true }] });
  });

  it('takes a body of 100 MiB where it may', async () => {
    const line = `${JSON.stringify({ note: 'x'.repeat(8_181) })}\n`;
    source.on('/feed', huge(100 * 1024 * 1024, 'application/x-ndjson', line));
    let count = 0;
    let most = 0;
    const context = burstContext({
      budget: { timeMs: 60_000, events: 1e6, bytes: 1024 ** 3 },
      deadline: Date.now() + 60_000,
    });
    for await (const { items } of feed().burst(context)) {
      count += items.length;
      most = Math.max(
        most,
        items.reduce((sum, { bytes }) => sum + bytes, 0),
      );
    }
    expect(count).toBe(Math.ceil((100 * 1024 * 1024) / line.length));
    expect(most).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('what is asked', () => {
  it('has the feed’s headers, from a function too, and a name', async () => {
    source.on('/feed', json([]));
    await pull({ headers: { Authorization: 'Bearer x' } });
    await pull({ headers: async () => ({ authorization: 'Bearer y', 'User-Agent': 'mine' }) });
    expect(source.requests.map(({ headers }) => [headers.authorization, headers['user-agent']])).toEqual([
      ['Bearer x', 'tidegate'],
      ['Bearer y', 'mine'],
    ]);
  });

  it('may be made for each burst from its time', async () => {
    source.on('/feed', json([]));
    await pull(
      { url: ({ now, position }) => `${source.origin}/feed?at=${now}&from=${position}` },
      { now: () => 1234, deadline: 9_999 },
    );
    expect(source.requests[0]?.query.toString()).toBe('at=1234&from=null');
  });
});
