/** What an app that no type check has seen may get wrong: each mistake is told once, by its path, together with all others. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import * as z3 from 'zod/v3';
import {
  type AppOptions,
  defineApp,
  from,
  http,
  mqtt,
  prompt,
  pull,
  resource,
  secret,
  stream,
  tool,
  websocket,
} from '../../src/index.ts';
import { TidegateError } from '../../src/base/errors.ts';

const schema = z.object({ id: z.string(), n: z.number(), tags: z.array(z.string()), ok: z.boolean() });
const run = () => Promise.resolve('');
const quotes = 'https://quotes.example.org/last';

const ICON = 'https://example.org/i.png';

/** The mistakes as they are told, `path: expected …`. */
function mistakes(options: unknown): string[] {
  try {
    defineApp(options as AppOptions);
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'invalid_config') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

const inApp = (more: object) => mistakes({ name: 'test', version: '1', description: 'A test', ...more });
/** As JavaScript would call it. */
const untyped = <Answer>(make: (options: never) => Answer, options: unknown) => make(options as never);
const inResource = (more: object) => inApp({ resources: { r: untyped(resource, { uri: 'a:b', read: run, ...more }) } });
const inStream = (more: object) => inApp({ streams: { s: untyped(stream, { description: 'x', schema, ...more }) } });
const inFeed = (more: object) => inStream({ feed: untyped(http, { url: quotes, ...more }) });

describe('one mistake, one line', () => {
  test.each<[string, string[], string]>([
    ['no app', mistakes(undefined), 'app: expected defineApp({ … })'],
    ['no description', mistakes({ name: 'test', version: '1' }), 'description: expected 1 to 100 characters'],
    ['a name that is a number', inApp({ name: 5 }), 'name: expected 1 to 64 of a-z, 0-9 and -, not - first, found 5'],
    ['an unknown part', inApp({ strems: {} }), 'strems: expected one of the known names name, version,'],
    ['a near name', inApp({ strems: {} }), '(did you mean streams?)'],
    [
      'a list of streams',
      inApp({ streams: [] }),
      'streams: expected streams by name, as in { name: stream({ … }) }, found []',
    ],
    ['a URL', inApp({ websiteUrl: 'example' }), 'websiteUrl: expected an absolute URL'],

    [
      'an icon of http',
      inApp({ icons: [{ src: 'http://example.org/i.png' }] }),
      'icons.0.src: expected an https URL or',
    ],
    [
      'an icon with a password',
      inApp({ icons: [{ src: 'https://a:b@example.org/i.png' }] }),
      'icons.0.src: expected an',
    ],
    ['an icon that is a page', inApp({ icons: [{ src: 'data:text/html;base64,AAAA' }] }), 'icons.0.src: expected an'],
    ['an icon in plain text', inApp({ icons: [{ src: 'data:image/svg+xml,<svg/>' }] }), 'icons.0.src: expected an'],
    [
      'an icon that is too large',
      inApp({ icons: [{ src: `data:image/png;base64,${'A'.repeat(32_768)}` }] }),
      'of at most 32768 characters',
    ],
    [
      'a size of an icon',
      inApp({ icons: [{ src: ICON, sizes: ['48'] }] }),
      'icons.0.sizes.0: expected WIDTHxHEIGHT or any',
    ],
    ['a theme', inApp({ icons: [{ src: ICON, theme: 'dim' }] }), 'icons.0.theme: expected light or dark, found "dim"'],
    ['one icon', inApp({ icons: { src: ICON } }), 'icons: expected a list of { src, mimeType, sizes, theme }'],
    [
      'nine icons',
      inApp({ icons: Array.from({ length: 9 }, () => ({ src: ICON })) }),
      'icons: expected at most 8 icons',
    ],
    [
      'a limit of results',
      inApp({ results: { bytes: 5 } }),
      'results.bytes: expected a whole number from 65536 to 4000000',
    ],

    ['no stream', inApp({ streams: { s: {} } }), 'streams.s: expected stream({ description, schema, … })'],
    ['null for a stream', inApp({ streams: { s: null } }), 'streams.s: expected stream({'],
    ['options of none', inApp({ streams: { s: untyped(stream, undefined) } }), 'streams.s: expected stream({'],
    ['no schema', inStream({ schema: { type: 'object' } }), 'or z.fromJSONSchema(…) around this one'],
    [
      'a schema of zod 3',
      inStream({ schema: z3.object({ a: z3.string() }) }),
      'this one is of zod 3: npm install zod@4',
    ],
    [
      'a schema of zod/mini',
      inStream({ schema: mini.object({ a: mini.string() }) }),
      'this one is of zod/mini: import',
    ],
    ['a schema of others', inStream({ schema: { '~standard': { vendor: 'valibot' } } }), 'this one is of valibot'],
    [
      'fields alone',
      inStream({ schema: { a: z.string() } }),
      'streams.s.schema: expected z.object({ … }) around these',
    ],
    [
      'a date',
      inStream({ schema: z.object({ rooms: z.array(z.object({ since: z.date().optional() })) }) }),
      'streams.s.schema.rooms[].since: expected z.iso.datetime() for a text, or z.number() for a count of ms: JSON has no dates, found z.date()',
    ],
    [
      'a transform without a type',
      inStream({ schema: z.object({ n: z.string().transform(Number) }) }),
      'streams.s.schema.n: expected .transform(…).pipe(…) with a schema of what it makes, such as z.number(), found .transform(…)',
    ],
    ...[http, websocket, pull].map((kind): [string, string[], string] => [
      `no options of ${kind.name}`,
      inStream({ feed: untyped(kind as (options: never) => unknown, undefined) }),
      `streams.s.feed.${kind === pull ? 'pull' : 'url'}: expected a`,
    ]),
    [
      'no options of mqtt',
      inStream({ feed: untyped(mqtt, undefined) }).filter((line) => !line.includes('.topic')),
      'streams.s.feed.url: expected a URL that begins with mqtt://',
    ],
    [
      'a variable that is not set',
      inStream({ feed: http({ url: process.env['NOWHERE_SET'] as string }) }),
      'streams.s.feed.url: expected an absolute https URL, or a secret that is not optional, found undefined',
    ],
    [
      'a secret by another name than a variable',
      inStream({ feed: http({ url: quotes, headers: { Authorization: secret('my-key') } }) }),
      'headers.Authorization: expected the name of an environment variable in secret(…), such as API_KEY',
    ],
    ...(
      [
        ['push.token', { push: { token: secret('push-token') } }],
        ['push.github.1', { push: { github: [secret('A'), secret('b.c')] } }],
        [
          'feed.subscribe.auth.key',
          { feed: websocket({ url: 'wss://q.example.org', subscribe: { auth: { key: secret('a b') } } }) },
        ],
        ['feed.secrets.key', { feed: pull({ secrets: { key: secret('1A') }, pull: async () => ({ items: [] }) }) }],
        [
          'feed.password',
          { feed: mqtt({ url: 'mqtts://h', clientId: 'c', topic: 't', username: 'u', password: secret('a-b') }) },
        ],
      ] as [string, object][]
    ).map(([path, options]): [string, string[], string] => [
      `a secret at ${path} by another name than a variable`,
      inStream(options),
      `streams.s.${path}: expected the name of an environment variable in secret(…), such as API_KEY: letters, digits and _ alone, no digit first. Name it so, and set the secret under that name where the server runs`,
    ]),
    [
      'a host with a scheme for webhooks',
      inApp({ webhooks: { allow: ['https://hooks.example.org:8443/in'] } }),
      'webhooks.allow.0: expected a host name or host:port, without a scheme: hooks.example.org:8443, found',
    ],
    [
      'an example that the schema refuses',
      inStream({ example: { id: 'a', n: 1, tags: ['x', 2], ok: true } }),
      'streams.s.example.tags.1: expected a text, found 2',
    ],
    [
      'an example that lacks a field',
      inStream({ example: { id: 'a', tags: [], ok: true } }),
      'streams.s.example.n: expected a number, found nothing',
    ],
    [
      'a map',
      inStream({ schema: z.record(z.string(), z.map(z.string(), z.int())) }),
      'streams.s.schema.*: expected z.record(',
    ],
    ['a bigint', inStream({ schema: z.bigint() }), 'streams.s.schema: expected z.int(), or z.string() for more'],
    [
      'a feed that there is not',
      inApp({
        feeds: {
          plant: mqtt({ url: 'mqtt://h', clientId: 'c', topics: { publish: [] } }),
          other: http({ url: quotes }),
        },
        streams: {
          s: stream({ description: 'x', schema, feed: from('plnat', {}) }),
          t: stream({ description: 'x', schema, feed: from('other', {}) }),
        },
      }).filter((line) => line.startsWith('streams.s')),
      'streams.s.feed: expected one of the feeds plant, other (did you mean plant?), found plnat',
    ],
    [
      'a near field',
      inStream({ key: 'tag' }),
      'a function, or one of the fields id, n, tags, ok (did you mean tags?), found tag',
    ],
    ['an unknown option', inStream({ retain: {} }), 'streams.s.retain: expected one of the known names description,'],
    [
      'a zone that there is not',
      inStream({ zone: 'Europe/Berln' }),
      'streams.s.zone: expected the IANA name of a time zone, such as Europe/Berlin or UTC (did you mean Europe/Berlin?)',
    ],
    [
      'a clock that runs back',
      inStream({ aheadMs: -1 }),
      'streams.s.aheadMs: expected a number of ms, 0 or more, found -1',
    ],
    [
      'a time in a unit that there is not',
      inStream({ time: { field: 'n', unit: 'min' } }),
      'streams.s.time: expected the name of a field, a function of the data, or { field, unit } with either and one of s, ms, us, ns',
    ],
    [
      'a time in a field that there is not',
      inStream({ time: { field: 'at', unit: 's' } }),
      'streams.s.time: expected a function, or one of the fields id, n, tags, ok, found at',
    ],
    [
      'an unknown limit',
      inStream({ retention: { count: 5 } }),
      'streams.s.retention.count: expected one of the known names events, ageMs',
    ],
    [
      'a limit in words',
      inStream({ retention: { events: '5' } }),
      'streams.s.retention.events: expected a positive whole number, found "5"',
    ],
    [
      'no object of limits',
      inStream({ retention: 5 }),
      'streams.s.retention: expected { events, ageMs }, either or both, found 5',
    ],
    [
      'a number as key',
      inStream({ key: 5 }),
      'streams.s.key: expected the name of a field, or a function of the data, found 5',
    ],

    [
      'a feed of no kind',
      inStream({ feed: { kind: 'feeed' } }),
      'streams.s.feed: expected http({ … }), websocket({ … }), mqtt({ … }), pull({ … }), sqs({ … }), kinesis({ … }), eventBridge({ … }), iot({ … }), or from(',
    ],
    ['a text as feed', inStream({ feed: quotes }), `streams.s.feed: expected http({ … }), websocket(`],
    [
      'a route as feed',
      inApp({ feeds: { f: from('g') } }),
      'feeds.f: expected http({ … }), websocket({ … }), mqtt({ … }), pull({ … }), sqs({ … }), kinesis({ … }), eventBridge({ … }) or iot({ … }), found {"kind":"route"}',
    ],
    [
      'a feed of nothing',
      inStream({ feed: { kind: 'feed', type: 't', source: 's', replayable: true, problems: () => [], pacing: {} } }),
      'streams.s.feed.burst: expected an async generator function',
    ],
    [
      'what to do with too much',
      inFeed({ overflow: 'dropp' }),
      'streams.s.feed.overflow: expected dead-letter, drop-oldest or drop-newest, found "dropp"',
    ],
    [
      'a reduction',
      inFeed({ sample: { windowMs: 5, reduce: 'avg' } }),
      'streams.s.feed.sample.reduce: expected first, last, min, max or mean, found "avg"',
    ],
    [
      'a reduction of nothing',
      inFeed({ sample: { windowMs: 5, reduce: 'max' } }),
      'streams.s.feed.sample.field: expected the field that max is of',
    ],
    [
      'two ways of sampling',
      inFeed({ sample: { windowMs: 5, every: 2 } }),
      'streams.s.feed.sample: expected either every, or windowMs with reduce',
    ],
    [
      'an unknown budget',
      inFeed({ budget: { evens: 5 } }),
      'streams.s.feed.budget.evens: expected one of the known names timeMs, events, bytes (did you mean events?)',
    ],
    ['an unknown pace', inFeed({ evryMs: 5 }), '(did you mean everyMs?)'],
    ['the pace of others', inFeed({ interval: 5 }), '(did you mean everyMs?)'],
    [
      'the function of others',
      inApp({ tools: { t: untyped(tool, { description: 'x', run, handler: run }) } }),
      'tools.t.handler: expected one of the known names title, icons, description, scopes, input, output, annotations, inputJsonSchema, clientCapabilities, run (did you mean run?)',
    ],
    [
      'an unknown cursor',
      inFeed({ cursor: { from: 'next', parm: 'after', param: 'after' } }),
      'streams.s.feed.cursor.parm: expected one of',
    ],
    ['hosts that are no list', inFeed({ allow: 5 }), 'streams.s.feed.allow: expected a list of host names, found 5'],
    [
      'what a check of a kind stumbles over',
      inStream({ feed: { ...http({ url: quotes }), problems: () => [].concat(null as never).map(({ x }) => x) } }),
      'streams.s.feed: expected options of a feed of type http',
    ],
    [
      'an unknown pull',
      inStream({ feed: untyped(pull, { pull: run, evryMs: 5 }) }),
      'streams.s.feed.evryMs: expected one of',
    ],
    [
      'an unknown option of MQTT',
      inStream({ feed: untyped(mqtt, { url: 'mqtt://h', clientId: 'c', topic: 't', qoss: 1 }) }),
      'streams.s.feed.qoss: expected one of',
    ],
    [
      'an unknown route',
      inApp({
        feeds: { p: mqtt({ url: 'mqtt://h', clientId: 'c' }) },
        streams: {
          s: untyped(stream, { description: 'x', schema, feed: untyped((route) => from('p', route), { topik: 't' }) }),
        },
      }),
      'streams.s.feed.topik: expected one of the known names topic, keyLevel, payload, items, ignore (did you mean topic?)',
    ],
    [
      'a route of what has none',
      inApp({
        feeds: { p: http({ url: quotes }) },
        streams: { s: stream({ description: 'x', schema, feed: from('p', { topic: 't' }) }) },
      }),
      'streams.s.feed.topic: expected no name at all',
    ],
    [
      'a feed whose stream is mistaken',
      inApp({ feeds: { p: http({ url: quotes }) }, streams: { s: {} } }),
      'streams.s: expected stream({',
    ],

    ['no tool', inApp({ tools: { t: run } }), 'tools.t: expected tool({ description, run, … })'],
    [
      'a tool that does nothing',
      inApp({ tools: { t: untyped(tool, { description: 'x' }) } }),
      'tools.t.run: expected a function',
    ],
    [
      'an unknown hint',
      inApp({ tools: { t: untyped(tool, { description: 'x', run, annotations: { readOnly: true } }) } }),
      'tools.t.annotations.readOnly: expected one of',
    ],
    [
      'a resource without reader',
      inApp({ resources: { r: untyped(resource, { uri: 'a:b' }) } }),
      'resources.r.read: expected a function',
    ],
    [
      'a resource without URI',
      inApp({ resources: { r: untyped(resource, { read: run }) } }),
      'resources.r.uri: expected a URI with a scheme',
    ],
    [
      'half a millisecond',
      inResource({ cache: { ttlMs: 0.5, cacheScope: 'public' } }),
      'resources.r.cache.ttlMs: expected a whole number of ms, 0 or more, found 0.5',
    ],
    [
      'a priority',
      inResource({ annotations: { priority: 2 } }),
      'resources.r.annotations.priority: expected a number from',
    ],
    ['an audience', inResource({ annotations: { audience: ['all'] } }), 'audience.0: expected user or assistant'],
    ['a time', inResource({ annotations: { lastModified: 'today' } }), 'lastModified: expected an ISO 8601 time'],
    ['a size', inResource({ size: -1 }), 'resources.r.size: expected a whole number of bytes'],
    [
      'a size of many',
      inResource({ uri: 'a:{id}', size: 1 }),
      'resources.r.size: expected none: what a template reads',
    ],
    [
      'an unknown scope',
      inApp({ resources: { r: untyped(resource, { uri: 'a:b', read: run, cache: { ttlMs: 1, cacheScope: 'all' } }) } }),
      'resources.r.cache.cacheScope: expected public or private, found "all"',
    ],
    [
      'an unknown variable',
      inApp({ resources: { r: untyped(resource, { uri: 'a:{id}', read: run, complete: { ident: run } }) } }),
      'resources.r.complete.ident: expected one of the known names id',
    ],
    [
      'an unnamed argument',
      inApp({ prompts: { p: untyped(prompt, { description: 'x', run, arguments: [{ nam: 'a', name: 'b' }] }) } }),
      'prompts.p.arguments.0.nam: expected one of the known names name, title, description, required, complete (did you mean name?)',
    ],
    [
      'an argument twice',
      inApp({ prompts: { p: prompt({ description: 'x', run, arguments: [{ name: 'a' }, { name: 'a' }] }) } }),
      'prompts.p.arguments.1.name: expected a name that no other argument has',
    ],
  ])('%s', (_, told, line) => {
    expect(told).toEqual([expect.stringContaining(line)]);
  });
});

test('all are told at once, those of one part beside those of another', () => {
  const told = mistakes({
    name: 'Test',
    description: 'x',
    streams: {
      a: untyped(stream, { schema, key: 'tags', retention: { count: 5, events: 0 }, revision: 'n' }),
      b: untyped(stream, { description: 'x', schema, feed: untyped(http, { urll: quotes, overflow: 'no' }) }),
    },
    tools: { t: {} },
    prompts: 5,
  });
  expect(new Set(told.map((line) => line.split(': ')[0]))).toEqual(
    new Set([
      'name',
      'prompts',
      'streams.a.description',
      'streams.a.id',
      'streams.a.key',
      'streams.a.retention.count',
      'streams.a.retention.events',
      'streams.b.feed.overflow',
      'streams.b.feed.url',
      'streams.b.feed.urll',
      'tools.t',
      'version',
    ]),
  );
  expect(told).toHaveLength(12);
});

test('the mistakes of each declaration stand together, in the order in which the app has them', () => {
  const told = mistakes({
    description: 'x',
    prompts: { p: {} },
    streams: {
      b: untyped(stream, { description: 'x', schema, feed: untyped(http, { urll: quotes }), key: 'tags' }),
      a: untyped(stream, { schema, feed: untyped(http, { url: quotes, evryMs: 5 }) }),
    },
    name: 'Test',
  });
  expect(told.map((line) => line.split(': ')[0])).toEqual([
    'version',
    'prompts.p',
    'streams.b.key',
    'streams.b.feed.url',
    'streams.b.feed.urll',
    'streams.a.description',
    'streams.a.feed.evryMs',
    'name',
  ]);
});

test('of very many mistakes the first fifty are told, and how many there are', () => {
  const streams = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`s${index}`, {}]));
  const told = inApp({ streams });
  expect(told).toHaveLength(51);
  expect(told[0]).toMatch(/^streams\.s0: /);
  expect(told.at(-1)).toBe('… and 450 more');
});

/** A stream of that schema, with `k` as its key if nothing else is said. */
const picking = (shape: z.ZodType, more: object = { key: 'k' }) => inStream({ schema: shape, ...more });

describe('a picked field is judged by the JSON Schema of the output', () => {
  const Inner = z.object({ k: z.string() });

  test.each<[string, z.ZodType]>([
    ['a text', Inner],
    ['a number', z.object({ k: z.int() })],
    ['one of some texts', z.object({ k: z.enum(['a', 'b']) })],
    ['a constant', z.object({ k: z.literal(5) })],
    ['a text or a number', z.object({ k: z.union([z.string(), z.number()]) })],
    ['filled in', z.object({ k: z.string().default('a') })],
    ['behind a preprocess', z.preprocess((raw) => raw, Inner)],
    [
      'behind a pipe',
      z
        .string()
        .transform((text): unknown => JSON.parse(text))
        .pipe(Inner),
    ],
    [
      'of each of a union',
      z.discriminatedUnion('t', [Inner.extend({ t: z.literal(1) }), Inner.extend({ t: z.literal(2) })]),
    ],
    ['of an intersection', z.intersection(Inner, z.object({ other: z.string().optional() }))],
    ['of a record', z.record(z.string(), z.string())],
    ['of what is not told', z.unknown()],
    ['of a type that is not told', z.object({ k: z.unknown() })],
  ])('fits: %s', (_, shape) => {
    expect(picking(shape)).toEqual([]);
  });

  test.each<[string, z.ZodType, string]>([
    ['an array', z.object({ k: z.array(z.string()) }), 'found k, which may be an array'],
    ['true or false', z.object({ k: z.boolean() }), 'found k, which may be true or false'],
    ['null', z.object({ k: z.string().nullable() }), 'found k, which may be null'],
    ['missing', z.object({ k: z.string().optional() }), 'found k, which may be missing'],
    ['missing in one of a union', z.union([Inner, z.object({ other: z.string() })]), 'found k, which may be missing'],
    ['an array behind a preprocess', z.preprocess((raw) => raw, z.object({ k: z.array(z.string()) })), 'an array'],
    ['no field', z.object({ a: z.string(), b: z.string() }), 'expected a function, or one of the fields a, b, found k'],
    ['no field behind a preprocess', z.preprocess((raw) => raw, z.object({ a: z.string() })), 'one of the fields a'],
    ['of a number', z.number(), 'expected a function, because the data have no fields'],
  ])('does not: %s', (_, shape, told) => {
    expect(picking(shape)).toEqual([expect.stringContaining(told)]);
    expect(picking(shape)[0]).toMatch(/^streams\.s\.key: /);
  });

  test('a time as a key; a revision may be absent', () => {
    const shape = z.object({ k: z.string(), ok: z.boolean(), r: z.number().nullish() });
    expect(picking(shape, { time: 'ok' })).toEqual([
      expect.stringMatching(/^streams\.s\.time: .* may be true or false$/),
    ]);
    expect(picking(shape, { id: 'r' })).toEqual([expect.stringMatching(/^streams\.s\.id: .* may be .*null.*$/)]);
    expect(picking(shape, { id: 'k', revision: 'r' })).toEqual([]);
    expect(picking(shape, { id: 'k', revision: 'ok' })).toEqual([expect.stringMatching(/^streams\.s\.revision: /)]);
  });
});
