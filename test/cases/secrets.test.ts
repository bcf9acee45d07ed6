/**
 * Every option of every kind that may hold a secret: it takes one, the start ends by the name of its variable where it is
 * not set, it is sent, and nothing shows it.
 */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { api, type App, defineApp, http, httpTool, mqtt, pull, secret, stream, websocket } from '../../src/index.ts';
import type { Feed } from '../../src/declare/feed.ts';
import { createTestApp } from '../../src/testing.ts';

const VALUE = 'the-value-of-a-secret';
const KEY = secret('THE_KEY');
const SET = { THE_KEY: VALUE };
const url = 'https://example.org/feed';
const wss = 'wss://example.org/feed';
const broker = { url: 'mqtts://broker.example.org', clientId: 'c', topic: 'a' };
const Any = z.object({ v: z.unknown() });

const withFeed = (feed: Feed): App =>
  defineApp({
    name: 'secrets',
    version: '1',
    description: 'Secrets',
    streams: { events: stream({ description: 'Events', schema: Any, feed }) },
  });
const withTool = (more: object): App =>
  defineApp({
    name: 'secrets',
    version: '1',
    description: 'Secrets',
    tools: { ask: httpTool({ description: 'Asks', input: z.object({}), url, ...more }) },
  });
const ofApi = (more: object) => ({ url: '/feed', api: api({ name: 'a', url: 'https://example.org', ...more }) });

/** The options that one kind sends, each with a secret in it. */
const FEEDS: Record<string, () => Feed> = {
  'http url': () => http({ url: secret('THE_KEY', (key) => `${url}?key=${key}`) }),
  'http headers': () => http({ url, headers: { authorization: secret('THE_KEY', (key) => `Bearer ${key}`) } }),
  'http body.json': () => http({ url, body: { json: { auth: [{ key: KEY }] } } }),
  'http body.form': () => http({ url, body: { form: { key: KEY } } }),
  'websocket url': () => websocket({ url: secret('THE_KEY', (key) => `${wss}?key=${key}`) }),
  'websocket headers': () => websocket({ url: wss, headers: { authorization: KEY } }),
  'websocket subscribe': () => websocket({ url: wss, subscribe: [{ op: 'auth', args: [KEY] }, 'x'] }),
  'websocket unsubscribe': () => websocket({ url: wss, unsubscribe: { key: KEY } }),
  'websocket heartbeat.message': () => websocket({ url: wss, heartbeat: { everyMs: 1_000, message: { key: KEY } } }),
  'websocket catchUp.url': () =>
    websocket({ url: wss, catchUp: { url: secret('THE_KEY', (key) => `${url}?k=${key}&s={since}`) } }),
  'websocket catchUp.headers': () =>
    websocket({ url: wss, catchUp: { url: `${url}?s={since}`, headers: { authorization: KEY } } }),
  'mqtt url': () => mqtt({ ...broker, url: secret('THE_KEY', (key) => `mqtts://u:${key}@broker.example.org`) }),
  'mqtt username': () => mqtt({ ...broker, username: KEY, password: 'x' }),
  'mqtt password': () => mqtt({ ...broker, username: 'u', password: KEY }),
  'mqtt tls.ca': () => mqtt({ ...broker, tls: { ca: KEY } }),
  'mqtt tls.cert, tls.key': () => mqtt({ ...broker, tls: { cert: KEY, key: KEY } }),
  'pull secrets': () => pull({ secrets: { key: KEY }, pull: async () => ({}) }),
};

const APPS: Record<string, () => App> = {
  ...Object.fromEntries(Object.entries(FEEDS).map(([name, feed]) => [name, () => withoutIds(feed())])),
  'tool headers': () => withTool({ headers: { authorization: KEY } }),
  'tool query': () => withTool({ query: { key: KEY } }),
  'API url': () => withTool(ofApi({ url: secret('THE_KEY', (key) => `https://example.org/bot${key}`) })),
  'API headers': () => withTool(ofApi({ headers: { authorization: KEY } })),
  'API query': () => withTool(ofApi({ query: { key: KEY } })),
  'push token': () =>
    defineApp({
      name: 'secrets',
      version: '1',
      description: 'Secrets',
      streams: { events: stream({ description: 'Events', schema: Any, push: { token: KEY } }) },
    }),
};

/** What is read again needs ids. */
function withoutIds(feed: Feed): App {
  const events = stream({ description: 'Events', schema: z.object({ id: z.string() }), id: 'id', feed });
  return defineApp({ name: 'secrets', version: '1', description: 'Secrets', streams: { events } });
}

describe.each(Object.entries(APPS))('a secret in %s', (_option, make) => {
  it('has to be set for the start', async () => {
    expect(() => createTestApp(make())).toThrow(
      expect.objectContaining({ code: 'invalid_config', field: 'THE_KEY' }) as Error,
    );
    await createTestApp(make(), { environment: SET }).close();
  });

  it('is not in what the declaration says', () => {
    const { feeds } = make();
    for (const { feed } of feeds.values()) {
      expect(JSON.stringify([feed.source, feed.claim, feed.problems([])])).not.toContain(VALUE);
    }
  });
});

describe('a secret of a feed', () => {
  it.each(['http url', 'http headers', 'http body.json', 'http body.form'])('is sent: %s', async (option) => {
    const sent: string[] = [];
    const make = FEEDS[option];
    if (make === undefined) throw new Error(option);
    const app = createTestApp(withFeed(make()), {
      environment: SET,
      fetch: async (request) => {
        sent.push([request.url, ...request.headers.values(), await request.text()].join(' '));
        return Response.json([]);
      },
    });
    await app.ingest();
    await app.close();
    expect(sent).toEqual([expect.stringContaining(VALUE)]);
  });

  it('is left out with its header where it is optional and not set', async () => {
    const headers = { authorization: secret('NOT_SET', null, { optional: true }), accept: 'a/b' };
    const seen: Headers[] = [];
    const app = createTestApp(withFeed(http({ url, headers })), {
      fetch: (request) => {
        seen.push(request.headers);
        return Response.json([]);
      },
    });
    await app.ingest();
    await app.close();
    expect(seen.map((one) => [one.get('authorization'), one.get('accept')])).toEqual([[null, 'a/b']]);
  });

  it('reaches the function of a pull', async () => {
    const got: unknown[] = [];
    const optional = secret('NOT_SET', null, { optional: true });
    const feed = pull({
      secrets: { key: KEY, other: optional },
      pull: async ({ secrets }) => {
        got.push(secrets);
        return {};
      },
    });
    const app = createTestApp(withFeed(feed), { environment: SET });
    await app.ingest();
    await app.close();
    expect(got).toEqual([{ key: VALUE }]);
  });

  it('is shown neither by the status nor by the log nor by the report, when the source repeats it', async () => {
    const lines: string[] = [];
    const feed = pull({
      secrets: { key: KEY },
      pull: async ({ secrets: { key = '' }, log }) => {
        log('info', `asks with ${key}`, { key });
        throw new Error(`401: ${key} is no key`);
      },
    });
    const app = createTestApp(withFeed(feed), {
      environment: SET,
      log: (_level, message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`),
    });
    const report = await app.ingest();
    const { text, structured } = await app.call('list_streams');
    await app.close();
    const shown = [
      JSON.stringify(report),
      ...report.feeds.map(({ error }) => error?.message),
      text,
      JSON.stringify(structured),
      ...lines,
    ];
    expect(shown.join('\n')).toContain('401: [secret] is no key');
    expect(shown.join('\n')).not.toContain(VALUE);
  });
});
