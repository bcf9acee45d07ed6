/** What each format makes of a response, and how a body that is another is told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csv, http, type HttpOptions, rss, sse } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { TidegateError } from '../../../src/base/errors.ts';
import { breakOff, huge, type HttpSource, json, startHttpSource, text } from '../../services/http-feed.ts';
import { burstContext, runBurst } from '../run/burst-context.ts';

let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const feed = (options: Partial<HttpOptions> = {}) =>
  http({ url: `${source.origin}/feed?key=secret`, allow: [source.host], ...options });
const pull = (options: Partial<HttpOptions> = {}, changes: Partial<BurstContext> = {}) =>
  runBurst(feed(options), changes);
const data = ({ items }: { items: { data: unknown }[] }) => items.map((item) => item.data);

describe('CSV', () => {
  it('gives rows, a bad one as invalid in its place', async () => {
    source.on('/feed', text('sensor,value\na,1\nb\nc,3\n', 'text/csv; charset=utf-8', { etag: '"1"' }));
    const { items, error, position, batches } = await pull({ format: csv({ numbers: ['value'] }) });
    expect(error).toBeNull();
    expect(items.map(({ data, invalid }) => invalid?.reason ?? data)).toEqual([
      { sensor: 'a', value: 1 },
      'line 3 has 1 fields, not 2',
      { sensor: 'c', value: 3 },
    ]);
    expect(position).toMatchObject({ etag: '"1"' });
    expect(batches.at(-1)?.last).toBe(true);
    expect(source.requests[0]?.headers.accept).toContain('text/csv');
  });

  it('may go on from the last row', async () => {
    source.on('/feed', text('id,v\n7,a\n8,b\n', 'text/csv'));
    const options: Partial<HttpOptions> = { format: csv(), cursor: { from: 'id', param: 'after' }, maxPages: 1 };
    expect((await pull(options)).position).toMatchObject({ cursor: '8' });
  });

  it('is taken in flat memory, however long', async () => {
    source.on('/feed', huge(12 * 1024 * 1024, 'text/csv', `${'x'.repeat(99)},1\n`.repeat(100)));
    const budget = { timeMs: 60_000, events: 1e6, bytes: 1024 ** 3 };
    const context = burstContext({ budget, deadline: Date.now() + 60_000 });
    let most = 0;
    let count = 0;
    for await (const { items } of feed({ format: csv({ columns: ['a', 'b'] }) }).burst(context)) {
      count += items.length;
      most = Math.max(most, items.length);
    }
    expect(count).toBeGreaterThan(120_000);
    expect(most).toBeLessThanOrEqual(8_000);
  }, 30_000);

  it('whose rows are all wrong fails the burst', async () => {
    source.on('/feed', text('a,b\nx\ny\n', 'text/csv'));
    expect(await pull({ format: csv() })).toMatchObject({ items: [], error: { code: 'upstream', field: 'format' } });
  });

  it('that breaks off keeps its whole rows', async () => {
    source.on('/feed', breakOff('a,b\n1,2\n3', 'text/csv'));
    const { items, error } = await pull({ format: csv() });
    expect(error).toMatchObject({ code: 'upstream' });
    expect(items.map((item) => item.data)).toEqual([{ a: '1', b: '2' }]);
  });
});

const channel = (items: string) => `<rss version="2.0"><channel><title>T</title>${items}</channel></rss>`;

describe('RSS', () => {
  it('gives its entries, whatever XML it says that it is', async () => {
    source.on('/feed', text(channel('<item><guid>1</guid></item><item><guid>2</guid></item>'), 'text/xml'));
    const { error, items } = await pull({ format: rss() });
    expect(error).toBeNull();
    expect(items.map((item) => (item.data as { id: string }).id)).toEqual(['1', '2']);
  });

  it('is read in the charset that its answer or the app names', async () => {
    const body = Uint8Array.from(
      [...new TextEncoder().encode(channel('<item><title>\u0000</title></item>'))].map((byte) => byte || 0xfc),
    );
    source.on('/feed', text(body, 'text/xml; charset="ISO-8859-1"'));
    expect(data(await pull({ format: rss() }))).toMatchObject([{ title: 'ü' }]);
    source.on('/feed', text(body, 'text/xml'));
    expect(data(await pull({ format: rss({ charset: 'windows-1251' }) }))).toMatchObject([{ title: 'ь' }]);
    const { error } = await pull({ format: rss() });
    expect(error).toMatchObject({ code: 'upstream', field: 'format' });
  });

  it('has links that are relative to the URL of the feed, without its query', async () => {
    source.on('/feed', text(channel('<item><link>?a=1</link></item><item><link>/b</link></item>'), 'text/xml'));
    const items = data(await pull({ format: rss() }));
    expect(items).toMatchObject([{ link: `${source.origin}/feed?a=1` }, { link: `${source.origin}/b` }]);
  });

  it('is bounded at 4 MiB', async () => {
    source.on('/feed', huge(6 * 1024 * 1024, 'application/rss+xml'));
    expect((await pull({ format: rss() })).error).toMatchObject({ code: 'too_large', field: 'maxBytes' });
  });

  it('that is none fails the burst', async () => {
    source.on('/feed', text('<!DOCTYPE html><p>Sorry', 'text/html'));
    expect((await pull({ format: rss() })).error).toMatchObject({ code: 'upstream', field: 'format' });
  });
});

describe('a format that nobody declared', () => {
  it.each([
    ['text/csv', 'csv()'],
    ['application/rss+xml', 'rss()'],
    ['application/atom+xml; charset=utf-8', 'rss()'],
    ['text/event-stream', 'sse()'],
  ])('is told: %s', async (type, hint) => {
    source.on('/feed', text('', type));
    const { error } = await pull();
    expect(error).toMatchObject({ code: 'upstream', hint: expect.stringContaining(hint) as string });
    expect((error as TidegateError).message).not.toContain('secret');
  });

  it.each<[string, HttpOptions['format']]>([
    ['application/json', csv()],
    ['text/html', csv()],
    ['application/json', rss()],
    ['application/json', sse()],
    ['', sse()],
  ])('is not taken for another: %s', async (type, format) => {
    source.on('/feed', text('[]', type));
    expect((await pull({ format })).error).toMatchObject({ code: 'upstream', field: 'url' });
  });
});

describe('pick', () => {
  const matrix = {
    data: {
      result: [
        {
          metric: { job: 'a' },
          values: [
            [1, '2'],
            [3, '4'],
          ],
        },
      ],
    },
  };
  interface Matrix {
    data: { result: { metric: object; values: [number, string][] }[] };
  }
  const pick = (body: unknown) =>
    (body as Matrix).data.result.flatMap(({ metric, values }) =>
      values.map(([time, value]) => ({ ...metric, time, value: Number(value) })),
    );

  it('takes items out of what nests them', async () => {
    source.on('/feed', json(matrix));
    expect(data(await pull({ pick }))).toEqual([
      { job: 'a', time: 1, value: 2 },
      { job: 'a', time: 3, value: 4 },
    ]);
  });

  it('that breaks, or answers no list, fails the burst and shows names only', async () => {
    source.on('/feed', json({ errors: [{ message: 'hidden' }] }));
    const { error } = await pull({ pick });
    expect(error).toMatchObject({ code: 'upstream', field: 'pick' });
    expect((error as Error).message).toContain('an object with errors');
    expect((error as Error).message).not.toContain('hidden');
    expect((await pull({ pick: () => ({}) as unknown[] })).error).toMatchObject({ field: 'pick' });
  });
});
