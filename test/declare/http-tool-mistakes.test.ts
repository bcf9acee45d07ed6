/** What a declaration of HTTP tools may get wrong, each told by its path when the app is defined. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { api, defineApp, httpTool, secret } from '../../src/index.ts';
import { TidegateError } from '../../src/base/errors.ts';

const url = 'https://api.example.org/v1';
const input = z.object({ id: z.string(), maybe: z.string().optional(), filled: z.string().default('a') });
const item = z.object({ n: z.number() });

/** As JavaScript would call them. */
const untyped = <Answer>(make: (options: never) => Answer, options: unknown) => make(options as never);

function mistakes(tools: Record<string, unknown>): string[] {
  try {
    defineApp({ name: 'test', version: '1', description: 'A test', tools: tools as never });
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'invalid_config') throw error;
    const [, ...lines] = error.message.split('\n');
    return lines.map((line) => line.trim());
  }
  return [];
}

const inTool = (more: object) => mistakes({ t: untyped(httpTool, { description: 'x', url, input, ...more }) });
const inApi = (more: object) => inTool({ url: '/x', api: untyped(api, { name: 'a', url, ...more }) });

test.each<[string, object]>([
  ['the least', { input: undefined }],
  ['a path with arguments', { url: `${url}/{id}/{filled}?a=1`, query: { q: '{maybe}..{id}', list: '{id*}' } }],
  ['a function that chooses below an API', { url: () => '/x', api: api({ name: 'a', url }) }],
  [
    'all of it',
    {
      url: '/x/{id}',
      title: 'T',
      api: api({
        name: 'a',
        url,
        headers: { a: secret('A') },
        query: { b: 1, c: true },
        rateLimit: [{ requests: 1, perMs: 1 }],
      }),
      headers: { 'x-id': '{id}' },
      item,
      pick: 'data.0.rows',
      unsent: ['maybe'],
      rateLimit: { requests: 1, perMs: 1 },
      cost: () => 2,
      cache: { ttlMs: 1, staleMs: 0, entries: 10_000, key: () => 1 },
      paging: { by: 'page', query: 'page', argument: 'filled', pages: 20, first: 0, full: 'maybe' },
      guard: { url: '/y/{id}', query: { q: '{maybe}' }, refuse: () => null, otherwise: 'pass' },
      errors: () => null,
      timeoutMs: 1,
      maxBytes: 1,
      arrays: 'repeat',
      retries: 0,
      waitMs: 0,
      text: () => 'x',
      annotations: { readOnlyHint: true },
    },
  ],
  [
    'a POST',
    { method: 'POST', body: 'form', content: () => ({}), annotations: { readOnlyHint: true }, cache: { ttlMs: 1 } },
  ],
  ['http, to a host that is allowed', { url: 'http://127.0.0.1:9/x', allow: ['127.0.0.1'] }],
])('right is %s', (_, more) => {
  expect(inTool(more)).toEqual([]);
});

describe('one mistake, one line', () => {
  test.each<[string, string[], string]>([
    [
      'no options',
      mistakes({ t: untyped(httpTool, undefined) }).slice(0, 1),
      'tools.t.description: expected a text for the model',
    ],
    ['an unknown option', inTool({ cahce: {} }), 'tools.t.cahce: expected one of the known names'],
    ['a near name', inTool({ cach: {} }), '(did you mean cache?)'],
    [
      'no schema',
      inTool({ input: { id: 'string' } }),
      'tools.t.input: expected z.object({ … }), found {"id":"string"}',
    ],
    [
      'no URL',
      inTool({ url: 5 }),
      'tools.t.url: expected a URL with arguments as {name}, or a function that chooses one, found 5',
    ],
    ['a relative URL without an API', inTool({ url: '/x' }), 'tools.t.url: expected an absolute https URL, found /x'],
    [
      'an absolute URL with an API',
      inApi({}).concat(inTool({ api: api({ name: 'a', url }) })),
      'tools.t.url: expected a path that begins with /',
    ],
    [
      'a function without an API',
      inTool({ url: () => url }),
      'tools.t.url: expected a text, or a function beside an api',
    ],
    [
      'http',
      inTool({ url: 'http://api.example.org' }),
      'tools.t.url: expected an https URL, or one of http whose host is in allow',
    ],
    ['a user', inTool({ url: 'https://me:pw@example.org' }), 'tools.t.url: expected an URL without credentials'],
    [
      'an argument in the host',
      inTool({ url: 'https://{id}.example.org/x' }),
      'tools.t.url: expected a host without arguments',
    ],
    [
      'a host that an argument ends',
      inTool({ url: 'https://example.org{id}/x' }),
      'tools.t.url: expected a host without arguments',
    ],
    [
      'no such argument',
      inTool({ url: `${url}/{idd}` }),
      'tools.t.url: expected one of the arguments id, maybe, filled (did you mean id?), found {idd}',
    ],
    [
      'an optional argument in the path',
      inTool({ url: `${url}/{maybe}` }),
      'tools.t.url: expected maybe not to be optional, found {maybe}',
    ],
    [
      'an argument in the query of the URL',
      inTool({ url: `${url}?a={id}` }),
      'tools.t.url: expected arguments in its path alone; the others go into query',
    ],
    [
      'an open brace',
      inTool({ query: { q: '{id' } }),
      'tools.t.query.q: expected a text in which braces stand around the names of arguments only',
    ],
    [
      'no such argument in the query',
      inTool({ query: { q: '{x}' } }),
      'tools.t.query.q: expected one of the arguments id, maybe, filled, found {x}',
    ],
    [
      'no such argument in a header',
      inTool({ headers: { q: '{x}' } }),
      'tools.t.headers.q: expected one of the arguments',
    ],
    [
      'no arguments at all',
      inTool({ input: undefined, query: { q: '{x}' } }),
      'tools.t.query.q: expected one of the arguments, of which there are none, found {x}',
    ],
    [
      'a list in the query',
      inTool({ query: { q: [1] } }),
      "tools.t.query.q: expected a text, a number, true or false, secret('THE_VARIABLE'), or a function of the arguments, found [1]",
    ],
    [
      'a secret without a variable',
      inTool({ query: { q: secret('a b') } }),
      'tools.t.query.q: expected the name of an environment variable in secret(…)',
    ],
    ['an argument that is not there', inTool({ unsent: ['x'] }), 'tools.t.unsent.0: expected one of the arguments'],
    [
      'no limit',
      inTool({ rateLimit: { requests: 0, perMs: 1 } }),
      'tools.t.rateLimit.requests: expected a positive whole number, found 0',
    ],
    [
      'a limit of a list',
      inTool({ rateLimit: [{ requests: 1 }] }),
      'tools.t.rateLimit.0.perMs: expected a positive whole number of ms',
    ],
    [
      'an empty list of limits',
      inTool({ rateLimit: [] }),
      'tools.t.rateLimit: expected at least one { requests, perMs }',
    ],
    ['too many retries', inTool({ retries: 6 }), 'tools.t.retries: expected a whole number from 0 to 5, found 6'],
    [
      'too many places',
      inTool({ cache: { ttlMs: 1, entries: 10_001 } }),
      'tools.t.cache.entries: expected a whole number from 1 to 10000',
    ],
    ['a cache without a time', inTool({ cache: {} }), 'tools.t.cache.ttlMs: expected a positive whole number of ms'],
    [
      'a cache for what acts',
      inTool({ method: 'POST', cache: { ttlMs: 1 } }),
      'tools.t.cache: expected a GET, or annotations that say readOnlyHint: true',
    ],
    ['a body of a GET', inTool({ body: 'form' }), 'tools.t.body: expected no body, because the method is GET'],
    [
      'content of a GET',
      inTool({ content: () => 1 }),
      'tools.t.content: expected no content, because the method is GET',
    ],
    ['another method', inTool({ method: 'PUT' }), 'tools.t.method: expected GET or POST, found "PUT"'],
    [
      'a broken path',
      inTool({ pick: 'a..b' }),
      'tools.t.pick: expected a path such as data.items, or a function of the body, found "a..b"',
    ],
    [
      'a path into a text',
      inTool({ format: 'text', pick: 'a' }),
      'tools.t.pick: expected a function, because the body is a text',
    ],
    ['two schemas', inTool({ item, output: item }), 'tools.t.item: expected either item or output'],
    [
      'pages of what is no list',
      inTool({ paging: { by: 'page', query: 'p' } }),
      'tools.t.item: expected the schema of an item, because there is paging',
    ],
    [
      'pages of an unknown kind',
      inTool({ item, paging: { by: 'token' } }),
      "tools.t.paging.by: expected { by, query, … }, where by is 'cursor', 'link', 'page' or 'offset'",
    ],
    [
      'too many pages',
      inTool({ item, paging: { by: 'page', query: 'p', pages: 21 } }),
      'tools.t.paging.pages: expected a whole number from 1 to 20',
    ],
    [
      'a size that no argument has',
      inTool({ item, paging: { by: 'page', query: 'p', full: 'x' } }),
      'tools.t.paging.full: expected one of the arguments',
    ],
    [
      'a guard without a word',
      inTool({ guard: { url } }),
      'tools.t.guard.refuse: expected a function of the answer, which says why not, or null',
    ],
    [
      'a guard elsewhere',
      inTool({ guard: { url: '/x', refuse: () => null } }),
      'tools.t.guard.url: expected an absolute https URL',
    ],
    ['no API', inTool({ api: {} }), 'tools.t.api: expected api({ name, url, … })'],
    ['an unknown option of an API', inApi({ key: 'x' }), 'tools.t.api.key: expected one of the known names'],
    [
      'an API over http',
      inApi({ url: 'http://api.example.org' }),
      'tools.t.api.url: expected an https URL, or one of http',
    ],
    [
      'an API with a limit in words',
      inApi({ rateLimit: { requests: '5', perMs: 1 } }),
      'tools.t.api.rateLimit.requests: expected a positive whole number, found "5"',
    ],
    [
      'an argument in an API',
      inApi({ query: { q: '{id}' } }),
      "tools.t.api.query.q: expected a text, a number, true or false, secret('THE_VARIABLE'); no arguments",
    ],
  ])('%s', (_, told, expected) => {
    expect(told).toEqual([expect.stringContaining(expected)]);
  });

  test('of an API is told once, though several tools call it', () => {
    const wrong = untyped(api, { name: 'a b', url });
    const one = () => httpTool({ description: 'x', api: wrong, url: '/x' });
    const told = mistakes({ one: one(), two: one() });
    expect(told).toEqual([expect.stringContaining('tools.one.api.name: expected 1 to 64 letters, digits, _ and -')]);
  });

  test('two APIs of one name', () => {
    const [one, two] = [1, 2].map(() => httpTool({ description: 'x', api: api({ name: 'a', url }), url: '/x' }));
    expect(mistakes({ one, two })).toEqual(['tools.two.api.name: expected a name that no other API has, found a']);
  });
});

test('a tool that is not served yet does not run', async () => {
  await expect(httpTool({ description: 'x', url }).run({} as never, {} as never)).rejects.toMatchObject({
    code: 'internal',
  });
});
