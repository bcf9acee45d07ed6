/** An HTTP source that misbehaves: each burst ends in bounded time and memory, with an error that says what was expected. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { http, type HttpOptions } from '../../../src/index.ts';
import type { BurstContext } from '../../../src/declare/feed.ts';
import type { TidegateError } from '../../../src/base/errors.ts';
import {
  breakOff,
  drip,
  gzipBomb,
  hang,
  huge,
  type HttpSource,
  ndjson,
  redirect,
  stall,
  startHttpSource,
  status,
  text,
} from '../../services/http-feed.ts';
import { runBurst } from '../run/burst-context.ts';

const MIB = 1024 * 1024;
const NDJSON = 'application/x-ndjson';

let source: HttpSource;

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const pull = (options: Partial<HttpOptions> = {}, changes: Partial<BurstContext> = {}) =>
  runBurst(http({ url: `${source.origin}/feed?key=secret`, allow: [source.host], ...options }), changes);
const hungUp = () => vi.waitFor(async () => expect(await source.connections()).toBe(0), { timeout: 5_000 });
/** A burst that is over after `timeMs`, as the run ends it. */
const short = (timeMs: number): Partial<BurstContext> => ({
  budget: { timeMs, events: 10_000, bytes: 10 * MIB },
  deadline: Date.now() + timeMs,
  signal: AbortSignal.timeout(timeMs),
});

describe('a source that sends garbage', () => {
  it.each([
    ['garbage instead of JSON', text('%&$ not json'), 'JSON'],
    ['half of a JSON text', text('[{"a":1},{"b"'), 'JSON'],
    ['an empty body', text(''), 'an empty body'],
    ['bytes that are not UTF-8', text(Uint8Array.of(0x22, 0xff, 0x22)), 'UTF-8'],
    ['an HTML error page', text('<!doctype html><p>Sorry', 'text/html; charset=utf-8'), 'text/html'],
    ['XML', text('<rss/>', 'application/rss+xml'), 'application/rss+xml'],
    ['an HTML page that says it is JSON', text('\n <html>'), 'HTML'],
    ['garbage instead of NDJSON', text('%&$\n%&$\n', NDJSON), 'no line that can be read'],
    ['an HTML page that says it is NDJSON', text('<html>\n</html>\n', NDJSON), 'HTML'],
    ['lines of noise without an end', huge(3 * MIB, NDJSON), 'no line that can be read'],
  ])('%s', async (_what, behaviour, found) => {
    source.on('/feed', behaviour);
    const { error, items, position } = await pull();
    expect(error).toMatchObject({ code: 'upstream', message: expect.stringContaining(found) as string });
    expect((error as TidegateError).expected).toMatch(/JSON/);
    expect((error as Error).message).not.toContain('secret');
    expect([items, position]).toEqual([[], null]);
    await hungUp();
  });

  it.each([
    ['{"type":"FeatureCollection","metadata":{}}', 'features', 'an object with type, metadata'],
    ['{"features":7}', 'features', 'a number'],
    ['"text"', '', 'a string'],
    ['null', '', 'null'],
  ])('no items in %s at "%s"', async (body, items, found) => {
    source.on('/feed', text(body));
    const { error } = await pull({ items });
    expect(error).toMatchObject({
      code: 'upstream',
      field: 'items',
      message: expect.stringContaining(found) as string,
    });
  });
});

describe('JSON of few bytes that would be read for seconds', () => {
  it.each([
    ['nested without end', `${'['.repeat(400_000)}${']'.repeat(400_000)}`, 'nested too deeply'],
    [
      'an object of very many members',
      `[{${Array.from({ length: 60_000 }, (_, at) => `"${at}":1`).join()}}]`,
      'too many members',
    ],
  ])('%s', async (_what, body, found) => {
    source.on('/feed', text(body));
    const { error, items } = await pull();
    expect(error).toMatchObject({
      code: 'too_large',
      field: 'body',
      message: expect.stringContaining(found) as string,
    });
    expect((error as TidegateError).expected).toContain('at most 500 levels');
    expect([items, (error as Error).message]).toEqual([[], expect.not.stringContaining('secret')]);
  });
});

describe('a source that does not end', () => {
  it('hangs: the burst gives up after its patience', async () => {
    source.on('/feed', hang);
    expect((await pull({ timeoutMs: 50 })).error).toMatchObject({ code: 'upstream', field: 'timeoutMs' });
    await hungUp();
  });

  it('stalls within JSON: the same', async () => {
    source.on('/feed', stall(['[{"a":1},']));
    expect((await pull({ timeoutMs: 50 })).error).toMatchObject({ code: 'upstream', field: 'timeoutMs' });
    await hungUp();
  });

  it('stalls within NDJSON: the lines before are kept, the position is not moved', async () => {
    source.on('/feed', stall(['{"a":1}\n{"a":', '2}\n{"a":3'], NDJSON));
    const { error, items, position } = await pull({ timeoutMs: 50 });
    expect(error).toMatchObject({ code: 'upstream', field: 'timeoutMs' });
    expect(items.map(({ data }) => data)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(position).toBeNull();
  });

  it('drips JSON: the burst’s own time ends it', async () => {
    source.on('/feed', drip('[', 5));
    expect((await pull({}, short(150))).error).toMatchObject({ code: 'upstream', field: 'budget.timeMs' });
    await hungUp();
  });

  it('drips NDJSON: what came within the burst is kept, without an error', async () => {
    source.on('/feed', drip('{"a":1}\n', 5, NDJSON));
    const { error, items, batches, position } = await pull({}, short(150));
    expect(error).toBeNull();
    expect(items.length).toBeGreaterThan(2);
    expect(batches.some(({ last }) => last)).toBe(false);
    expect(position).toBeNull();
    await hungUp();
  });

  it('breaks off: JSON gives nothing, NDJSON its whole lines', async () => {
    source.on('/feed', breakOff('[1,2,'));
    expect(await pull()).toMatchObject({ items: [], error: { code: 'upstream' } });
    source.on('/feed', breakOff('{"a":1}\n{"a":', NDJSON));
    const { error, items } = await pull();
    expect(error).toMatchObject({ code: 'upstream' });
    expect(items.map(({ data }) => data)).toEqual([{ a: 1 }]);
  });

  it('is left at once when the run ends the burst', async () => {
    source.on('/feed', hang);
    const leaving = new AbortController();
    const burst = pull({}, { signal: leaving.signal });
    await vi.waitFor(() => expect(source.requests).toHaveLength(1));
    leaving.abort();
    expect((await burst).error).toMatchObject({ code: 'cancelled' });
    await hungUp();
  });
});

describe('a source that sends too much', () => {
  it('100 MiB of JSON', async () => {
    source.on('/feed', huge(100 * MIB));
    expect((await pull()).error).toMatchObject({ code: 'too_large', field: 'maxBytes' });
    await hungUp();
    expect(source.bytesSent()).toBeLessThan(30 * MIB);
  });

  it('100 MiB of NDJSON: what fits is kept', async () => {
    source.on(
      '/feed',
      ndjson(100 * 1024, (id) => ({ id, note: 'x'.repeat(1_000) })),
    );
    const { error, items, position } = await pull();
    expect(error).toMatchObject({ code: 'too_large', field: 'maxBytes' });
    expect(items.length).toBeGreaterThan(9_000);
    expect(items.every(({ invalid }) => invalid === undefined)).toBe(true);
    expect(position).toBeNull();
    await hungUp();
    expect(source.bytesSent()).toBeLessThan(30 * MIB);
  });

  it('a gzip bomb', async () => {
    source.on('/feed', gzipBomb(100 * MIB));
    expect((await pull()).error).toMatchObject({ code: 'too_large' });
    await hungUp();
  });

  it('a line above the limit: it alone is invalid', async () => {
    source.on('/feed', text(`{"a":1}\n"${'x'.repeat(2 * MIB)}"\n{"a":2}\n`, NDJSON));
    const { error, items } = await pull();
    expect(error).toBeNull();
    expect(items.map(({ invalid }) => invalid?.reason)).toEqual([
      undefined,
      `line 2 is longer than ${MIB} bytes`,
      undefined,
    ]);
  });
});

describe('a source that sends elsewhere', () => {
  it('to a private address', async () => {
    await using inside = await startHttpSource();
    source.on('/feed', redirect(`${inside.origin}/`));
    expect((await pull()).error).toMatchObject({ code: 'address_refused' });
    expect(inside.requests).toEqual([]);
  });

  it('in a loop', async () => {
    source.on('/feed', redirect('/feed'));
    expect((await pull()).error).toMatchObject({ code: 'upstream' });
  });
});

describe('a source that says no', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');

  it.each([
    [429, { 'retry-after': '30' }, 30_000],
    [503, { 'retry-after': 'Fri, 20 Nov 2026 12:00:45 GMT' }, 45_000],
    [500, {}, null],
    [404, {}, null],
    [401, { 'retry-after': 'never' }, null],
    [300, {}, null],
  ])('%i', async (code, headers, retryAfterMs) => {
    source.on('/feed', status(code, headers));
    const { error, position } = await pull({}, { now: () => now, deadline: now + 10_000 });
    expect(error).toMatchObject({
      code: 'upstream',
      retryAfterMs,
      message: expect.stringContaining(String(code)) as string,
    });
    expect((error as Error).message).not.toContain('secret');
    expect(position).toBeNull();
    await hungUp();
  });

  it('because nobody is there', async () => {
    await source.close();
    expect((await pull()).error).toMatchObject({
      code: 'upstream',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('because the app’s URL is none', async () => {
    expect((await pull({ url: () => 'nowhere' })).error).toMatchObject({ code: 'invalid_config', field: 'url' });
  });
});
