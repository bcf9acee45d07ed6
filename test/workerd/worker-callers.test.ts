/** Who calls a Worker: `authenticate` is asked before anything is served; and what its schedule may spend. */
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createWorker } from '../../src/hosts/workers/host.ts';
import { defineApp, pull, stream } from '../../src/index.ts';

const app = defineApp({
  name: 'callers',
  version: '1.0.0',
  description: 'One stream',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
});
const worker = createWorker(app, {
  authenticate: ({ headers }) =>
    headers.has('authorization')
      ? { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] }
      : new Response('who?', { status: 401 }),
});

function ask(more: Record<string, string>): Promise<Response> {
  const request = new Request('https://example.org/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...more },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  return worker.fetch(request, { STORE: 'memory' });
}

test('refuses who says nothing, and answers who does', async () => {
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: 'x' })).status).toBe(200);
});

test('requests of a caller that come at once are counted, and no more are let through than may be', async () => {
  const limited = createWorker(defineApp({ ...app.options, quotas: { requests: 20 } }), {
    authenticate: () => ({ tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] }),
    tenants: () => ['acme'],
  });
  const asked = Array.from({ length: 50 }, () => limited.fetch(sent(null), { STORE: 'memory' }));
  const answers = await Promise.all(asked);
  const statuses = answers.map(({ status }) => status);
  // The minute of the clock may end in between.
  expect([20, 40]).toContain(statuses.filter((status) => status === 200).length);
  expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/);
});

test('feeds stand still beyond FEED_REQUESTS_PER_DAY, and who asks is answered', async () => {
  let pulls = 0;
  const feed = pull({ everyMs: 1, pull: () => Promise.resolve({ items: [{ a: (pulls += 1) }], position: pulls }) });
  const things = stream({ description: 'Things', schema: z.object({ a: z.number() }), feed });
  const fed = createWorker(defineApp({ name: 'fed', version: '1.0.0', description: 'One feed', streams: { things } }));
  const environment = { STORE: 'memory', FEED_REQUESTS_PER_DAY: '1' };
  for (let minutes = 0; minutes < 3; minutes += 1) await fed.scheduled({}, environment);
  expect(pulls).toBe(1);
  expect((await fed.fetch(new Request('https://example.org/readyz'), environment)).status).toBe(200);
});

const sent = (credential: string | null, path = '/mcp') =>
  new Request(`https://example.org${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });

describe('AUTH', () => {
  const open = createWorker(app);
  const KEY = 'a-key-of-the-environment-0123456789';
  test('keys lets in who brings one, and nobody else', async () => {
    const keyed = createWorker(app);
    const environment = { STORE: 'memory', AUTH: 'keys', TIDEGATE_KEY: KEY };
    const statusOf = async (credential: string | null, path?: string) =>
      (await keyed.fetch(sent(credential, path), environment)).status;
    expect(await statusOf(KEY)).toBe(200);
    expect(await statusOf(null)).toBe(401);
    expect(await statusOf(`${KEY}x`)).toBe(401);
    expect(await statusOf(`tg_${'0'.repeat(16)}_${'z'.repeat(43)}3nE5NE`)).toBe(401);
    expect(await statusOf(null, '/ingest/things')).toBe(401);
    expect((await keyed.fetch(new Request('https://example.org/healthz'), environment)).status).toBe(200);
  });

  test('a store that does not answer lets nobody in who brings a key of the store', async () => {
    const gone = createWorker(app);
    const environment = {
      AUTH: 'keys',
      UPSTASH_REDIS_REST_URL: 'https://127.0.0.1:1',
      UPSTASH_REDIS_REST_TOKEN: 'token',
    };
    const answer = await gone.fetch(sent(`tg_${'0'.repeat(16)}_${'z'.repeat(43)}3nE5NE`), environment);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });

  test.each([
    ['a list of JSON', { AUTH: ['keys'] }],
    ['a Secrets Store', { TIDEGATE_KEY: { get: () => Promise.resolve(KEY) } }],
    ['nothing', { AUTH: ' ' }],
  ])('that is bound as %s lets nobody in', async (_, bound) => {
    const answer = await createWorker(app).fetch(sent(null), { STORE: 'memory', ...bound });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'invalid_config', field: Object.keys(bound)[0] });
  });

  test('that is not set is told of at the first request', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (let time = 0; time < 3; time += 1) await open.fetch(sent(null), { STORE: 'memory' });
    const lines = warn.mock.calls.map(([line]) => String(line));
    warn.mockRestore();
    expect(lines.filter((line) => line.includes('everyone may call this server'))).toHaveLength(1);
  });
});
