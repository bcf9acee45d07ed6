/** What each format makes of a response, and how a body that is another is told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csv, http, type HttpOptions, rss, sse } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { TidegateError } from '../../../src/base/errors.ts';
import { breakOff, huge, type HttpSource, json, redirect, startHttpSource, text } from '../../services/http-feed.ts';
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

  it('has links that are relative to where redirects led', async () => {
    source.on('/feed', redirect('/new/feed.xml?key=secret'));
    source.on('/new/feed.xml', text(channel('<item><link>a</link></item>'), 'text/xml'));
    expect(data(await pull({ format: rss() }))).toMatchObject([{ link: `${source.origin}/new/a` }]);
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

describe('a format that is declared', () => {
  it.each<[string, HttpOptions['format'], string, unknown]>([
    ['application/json', csv(), 'a\n1\n', { a: '1' }],
    ['text/html', csv(), 'a\n1\n', { a: '1' }],
    ['text/html; charset=iso-8859-1', 'json', '[{"a":"ü"}]', { a: 'ü' }],
    ['text/csv', 'ndjson', '{"a":1}\n', { a: 1 }],
  ])('counts before the content type %s', async (type, format, body, expected) => {
    source.on('/feed', text(body, type));
    expect(data(await pull({ format }))).toEqual([expected]);
  });

  it.each<[HttpOptions['format']]>([[csv()], ['json'], ['ndjson'], [rss()]])(
    'is told from a page: %#',
    async (format) => {
      source.on('/feed', text('<!DOCTYPE html><p>Sorry', 'text/plain'));
      expect((await pull({ format })).error).toMatchObject({ code: 'upstream' });
    },
  );
});

describe('a page in the place of rows without a header', () => {
  const login =
    '<!DOCTYPE html>\n<html lang="en">\n<body><p>Please sign in, your session has ended.</p></body>\n</html>\n';
  const rows = csv({ columns: ['host', 'message'] });
  it.each([
    ['text/html; charset=utf-8', login],
    ['text/html', '\uFEFF\n <div>a,b</div>\n1,2\n'],
    ['application/xhtml+xml', '<?xml version="1.0"?>\n<html>,\n'],
    ['text/plain', login],
    ['application/octet-stream', '<?xml version="1.0"?>\n<HTML>,\n'],
  ])('is refused as %s, and none of its lines is taken', async (type, body) => {
    source.on('/feed', text(body, type));
    for (const format of [rows, csv({ columns: ['line'], delimiter: ';' }), 'ndjson'] as const) {
      const { items, error } = await pull({ format });
      expect([items, error]).toEqual([[], expect.objectContaining({ code: 'upstream', field: 'format' })]);
    }
  });

  it.each([
    ['text/csv', '<html>,a\n'],
    ['text/plain', '<b>,a\n'],
    ['text/html', 'x,<html>\n'],
  ])('is not what %s %j is', async (type, body) => {
    source.on('/feed', text(body, type));
    expect(data(await pull({ format: rows }))).toHaveLength(1);
  });

  it('is refused wherever its bytes are cut', async () => {
    source.on('/feed', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const write = (at: number) => {
        if (at >= login.length) return response.end();
        response.write(login.slice(at, at + 3), () => setImmediate(write, at + 3));
        return response;
      };
      write(0);
    });
    const { items, error } = await pull({ format: rows });
    expect([items, error]).toEqual([[], expect.objectContaining({ field: 'format' })]);
  });
});

describe('a type that is known', () => {
  const value = '{"a":1}';
  it.each([
    ['text/json', value],
    ['application/vnd.api+json; profile="x;y"', value],
    ['application/geo+json', value],
    ['application/x-ndjson; charset="latin-1"', `${value}\n${value}`],
    ['application/jsonl', value],
    ['application/x-json-stream', value],
    ['application/stream+json', value],
    ['application/json-seq', `\u001E${value}\n\u001E{\n"a":1\n}\n`],
    ['application/geo+json-seq', `\u001E${value}\n`],
    ['application/json-seq', `${value}\n${value}\n`],
    ['application/json; charset="windows-1252"', value],
    ["application/json;charset='utf8mb4'", value],
  ])('is read: %s', async (type, body) => {
    source.on('/feed', text(body, type));
    const { items, error } = await pull();
    expect(error).toBeNull();
    expect(new Set(items.map((item) => JSON.stringify(item.data)))).toEqual(new Set([value]));
    expect(items).toHaveLength(body.split('"a"').length - 1);
  });
});

describe('a charset', () => {
  const latin = Uint8Array.from('[{"a":"\u00FC"}]', (one) => one.charCodeAt(0));

  it.each<[string, Partial<HttpOptions>]>([
    ['application/json', { charset: 'iso-8859-1' }],
    ['application/x-ndjson', { charset: 'windows-1252' }],
  ])('is declared for %s', async (type, options) => {
    source.on('/feed', text(latin, type));
    expect(data(await pull(options)).flat()).toEqual([{ a: 'ü' }]);
  });

  it('of CSV is that of the answer, and the declared one before it', async () => {
    source.on('/feed', text(Uint8Array.from([0x61, 10, 0xfc, 10]), 'text/csv; charset="ISO-8859-1"'));
    expect(data(await pull({ format: csv() }))).toEqual([{ a: 'ü' }]);
    source.on('/feed', text('a\nü\n', 'text/csv; charset=iso-8859-1'));
    expect(data(await pull({ format: csv({ charset: 'utf-8' }) }))).toEqual([{ a: 'ü' }]);
  });

  it.each([
    ['little', (code: number) => [code & 0xff, code >> 8]],
    ['big', (code: number) => [code >> 8, code & 0xff]],
  ])('of JSON, alone or in lines, may be UTF-16 with its mark: %s endian', async (_order, bytesOf) => {
    const wide = (body: string) => Uint8Array.from(Array.from(body).flatMap((one) => bytesOf(one.charCodeAt(0))));
    source.on('/feed', text(wide('\uFEFF[1]')));
    expect(data(await pull())).toEqual([1]);
    source.on('/feed', text(wide('\uFEFF{"a":"ü"}\n{"a":"\u0A0D"}\n'), 'application/x-ndjson'));
    expect(data(await pull())).toEqual([{ a: 'ü' }, { a: '\u0A0D' }]);
  });
});

describe('what is nothing', () => {
  const all: [string, HttpOptions['format'], string, string][] = [
    ['JSON', undefined, 'application/json', '[]'],
    ['NDJSON', 'ndjson', 'application/x-ndjson', ''],
    ['CSV', csv(), 'text/csv', 'id,v\n'],
    ['RSS', rss(), 'text/xml', '<rss version="2.0"><channel><title>T</title></channel></rss>'],
  ];

  it.each(all)('an empty body fails the burst, unless what is new was asked for: %s', async (_name, format, type) => {
    source.on('/feed', text('', type));
    expect((await pull({ format })).error).toMatchObject({ code: 'upstream', field: 'format' });
    const url = () => `${source.origin}/feed`;
    expect(await pull({ format, url })).toMatchObject({ items: [], error: null });
  });

  it.each<[string, HttpOptions['format'], string, string]>([
    ['a byte order mark as JSON', undefined, 'application/json', '\uFEFF'],
    ['a byte order mark as NDJSON', 'ndjson', 'application/x-ndjson', '\uFEFF\n'],
    ['a byte order mark as CSV', csv(), 'text/csv', '\uFEFF\r\n'],
    ['a byte order mark as RSS', rss(), 'text/xml', '\uFEFF'],
    ['a separator of records', undefined, 'application/json-seq', '\u001E\n'],
  ])('%s alone is an empty body', async (_name, format, type, body) => {
    source.on('/feed', text(body, type, { etag: '"1"' }));
    const { error, position } = await pull({ format });
    expect(error).toMatchObject({ code: 'upstream', message: expect.stringContaining('an empty body') as string });
    expect(JSON.stringify(position ?? null)).not.toContain('etag');
  });

  it.each(all.filter(([, , , body]) => body !== ''))(
    'what says that there is none is read: %s',
    async (_name, format, type, body) => {
      source.on('/feed', text(body, type, { etag: '"1"' }));
      expect(await pull({ format })).toMatchObject({ items: [], error: null, position: { etag: '"1"' } });
    },
  );

  it.each(all)('304 is no answer to a request that knows nothing: %s', async (_name, format) => {
    source.on('/feed', (_request, response) => response.writeHead(304).end());
    expect((await pull({ format })).error).toMatchObject({ code: 'upstream' });
    const headers = { 'If-Modified-Since': 'Fri, 20 Nov 2026 12:00:00 GMT' };
    expect(await pull({ format, headers })).toMatchObject({ items: [], error: null });
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
    ['application/json', rss()],
    ['application/json', sse()],
    ['', sse()],
    ['text/event-stream-x', sse()],
    ['text/event-stream+json', sse()],
    ['x text/event-stream', sse()],
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
