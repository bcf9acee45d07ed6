/** What an HTTP tool makes of an API that fails, in whatever way; and that no secret is shown, whatever happens. */
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { api, type ApiOptions, httpTool, secret, TidegateError } from '../../src/index.ts';
import { breakOff, hang, type HttpSource, huge, json, startHttpSource, status } from '../services/http-feed.ts';
import { apiOf, inTurn, onStage, withStatus } from './stage.ts';

let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

const description = 'x';
const shop = (more: Partial<ApiOptions> = {}) => apiOf(source, more);

const call = async (behaviour: RequestListener, more: Partial<ApiOptions> = {}, variables = {}) => {
  source.on('/p', behaviour);
  const stage = onStage({ t: httpTool({ description, api: shop(more), url: '/p' }) }, { variables });
  return { ...(await stage.call('t')), slept: stage.slept, logged: stage.logged };
};

const errors: ApiOptions['errors'] = ({ body }) => {
  const parsed = z.object({ code: z.number(), message: z.string() }).safeParse(body);
  return parsed.success ? { message: parsed.data.message, status: parsed.data.code } : null;
};

const at = (url: string, allow: string[] = []) => onStage({ t: httpTool({ description, url, allow }) });

const keyed = () => httpTool({ description, api: shop({ headers: { 'X-Key': secret('SHOP_KEY') } }), url: '/p' });
const start = () => onStage({ t: keyed() }, { variables: { SHOP_KEY: 'abcdefgh\nX: y' } });

const form = () => {
  throw new Error('no colon in abcdefgh');
};

describe('a failure', () => {
  test.each<[string, unknown, string | undefined, string]>([
    ['of the usual form', { error: { message: 'no such symbol' } }, undefined, 'shop answered 404: no such symbol'],
    ['at its path', { why: { text: 'gone' }, message: 'other' }, 'why.text', 'shop answered 404: gone'],
    ['without words', '', undefined, 'shop answered 404'],
    ['as a text', 'no such thing\n', undefined, 'shop answered 404: no such thing'],
    ['not as a page for people', '<html>sorry</html>', undefined, 'shop answered 404'],
    [
      'cut, on one line',
      { message: `a\n\u0000b${'c'.repeat(600)}` },
      undefined,
      `shop answered 404: a \\u0000b${'c'.repeat(490)}…`,
    ],
  ])('is told in the words of the API: %s', async (_, body, errors, told) => {
    const { text: said, isError } = await call(withStatus(404, body), errors === undefined ? {} : { errors });
    expect([said, isError]).toEqual([told, true]);
  });

  test('is found behind a 200 by a function, with the status that it says', async () => {
    expect((await call(json({ code: 400, message: 'bad symbol' }), { errors })).text).toBe(
      'shop answered 400: bad symbol',
    );
    expect((await call(json({ code: 401, message: 'no key' }), { errors })).text).toContain('refused the credentials');
    expect(await call(json({ price: 1 }), { errors })).toMatchObject({ isError: false });
    const bare = await call(json({ oops: 1 }), { errors: () => 'broken' });
    expect(bare.text).toBe('shop answered with an error: broken');
  });

  test('of the credentials names the variable and never its value', async () => {
    const headers = { 'X-Key': secret('SHOP_KEY', (key) => `k=${key}`) };
    const refused = withStatus(401, { message: 'bad key s3cr3t/value', echo: 'k=s3cr3t/value s3cr3t%2Fvalue' });
    const { text: said, logged } = await call(refused, { headers }, { SHOP_KEY: 's3cr3t/value' });
    expect(said).toContain('shop refused the credentials of this server (401): bad key [secret]');
    expect(said).toContain('SHOP_KEY');
    expect(said + logged.join()).not.toMatch(/s3cr3t/);
    expect(logged).toHaveLength(1);
  });

  test('does not stand in an answer either', async () => {
    const headers = { 'X-Key': secret('SHOP_KEY') };
    source.on(
      '/p',
      json({ next: 'https://x/?key=s3cr3t%2Fvalue', 's3cr3t/value': ['s3cr3t/value'] }, { 'x-echo': 's3cr3t/value' }),
    );
    const seen: unknown[] = [];
    const t = httpTool({
      description,
      api: shop({ headers }),
      url: '/p',
      pick: (body, { headers }) => {
        seen.push(headers.get('x-echo'));
        return body;
      },
    });
    const { structured } = await onStage({ t }, { variables: { SHOP_KEY: 's3cr3t/value' } }).call('t');
    expect(structured).toEqual({ next: 'https://x/?key=[secret]', '[secret]': ['[secret]'] });
    expect(seen).toEqual(['[secret]']);
  });

  test.each([502, 503, 504])('%i is tried again, with jitter', async (code) => {
    const got = await call(inTurn(status(code), status(code), json({ ok: 1 })));
    expect(got).toMatchObject({ isError: false, structured: { ok: 1 }, slept: [250, 500] });
  });

  test('that stays is told with the number of tries', async () => {
    const got = await call(status(503));
    expect(got).toMatchObject({ isError: true, text: 'shop answered 503 after 3 tries: status 503' });
    expect(source.requests).toHaveLength(3);
  });

  test.each([400, 404, 500])('%i is not tried again', async (code) => {
    await call(status(code));
    expect(source.requests).toHaveLength(1);
  });

  test('waits as long as Retry-After says, and not longer than a call may', async () => {
    expect((await call(inTurn(status(503, { 'retry-after': '1' }), json(1)))).slept).toEqual([1_000]);
    expect(await call(inTurn(status(503, { 'retry-after': '60' }), json(1)))).toMatchObject({
      isError: true,
      slept: [],
    });
  });

  test('a POST is sent once, unless it only reads', async () => {
    source.on('/p', status(503));
    const options = { description, api: shop(), url: '/p', method: 'POST' } as const;
    const stage = onStage({
      acts: httpTool(options),
      reads: httpTool({ ...options, annotations: { readOnlyHint: true } }),
    });
    await stage.call('acts');
    expect(source.requests).toHaveLength(1);
    await stage.call('reads');
    expect(source.requests).toHaveLength(4);
  });

  test('a server that breaks off is asked again, one that is not there is told of', async () => {
    expect(await call(inTurn(breakOff('{"a":'), json({ a: 1 })))).toMatchObject({ structured: { a: 1 } });
    const { host, origin } = source;
    await source.close();
    const t = httpTool({ description, api: api({ name: 'gone', url: origin, allow: [host] }), url: '/p' });
    expect(await onStage({ t }).call('t')).toMatchObject({
      isError: true,
      text: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('one that is too slow is given up, and not asked again', async () => {
    const got = await call(hang, { timeoutMs: 50 });
    expect(got).toMatchObject({ isError: true, text: expect.stringContaining('did not answer within 50 ms') });
    // The one time limit that ran.
    expect(got.slept).toEqual([50]);
  });

  test('one whose answer is too large is given up, and not asked again', async () => {
    const got = await call(huge(5_000_000), { maxBytes: 10_000 });
    expect([got.isError, source.requests.length]).toEqual([true, 1]);
    expect(got.text).toMatch(/10000|10,000/);
  });

  test('ends with the caller', async () => {
    source.on('/p', hang);
    const t = httpTool({ description, api: shop(), url: '/p' });
    const gone = new AbortController();
    const calling = onStage({ t }).call('t', {}, { signal: gone.signal });
    while (source.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    gone.abort();
    expect(await calling).toMatchObject({ isError: true, text: expect.stringContaining('went away') });
  });

  test('of an address that is not public ends the start, unless it is allowed', () => {
    expect(() => at('https://127.0.0.1/x')).toThrow(/tools\.t\.url/);
    expect(() => at('http://10.0.0.1/x', ['10.0.0.2'])).toThrow(/tools\.t\.url/);
    expect(() => at('https://localhost/x')).toThrow(TidegateError);
    expect(at('http://10.0.0.1/x', ['10.0.0.1'])).toBeDefined();
  });
});

const thrower = (): never => {
  throw new Error('no such thing in abcdefgh');
};
const input = z.object({ a: z.string().default('x') });

const refuser = (): never => {
  throw new TidegateError('invalid_input', 'a has to be older than b', { field: 'a' });
};

const tried = async (more: object, variables = { SHOP_KEY: 'abcdefgh' }) => {
  source.on('/p', json({ n: 1 }));
  const headers = { 'X-Key': secret('SHOP_KEY') };
  const { api: given = {}, ...rest } = more as { api?: object };
  const t = httpTool({ description, input, api: shop({ headers, ...given }), url: '/p', ...rest });
  const stage = onStage({ t }, { variables });
  return { ...(await stage.call('t')), logged: stage.logged.join() };
};

describe('a function of the declaration that throws', () => {
  test.each<[string, object]>([
    ['errors', { api: { errors: thrower } }],
    ['pick', { pick: thrower }],
    ['text', { text: thrower }],
    ['guard.refuse', { guard: { url: '/p', refuse: thrower } }],
  ])('of an answer is one that expects another: %s', async (name, more) => {
    const { text, isError, logged } = await tried(more);
    expect([isError, text]).toEqual([
      true,
      expect.stringMatching(/^shop answered something else than this tool expects: an object with n$/),
    ]);
    expect(logged).toContain(`${name} of the tool t failed`);
    expect(logged).toContain('no such thing in [secret]');
  });

  test.each<[string, object]>([
    ['url', { url: thrower }],
    ['query', { query: thrower }],
    ['query', { query: { a: thrower } }],
    ['headers', { headers: { a: thrower } }],
    ['content', { method: 'POST', content: thrower }],
    ['guard', { guard: { url: '/p', query: { a: thrower }, refuse: () => null } }],
    ['cost', { cost: thrower }],
    ['cache.key', { cache: { ttlMs: 1_000, key: thrower } }],
  ])('of the arguments has no use for these: %s', async (_name, more) => {
    const { text, isError, logged } = await tried(more);
    expect(isError).toBe(true);
    expect(text).toMatch(/^The tool t can make no request of these arguments\nArgument: arguments\./);
    expect(logged).toContain('of the tool t failed');
    expect(text + logged).not.toContain('abcdefgh');
    expect(source.requests).toEqual([]);
  });

  test('says in its own words what is wrong, where it throws them for the caller', async () => {
    expect((await tried({ query: refuser })).text).toBe('a has to be older than b\nArgument: a.\nCode: invalid_input.');
  });
});

test('an answer that nests without end is no answer, and no fault of the server', async () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const got = await call((_request, response) => response.end(deep), {}, {});
  expect([got.isError, got.text]).toEqual([true, expect.stringContaining('shop answered something else')]);
  expect(source.requests).toHaveLength(1);
});

describe('secrets', () => {
  test('are not shown without the scheme that stands before them either', async () => {
    const headers = { Authorization: secret('SHOP_KEY', (key) => `Basic ${btoa(`me:${key}`)}`) };
    const got = await call(
      withStatus(403, { message: `${btoa('me:abcdefgh')} is blocked` }),
      { headers },
      {
        SHOP_KEY: 'abcdefgh',
      },
    );
    expect(got.text).toContain('[secret] is blocked');
    expect(got.text + got.logged.join()).not.toContain(btoa('me:abcdefgh'));
  });

  test('that are not set end the start, which names the variable', () => {
    expect(() => onStage({ t: keyed() })).toThrow('SHOP_KEY: expected to be set, because the tool t sends it');
  });

  test('that are optional and not set are left out, with the header or the parameter that they stand in', async () => {
    const optional = { optional: true };
    const api = shop({
      headers: { Authorization: secret('SHOP_TOKEN', (token) => `Bearer ${token}`, optional) },
      query: { key: secret('SHOP_KEY', null, optional) },
    });
    source.on('/p', json({ ok: 1 }));
    const t = httpTool({ description, api, url: '/p' });
    await onStage({ t }).call('t');
    await onStage({ t }, { variables: { SHOP_TOKEN: 'a-token', SHOP_KEY: 'a-key' } }).call('t');
    const seen = source.requests.map(({ headers, query }) => [headers['authorization'], query.get('key')]);
    expect(seen).toEqual([
      [undefined, null],
      ['Bearer a-token', 'a-key'],
    ]);
  });

  test('that cannot be sent are named and not shown', () => {
    expect(start).toThrow('SHOP_KEY: expected a text of one line');
    expect(start).not.toThrow('abcdefgh');
    const formed = httpTool({ description, api: shop({ query: { k: secret('SHOP_KEY', form) } }), url: '/p' });
    expect(() => onStage({ t: formed }, { variables: { SHOP_KEY: 'abcdefgh' } })).toThrow(/SHOP_KEY: expected a value/);
    expect(() => onStage({ t: formed }, { variables: { SHOP_KEY: 'abcdefgh' } })).not.toThrow('abcdefgh');
  });

  test('are not shown where the API redirects to a place that is refused', async () => {
    source.on('/p', (_request, response) =>
      response.writeHead(302, { location: 'https://10.0.0.1/abcdefgh/of-another' }).end(),
    );
    const { text, isError } = await onStage({ t: keyed() }, { variables: { SHOP_KEY: 'abcdefgh' } }).call('t');
    expect([isError, text]).toEqual([true, expect.stringContaining('https://10.0.0.1 is refused')]);
    expect(text).not.toMatch(/abcdefgh|of-another/);
  });

  test('do not go where a redirect leads to another host', async () => {
    const other = await startHttpSource();
    other.on('/q', json({ ok: 1 }));
    source.on('/p', (_request, response) => response.writeHead(302, { location: `${other.origin}/q` }).end());
    const t = httpTool({
      description,
      api: shop({ headers: { 'X-Key': secret('SHOP_KEY') }, allow: [source.host, other.host] }),
      url: '/p',
    });
    const { isError } = await onStage({ t }, { variables: { SHOP_KEY: 'abcdefgh' } }).call('t');
    expect([isError, other.requests[0]?.headers['x-key']]).toEqual([false, undefined]);
    await other.close();
  });
});
