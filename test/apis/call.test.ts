/** A call of an HTTP tool from its arguments to its answer, against a real server. */
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiOptions, httpTool } from '../../src/index.ts';
import { type HttpSource, json, startHttpSource, status, text } from '../services/http-feed.ts';
import { apiOf, inTurn, onStage, OTHER } from './stage.ts';

let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const description = 'x';
const shop = (more: Partial<ApiOptions> = {}) => apiOf(source, more);
const input = z.object({ symbol: z.string().default('A') });
const output = z.object({ price: z.number() });
const asked = () => source.requests.map(({ path, query }) => `${path}?${query.toString()}`);

const Stats = z.object({ bytes: z.number() });
const guarded = (otherwise: 'refuse' | 'pass' = 'refuse') =>
  httpTool({
    description,
    input,
    api: shop(),
    url: '/q',
    guard: {
      url: '/stats/{symbol}',
      query: { s: '{symbol}' },
      refuse: ({ body, input: { symbol } }) => (Stats.parse(body).bytes > 10 ? `${symbol} is too much` : null),
      otherwise,
    },
  });

describe('an answer', () => {
  test('is picked by a path, and checked', async () => {
    source.on('/p', json({ data: { price: 5, more: 1 } }));
    const t = httpTool({ description, api: shop(), url: '/p', pick: 'data', output });
    expect(await onStage({ t }).call('t')).toEqual({ text: 'price: 5', structured: { price: 5 }, isError: false });
  });

  test('is picked by a function, that sees status, headers and arguments', async () => {
    source.on('/p', json([1, 2], { 'x-total': '7' }));
    const t = httpTool({
      description,
      input,
      api: shop(),
      url: '/p',
      output: z.object({ of: z.string(), status: z.number(), total: z.string().nullable(), body: z.unknown() }),
      pick: (body, { status, headers, input }) => ({ of: input.symbol, status, total: headers.get('X-Total'), body }),
    });
    const { structured } = await onStage({ t }).call('t');
    expect(structured).toEqual({ of: 'A', status: 200, total: '7', body: [1, 2] });
  });

  test('that is a list is a table, and has no next where there are no pages', async () => {
    source.on(
      '/l',
      json({
        rows: [
          { a: 1, b: 'x|y' },
          { a: 2, c: { d: null } },
        ],
      }),
    );
    const item = z.object({ a: z.number(), b: z.string().optional(), c: z.unknown().optional() });
    const t = httpTool({ description, api: shop(), url: '/l', pick: 'rows', item });
    const { text, structured } = await onStage({ t }).call('t');
    expect(structured).toEqual({
      items: [
        { a: 1, b: 'x|y' },
        { a: 2, c: { d: null } },
      ],
      next: null,
    });
    expect(text).toBe('a | b | c\n1 | "x|y" | \n2 |  | {"d":null}');
  });

  test('without a schema is what came, in an object', async () => {
    source.on('/p', inTurn(json([1]), json(5), json(null), text(''), json('a')));
    const stage = onStage({ t: httpTool({ description, api: shop(), url: '/p' }) });
    const got = [];
    for (let n = 0; n < 5; n += 1) got.push((await stage.call('t')).structured);
    expect(got).toEqual([{ items: [1] }, { value: 5 }, { value: null }, { value: null }, { value: 'a' }]);
  });

  test('that is a text stays one', async () => {
    source.on('/t', text('a,b\n1,2', 'text/csv'));
    const t = httpTool({ description, api: shop(), url: '/t', format: 'text' });
    expect(await onStage({ t }).call('t')).toEqual({ text: 'a,b\n1,2', structured: undefined, isError: false });
  });

  test('is read in the charset that it names', async () => {
    source.on('/t', text(Buffer.from('ä', 'latin1'), 'text/csv; charset=iso-8859-1'));
    const t = httpTool({ description, api: shop(), url: '/t', format: 'text' });
    expect((await onStage({ t }).call('t')).text).toBe('ä');
  });

  test('has the text that the declaration gives it', async () => {
    source.on('/p', json({ price: 5 }));
    const t = httpTool({
      description,
      input,
      api: shop(),
      url: '/p',
      output,
      text: ({ price }, { symbol }) => `${symbol}: ${price}`,
    });
    expect((await onStage({ t }).call('t')).text).toBe('A: 5');
  });

  test.each<[string, RequestListener, RegExp]>([
    ['of another shape', json({ price: 'dear' }), /something else than this tool expects: price: .*number/],
    ['in another charset', text(Buffer.from('{"price":5,"of":"ä"}', 'latin1')), /expects: no JSON, but \{"price":5/],
    ['that is no JSON', text('<html>busy</html>', 'text/html'), /expects: no JSON, but <html>busy/],
  ])('%s is the API’s failure', async (_, behaviour, told) => {
    source.on('/p', behaviour);
    const { text: said, isError } = await onStage({
      t: httpTool({ description, api: shop(), url: '/p', output }),
    }).call('t');
    expect([isError, said]).toEqual([true, expect.stringMatching(told)]);
  });

  test('of another shape is in the log, with field and expectation, and without what was answered', async () => {
    source.on('/p', json({ price: 'dear' }));
    const stage = onStage({ t: httpTool({ description, api: shop(), url: '/p', output }) });
    await stage.call('t');
    const [level, message, fields] = JSON.parse(stage.logged.join()) as [string, string, object];
    expect([level, message]).toEqual(['warn', 'the API of the tool t answered what its schema does not allow']);
    expect(fields).toEqual({ tool: 't', field: 'price', expected: 'a number' });
  });

  test('in which pick finds nothing, or at which it fails, is the API’s failure', async () => {
    source.on('/p', json({ other: 1 }));
    const shared = shop();
    const path = httpTool({ description, api: shared, url: '/p', pick: 'data.price' });
    const fails = httpTool({
      description,
      api: shared,
      url: '/p',
      pick: (body) => z.object({ n: z.string() }).parse(body),
    });
    const stage = onStage({ path, fails });
    expect(await stage.call('path')).toMatchObject({
      isError: true,
      text: expect.stringContaining('nothing at data.price, but an object with other'),
    });
    expect(await stage.call('fails')).toMatchObject({
      isError: true,
      text: expect.stringContaining('an object with other'),
    });
  });
});

describe('a guard', () => {
  test('is asked first, and lets through', async () => {
    source.on('/stats/A', json({ bytes: 5 }));
    source.on('/q', json({ ok: 1 }));
    expect(await onStage({ t: guarded() }).call('t')).toMatchObject({ structured: { ok: 1 } });
    expect(asked()).toEqual(['/stats/A?s=A', '/q?symbol=A']);
  });

  test('keeps the request from being sent', async () => {
    source.on('/stats/A', json({ bytes: 50 }));
    expect(await onStage({ t: guarded() }).call('t')).toMatchObject({ isError: true, text: 'A is too much' });
    expect(asked()).toEqual(['/stats/A?s=A']);
  });

  test('that cannot read its answer refuses, unless it is told to pass', async () => {
    source.on('/stats/A', json({ size: 5 }));
    source.on('/q', json({ ok: 1 }));
    const refused = await onStage({ t: guarded() }).call('t');
    expect([refused.isError, refused.text]).toEqual([true, expect.stringContaining('an object with size')]);
    expect(await onStage({ t: guarded('pass') }).call('t')).toMatchObject({ structured: { ok: 1 } });
  });

  test('that fails refuses, unless it is told to pass', async () => {
    source.on('/stats/A', status(404));
    source.on('/q', json({ ok: 1 }));
    expect(await onStage({ t: guarded() }).call('t')).toMatchObject({
      isError: true,
      text: 'shop answered 404: status 404',
    });
    expect(await onStage({ t: guarded('pass') }).call('t')).toMatchObject({ structured: { ok: 1 } });
  });
});

test('what belongs to a tenant is kept for it alone', async () => {
  source.on('/p', inTurn(json({ price: 1 }), json({ price: 2 })));
  const t = httpTool({ description, api: shop(), url: '/p', output, cache: { ttlMs: 60_000 } });
  const stage = onStage({ t });
  expect((await stage.call('t')).structured).toEqual({ price: 1 });
  expect((await stage.call('t', {}, { principal: OTHER })).structured).toEqual({ price: 2 });
  expect((await stage.call('t')).structured).toEqual({ price: 1 });
});
