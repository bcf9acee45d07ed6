/** What an HTTP tool sends: each argument where the declaration put it, and nowhere else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { fc } from '../properties.ts';
import { api, httpTool, type HttpToolOptions, secret } from '../../src/index.ts';
import type { Fetch } from '../../src/base/runtime.ts';
import { type HttpSource, startHttpSource } from '../services/http-feed.ts';
import { onStage } from './stage.ts';

interface Sent {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

let source: HttpSource;
let sent: Sent[] = [];

beforeAll(async () => {
  source = await startHttpSource();
});
afterAll(() => source.close());
beforeEach(() => {
  sent = [];
});

/** What the server got for these arguments. */
async function send<Input extends z.ZodObject>(
  options: Omit<HttpToolOptions<Input, z.ZodType, never>, 'description'>,
  args: object,
  variables: Record<string, string> = {},
): Promise<Sent | string> {
  const tool = httpTool<Input>({ description: 'x', allow: [source.host], ...options });
  const { text, isError } = await onStage({ t: tool }, { variables }).call('t', args);
  return isError ? text : (sent.at(-1) ?? 'nothing was sent');
}

/** Answers any path, and keeps what came. */
function listen(path: string): void {
  source.on(path, (request, response) => {
    sent.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body: source.requests.at(-1)?.body ?? '',
    });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
}

const url = (path: string) => `${source.origin}${path}`;

const choose = ({ id }: { id: string }) => (id === 'c' ? '/convert' : '/rate');

describe('the query', () => {
  const input = z.object({
    symbol: z.string().optional(),
    ids: z.array(z.int()).optional(),
    deep: z.boolean().default(false),
    from: z.string().optional(),
    to: z.string().optional(),
  });

  test.each<[string, object, object, string]>([
    [
      'arguments that nothing else names, encoded',
      {},
      { symbol: 'A&B=C d/é' },
      '?symbol=A%26B%3DC%20d%2F%C3%A9&deep=false',
    ],
    ['an array as one', {}, { ids: [1, 2] }, '?ids=1%2C2&deep=false'],
    ['an array repeated', { arrays: 'repeat' }, { ids: [1, 2] }, '?ids=1&ids=2&deep=false'],
    ['an array repeated, by its template', { query: { id: '{ids*}' } }, { ids: [1, 2] }, '?deep=false&id=1&id=2'],
    ['nothing of an empty array', {}, { ids: [] }, '?deep=false'],
    ['another name', { query: { s: '{symbol}' } }, { symbol: 'X' }, '?deep=false&s=X'],
    [
      'a name that objects have',
      { query: JSON.parse('{"__proto__":"{symbol}"}') as object },
      { symbol: 'X' },
      '?deep=false&__proto__=X',
    ],
    ['nothing where an argument is missing', { query: { range: '{from}..{to}' } }, { from: '1' }, '?deep=false'],
    ['several in a text', { query: { range: '{from}..{to}' } }, { from: '1', to: '2' }, '?deep=false&range=1..2'],
    ['constants', { query: { limit: 5, raw: true, kind: 'a' } }, {}, '?deep=false&limit=5&raw=true&kind=a'],
    [
      'what a function says',
      { query: { deep: ({ deep }: { deep: boolean }) => (deep ? 1 : null) } },
      { deep: true },
      '?deep=1',
    ],
    ['and nothing where it says nothing', { query: { deep: () => undefined } }, { deep: true }, ''],
    ['not what is held back', { unsent: ['symbol', 'deep'] }, { symbol: 'X' }, ''],
    ['behind what the URL says', { url: '/q?a=1' }, { symbol: 'X' }, '?a=1&symbol=X&deep=false'],
    ['half a surrogate pair', { unsent: ['deep'] }, { symbol: '\uD800' }, '?symbol=%EF%BF%BD'],
  ])('%s', async (_, options, args, query) => {
    listen('/q');
    const { url: path = '/q', ...more } = options as { url?: string };
    expect(await send({ input, ...more, url: url(path) }, args)).toMatchObject({ method: 'GET', url: `/q${query}` });
  });
});

describe('the path', () => {
  const input = z.object({ id: z.string(), more: z.string().default('m') });

  test('has an argument as one segment, encoded', async () => {
    listen('/v1/a%2Fb%3Fc%23d/x');
    expect(await send({ input, url: url('/v1/{id}/x'), unsent: ['more'] }, { id: 'a/b?c#d' })).toMatchObject({
      url: '/v1/a%2Fb%3Fc%23d/x',
    });
  });

  test.each(['', '.', '..', '../admin', 'a/../../admin', '..\\admin', './'])('refuses %j', async (id) => {
    const told = await send({ input, url: url('/v1/{id}/x') }, { id });
    expect(told).toMatch(/Argument: id/);
    expect(sent).toEqual([]);
  });

  test('refuses dots that two arguments make together', async () => {
    expect(await send({ input, url: url('/v1/{id}{more}') }, { id: '.', more: '.' })).toMatch(/Argument: id/);
  });

  test('is chosen by a function, below the API', async () => {
    listen('/base/convert');
    const shop = api({ name: 'shop', url: url('/base/'), allow: [source.host] });
    expect(await send({ input, api: shop, url: choose, unsent: ['more', 'id'] }, { id: 'c' })).toMatchObject({
      url: '/base/convert',
    });
  });

  test('never leads to another host or place, whatever the arguments are', async () => {
    const seen: string[] = [];
    const tool = httpTool({
      description: 'x',
      allow: [source.host],
      input: z.object({ a: z.string(), b: z.string() }),
      url: url('/v1/{a}/{b}/end'),
      query: { q: '{a}' },
    });
    const fetch: Fetch = (asked) => {
      seen.push(asked as string);
      return Promise.resolve(new Response('{}'));
    };
    const stage = onStage({ t: tool }, { fetch });
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('//evil.example', '@evil', '%2e%2e', '..;', '\r\nx: y', ':80'),
    );
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        seen.length = 0;
        const { isError } = await stage.call('t', { a, b });
        expect(seen.length).toBe(isError ? 0 : 1);
        for (const asked of seen.map((each) => new URL(each))) {
          expect(asked.origin).toBe(source.origin);
          const [, v1, first, second, end, ...rest] = asked.pathname.split('/');
          expect([v1, end, rest]).toEqual(['v1', 'end', []]);
          expect([first, second].map((part) => decodeURIComponent(part ?? ''))).toEqual([
            a.toWellFormed(),
            b.toWellFormed(),
          ]);
          expect(asked.searchParams.get('q')).toBe(a.toWellFormed());
        }
      }),
      { numRuns: 120 },
    );
  });
});

describe('headers', () => {
  test('hold constants, arguments and secrets, of the API and of the tool', async () => {
    listen('/h');
    const keyed = api({
      name: 'keyed',
      url: source.origin,
      allow: [source.host],
      headers: { Authorization: secret('KEY', (key) => `Bearer ${key}`), 'X-Kind': 'a' },
      query: { token: secret('TOKEN') },
    });
    const input = z.object({ org: z.string().optional() });
    const options = { input, api: keyed, url: '/h', headers: { 'X-Org': '{org}', 'x-kind': 'b' } };
    const variables = { KEY: 'k1234567', TOKEN: 't 1' };
    const got = await send(options, { org: 'me' }, variables);
    expect(got).toMatchObject({
      url: '/h?token=t%201',
      headers: { accept: 'application/json', authorization: 'Bearer k1234567', 'x-kind': 'b', 'x-org': 'me' },
    });
    expect(await send(options, {}, variables)).not.toHaveProperty('headers.x-org');
  });

  test('of more than one line are refused, and nothing is sent', async () => {
    listen('/h');
    const options = { input: z.object({ org: z.string() }), url: url('/h'), headers: { 'X-Org': '{org}' } };
    expect(await send(options, { org: 'a\r\nX-Admin: 1' })).toMatch(/headers\.x-org/);
    expect(sent).toEqual([]);
  });
});

describe('the body of a POST', () => {
  const input = z.object({ q: z.string(), tags: z.array(z.string()).default(['a', 'b']) });

  test.each<[string, object, string, string]>([
    ['JSON of the arguments', {}, 'application/json', '{"q":"x y","tags":["a","b"]}'],
    ['a form', { body: 'form' }, 'application/x-www-form-urlencoded', 'q=x+y&tags=a%2Cb'],
    [
      'a form with repeated names',
      { body: 'form', arrays: 'repeat' },
      'application/x-www-form-urlencoded',
      'q=x+y&tags=a&tags=b',
    ],
    [
      'what a function makes',
      { content: ({ q }: { q: string }) => ({ query: { match: q } }) },
      'application/json',
      '{"query":{"match":"x y"}}',
    ],
  ])('%s', async (_, options, type, body) => {
    listen('/p');
    expect(await send({ input, method: 'POST', url: url('/p'), ...options }, { q: 'x y' })).toMatchObject({
      method: 'POST',
      url: '/p',
      headers: { 'content-type': type },
      body,
    });
  });
});
