import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import {
  csv,
  type CsvOptions,
  http,
  type HttpOptions,
  rss,
  type RssOptions,
  sse,
  type SseOptions,
} from '../../../src/index.ts';
import type { Politeness } from '../../../src/index.ts';
import type { csvSpec } from '../../../src/feeds/http/formats/csv-options.ts';
import type { httpSpec } from '../../../src/feeds/http/spec.ts';
import type { rssSpec } from '../../../src/feeds/http/formats/rss-options.ts';
import type { sseSpec } from '../../../src/feeds/http/sse/options.ts';
import type { politenessSpec } from '../../../src/net/politeness.ts';
import { describeShape, readPath } from '../../../src/base/json-path.ts';
import { retryAfterMs } from '../../../src/net/retry-after.ts';

const URL_OK = 'https://example.org/feed.json';
const paths = (options: Partial<HttpOptions>) =>
  http({ url: URL_OK, ...options })
    .problems([])
    .map(({ path }) => path);

describe('the declaration of an HTTP feed', () => {
  it('has one specification, equal to the types that editors show', () => {
    expectTypeOf<z.input<typeof httpSpec>>().toEqualTypeOf<HttpOptions>();
    expectTypeOf<z.input<typeof csvSpec>>().toEqualTypeOf<CsvOptions>();
    expectTypeOf<z.input<typeof rssSpec>>().toEqualTypeOf<RssOptions>();
    expectTypeOf<z.input<typeof sseSpec>>().toEqualTypeOf<SseOptions>();
    expectTypeOf<z.input<typeof politenessSpec>>().toEqualTypeOf<Politeness>();
  });

  it('has no problem where there is none', () => {
    expect(paths({})).toEqual([]);
    expect(paths({ url: () => URL_OK, headers: () => ({}), cursor: { from: 'next' } })).toEqual([]);
    expect(paths({ url: 'http://10.0.0.5:8080/', allow: ['10.0.0.5:8080', 'localhost', '[::1]'] })).toEqual([]);
    expect(paths({ cursor: { from: 'meta.next', param: 'after' }, items: 'data.items', format: 'json' })).toEqual([]);
    expect(paths({ headers: { authorization: 'Bearer x' }, maxBytes: 1, timeoutMs: 1 })).toEqual([]);
    expect(paths({ url: `${URL_OK}?a={since}`, since: {}, pages: { by: 'link' }, maxPages: 1 })).toEqual([]);
    expect(paths({ body: { json: { after: '{cursor}' } }, cursor: { from: 'next', initial: 0 } })).toEqual([]);
    expect(paths({ body: () => ({ json: 1 }), since: {}, pages: { by: 'offset', size: 5 } })).toEqual([]);
    expect(paths({ format: sse({ events: ['a'] }), politeness: { concurrency: 1, perSecond: 0.1 } })).toEqual([]);
    expect(paths({ cursor: { from: 'x-index', of: 'header', param: 'index' }, wait: { ms: 5_000 } })).toEqual([]);
  });

  it.each<[string, Partial<HttpOptions>, string[]]>([
    ['no URL', { url: 'feed.json' }, ['url']],
    ['http without allow', { url: 'http://example.org/' }, ['url']],
    ['another scheme', { url: 'ftp://example.org/', allow: ['example.org'] }, ['url']],
    ['a private address', { url: 'https://192.168.0.1/' }, ['url']],
    ['credentials in the URL', { url: 'https://me:secret@example.org/' }, ['url']],
    ['an allow that is a URL', { allow: ['https://example.org'] }, ['allow.0']],
    ['an allow with a path', { allow: ['example.org', 'a/b'] }, ['allow.1']],
    ['an unknown format', { format: 'xml' as 'json' }, ['format']],
    ['items for NDJSON', { format: 'ndjson', items: 'features' }, ['items']],
    ['a path with an empty part', { items: 'a..b' }, ['items']],
    ['bad numbers', { maxBytes: 0, timeoutMs: 1.5 }, ['maxBytes', 'timeoutMs']],
    ['a bad header name', { headers: { 'a b': 'x' } }, ['headers.a b']],
    ['a header of two lines', { headers: { a: 'x\r\ny: z' } }, ['headers.a']],
    ['a header that is not set', { headers: { a: undefined as unknown as string } }, ['headers.a']],
    ['a cursor that nobody sends', { cursor: { from: 'next' } }, ['cursor.param']],
    ['a cursor from nowhere', { cursor: { from: '', param: 'after' } }, ['cursor.from']],
    [
      'a cursor of the body of NDJSON',
      { format: 'ndjson', cursor: { from: 'a', of: 'body', param: 'b' } },
      ['cursor.of'],
    ],
    ['options of a format', { format: csv({ delimiter: '', quote: '""' }) }, ['format.delimiter', 'format.quote']],
    ['items for CSV', { format: csv(), items: 'features' }, ['items']],
    ['items beside pick', { items: 'features', pick: () => [] }, ['pick']],
    ['a pick that is none', { pick: 'features' as unknown as () => [] }, ['pick']],
    ['a pick for rows', { format: 'ndjson', pick: () => [] }, ['pick']],
    ['a body of nothing', { body: {} as { json: unknown } }, ['body']],
    ['a body of two', { body: { json: 1, form: {} } }, ['body']],
    ['a body that JSON cannot hold', { body: { json: 1n } }, ['body.json']],
    ['a form of numbers', { body: { form: { a: 1 as unknown as string } } }, ['body.form']],
    ['no pages at all', { maxPages: 0 }, ['maxPages']],
    ['unknown pages', { pages: { by: 'hand' as 'link' } }, ['pages.by']],
    ['an option of other pages', { pages: { by: 'link', size: 3 } as { by: 'link' } }, ['pages.size']],
    ['pages beside a cursor', { pages: { by: 'link' }, cursor: { from: 'a', param: 'b' } }, ['pages']],
    ['a cursor of pages from nowhere', { pages: { by: 'cursor', param: 'a' } as never }, ['pages.from']],
    ['a cursor of pages that is not sent', { pages: { by: 'cursor', from: 'a' } }, ['pages.param']],
    ['a link in the body of CSV', { format: csv(), pages: { by: 'link', from: 'next' } }, ['pages.from']],
    ['the header of a link as a path', { pages: { by: 'link', from: 'Link' } }, ['pages.from']],
    ['a link beside a body', { body: { json: 1 }, pages: { by: 'link' } }, ['pages.by']],
    ['an offset without a size', { pages: { by: 'offset', param: 'a' } as never }, ['pages.size']],
    ['a size of nothing', { pages: { by: 'number', size: 0, param: 'a' } }, ['pages.size']],
    ['a first page that is none', { pages: { by: 'number', first: 0.5, param: 'a' } }, ['pages.first']],
    ['pages by a time that nobody has', { pages: { by: 'time', size: 5 } }, ['since.from']],
    ['a placeholder for nothing', { url: `${URL_OK}?from={since}` }, ['since']],
    ['a placeholder in a body for nothing', { body: { json: { a: ['{until}'] } } }, ['since']],
    ['a wait for nothing', { headers: { prefer: 'wait={wait}' } }, ['wait']],
    ['a time that nobody sends', { since: {} }, ['since']],
    ['a time beside a cursor', { url: `${URL_OK}?a={since}&b={cursor}`, since: {}, cursor: { from: 'a' } }, ['since']],
    [
      'times that are none',
      {
        url: `${URL_OK}?a={since}`,
        since: { format: 'h' as 's', from: 'a..b', initialMs: -1, rangeMs: 0, alignMs: 0.5 },
      },
      ['since.format', 'since.from', 'since.initialMs', 'since.rangeMs', 'since.alignMs'],
    ],
    [
      'times that never come about',
      { url: `${URL_OK}?a={since}`, since: { lookbackMs: 1_000, delayMs: 1_000, alignMs: 60_000, rangeMs: 1_000 } },
      ['since.lookbackMs', 'since.rangeMs'],
    ],
    ['a wait of no time', { wait: { ms: 10, unit: 'm' as 's', param: '' } }, ['wait.ms', 'wait.unit', 'wait.param']],
    ['a charset that nobody knows', { format: rss({ charset: 'klingon' }) }, ['format.charset']],
    ['a wait for a document', { wait: { ms: 5_000 }, format: rss() }, ['wait']],
    [
      'politeness of nothing',
      { politeness: { concurrency: 0, perSecond: 0 } },
      ['politeness.concurrency', 'politeness.perSecond'],
    ],
    ['an unknown politeness', { politeness: { perMinute: 5 } as object }, ['politeness.perMinute']],
    [
      'what events cannot have',
      { format: sse(), wait: { ms: 5_000 }, cursor: { from: 'a', param: 'b' } },
      ['cursor', 'wait'],
    ],
    ['a header that is no name', { cursor: { from: 'a b', of: 'header', param: 'c' } }, ['cursor.from']],
    ['a cursor that is none', { cursor: { from: 'a', param: 'c', initial: Number.NaN } }, ['cursor.initial']],
    ['a cursor of what is unknown', { cursor: { from: 'a', of: 'page' as 'body', param: 'b' } }, ['cursor.of']],
  ])('names %s', (_what, options, expected) => {
    expect(paths(options)).toEqual(expected);
  });

  it('shows no secret, neither as its source nor in a problem', () => {
    const secret = 's3cret';
    const feed = http({ url: `https://example.org/feed.json?key=${secret}#x`, headers: { 'x-key': `${secret}\n` } });
    expect(feed.source).toBe('https://example.org');
    expect(JSON.stringify([feed.source, feed.problems([])])).not.toContain(secret);
    const wrongBody = http({ url: URL_OK, body: { form: { a: secret, b: 1 as unknown as string } } });
    expect(JSON.stringify(wrongBody.problems([]))).not.toContain(secret);
    const others = [
      'ftp://example.org/?key=s3cret',
      'http://example.org/?key=s3cret',
      'https://me:s3cret@example.org/',
      's3cret',
    ];
    for (const url of others) {
      const wrong = http({ url });
      expect(wrong.problems([])).toHaveLength(1);
      expect(JSON.stringify([wrong.source, wrong.problems([])])).not.toContain(secret);
    }
  });

  it('hands its pacing on', () => {
    const pacing = { everyMs: 5, budget: { events: 7 }, overflow: 'drop-newest', sample: { every: 2 } } as const;
    expect(http({ url: URL_OK, ...pacing }).pacing).toEqual(pacing);
    expect(http({ url: URL_OK }).pacing).toEqual({});
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['99999999999', 24 * 3_600_000],
    ['soon', null],
    ['-5', null],
    ['', null],
    [null, null],
  ])('%s is %s ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

describe('a path into JSON', () => {
  const value = { data: { items: [{ id: 7 }] }, empty: null };

  it.each([
    ['', value],
    ['data.items.0.id', 7],
    ['empty', null],
    ['data.nothing', undefined],
    ['data.items.1', undefined],
    ['empty.x', undefined],
    ['toString', undefined],
    ['data.constructor', undefined],
    ['__proto__', undefined],
  ])('%s', (path, expected) => {
    expect(readPath(value, path)).toEqual(expected);
  });

  it('describes what there is instead, without values', () => {
    expect(describeShape(value)).toBe('an object with data, empty');
    expect(describeShape([1, 2])).toBe('an array of 2');
    expect(describeShape('secret')).toBe('a string');
    expect(describeShape(null)).toBe('null');
  });
});
