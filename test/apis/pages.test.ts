/** Pages of an API, each way in which they follow each other. */
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiOptions, httpTool } from '../../src/index.ts';
import { type HttpSource, json, startHttpSource, status } from '../services/http-feed.ts';
import { apiOf, inTurn, onStage } from './stage.ts';

let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const description = 'x';
const shop = (more: Partial<ApiOptions> = {}) => apiOf(source, more);
const input = z.object({ symbol: z.string().default('A') });
const asked = () => source.requests.map(({ path, query }) => `${path}?${query.toString()}`);
const row = (n: number) => ({ n });
const ns = (structured: unknown) => (structured as { items: { n: number }[] }).items.map(({ n }) => n);
const numbered: RequestListener = (request, response) => {
  const query = new URL(request.url ?? '/', 'http://x').searchParams;
  const size = Number(query.get('size') ?? 2);
  const from = query.has('offset') ? Number(query.get('offset')) : (Number(query.get('page') ?? 1) - 1) * size;
  const rows = [1, 2, 3, 4, 5].slice(from, from + size).map(row);
  json({ rows })(request, response);
};

describe('pages', () => {
  const item = z.object({ n: z.number() });

  test('follow a cursor in the body, which the model gives back', async () => {
    source.on('/l', (request, response) => {
      const after = new URL(request.url ?? '/', 'http://x').searchParams.get('after');
      json(
        after === 'two & more'
          ? { rows: [row(3)], meta: {} }
          : { rows: [row(1), row(2)], meta: { next: 'two & more' } },
      )(request, response);
    });
    const t = httpTool({
      description,
      input,
      api: shop(),
      url: '/l',
      pick: 'rows',
      item,
      paging: { by: 'cursor', query: 'after', next: 'meta.next' },
    });
    const stage = onStage({ t });
    const first = await stage.call('t');
    expect(first.structured).toEqual({ items: [row(1), row(2)], next: 'two & more' });
    expect(first.text).toContain('next: two & more');
    expect((await stage.call('t', { cursor: 'two & more' })).structured).toEqual({ items: [row(3)], next: null });
    expect(asked()).toEqual(['/l?symbol=A', '/l?symbol=A&after=two+%26+more']);
  });

  test.each<[string, object, number[][]]>([
    ['page numbers', { by: 'page', query: 'page' }, [[1, 2], [3, 4], [5], []]],
    ['page numbers, with the size of a full one', { by: 'page', query: 'page', full: 2 }, [[1, 2], [3, 4], [5]]],
    ['an offset, and an argument for the size', { by: 'offset', query: 'offset', full: 'size' }, [[1, 2], [3, 4], [5]]],
  ])('follow %s', async (_, paging, pages) => {
    source.on('/l', numbered);
    const t = httpTool({
      description,
      input: z.object({ size: z.int().default(2) }),
      api: shop(),
      url: '/l',
      pick: 'rows',
      item,
      paging: paging as never,
    });
    const stage = onStage({ t });
    const got: number[][] = [];
    let next: string | null = null;
    do {
      const { structured } = await stage.call('t', next === null ? {} : { cursor: next });
      got.push(ns(structured));
      ({ next } = structured as { next: string | null });
    } while (next !== null && got.length < 10);
    expect(got).toEqual(pages);
  });

  test('follow the Link header, of which one parameter is taken and nothing else', async () => {
    source.on(
      '/l',
      inTurn(
        json([row(1)], { link: '<https://evil.example/steal?page=2&admin=1>; rel="next", </l?page=9>; rel="last"' }),
        json([row(2)]),
      ),
    );
    const t = httpTool({ description, api: shop(), url: '/l', item, paging: { by: 'link', query: 'page', pages: 5 } });
    expect((await onStage({ t }).call('t')).structured).toEqual({ items: [row(1), row(2)], next: null });
    expect(asked()).toEqual(['/l?', '/l?page=2']);
  });

  test('are read up to a number, and go on behind it', async () => {
    source.on('/l', numbered);
    const t = httpTool({
      description,
      api: shop(),
      url: '/l',
      pick: 'rows',
      item,
      paging: { by: 'page', query: 'page', pages: 2 },
    });
    const { structured } = await onStage({ t }).call('t');
    expect([ns(structured), structured]).toEqual([[1, 2, 3, 4], expect.objectContaining({ next: '3' })]);
  });

  test('that fail in the middle leave those before, and say so', async () => {
    source.on('/l', inTurn(json({ rows: [row(1)] }), status(500)));
    const t = httpTool({
      description,
      api: shop(),
      url: '/l',
      pick: 'rows',
      item,
      cache: { ttlMs: 60_000 },
      paging: { by: 'page', query: 'page', pages: 3 },
    });
    const stage = onStage({ t });
    const { structured, text: said, isError } = await stage.call('t');
    expect([structured, isError]).toEqual([{ items: [row(1)], next: '2' }, false]);
    expect(said).toContain('There is more, and it could not be read: shop answered 500');
    // What is not whole is not kept.
    expect(stage.counted.calls()).toEqual({ getMany: 1 });
  });

  test('that lead to themselves end', async () => {
    source.on('/l', json({ rows: [row(1)], next: 'same' }));
    const t = httpTool({
      description,
      api: shop(),
      url: '/l',
      pick: 'rows',
      item,
      paging: { by: 'cursor', query: 'c', next: 'next', pages: 20 },
    });
    const { structured } = await onStage({ t }).call('t');
    expect([ns(structured), source.requests.length]).toEqual([[1, 1], 2]);
  });

  test('are asked for by an argument that the tool has', async () => {
    source.on('/l', numbered);
    const paging = { by: 'page', query: 'page', argument: 'page' } as const;
    const t = httpTool({
      description,
      input: z.object({ page: z.int().default(1) }),
      api: shop(),
      url: '/l',
      pick: 'rows',
      item,
      paging,
    });
    const { structured } = await onStage({ t }).call('t', { page: 2 });
    expect(structured).toEqual({ items: [row(3), row(4)], next: '3' });
  });

  test('refuse a cursor that leads nowhere', async () => {
    const t = httpTool({ description, api: shop(), url: '/l', item, paging: { by: 'page', query: 'page' } });
    expect(await onStage({ t }).call('t', { cursor: '1&x=2' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('Argument: cursor'),
    });
    expect(source.requests).toEqual([]);
  });
});
