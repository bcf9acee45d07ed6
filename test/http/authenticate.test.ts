/** Who calls is found out at the edge, once a request, before its body is read; every route that serves data asks. */
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, type Principal, stream, tool } from '../../src/index.ts';
import { fixedPrincipal, isFixed } from '../../src/base/principal.ts';
import {
  type Authenticate,
  createAuthenticate,
  openToEveryone,
  withSafeNames,
  withTimeLimit,
} from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { type Served, serveApp } from '../mcp/served.ts';

const TOKEN = 'a-token-of-the-tests';
const ADA: Principal = { tenant: 'acme', subject: 'ada', client: 'cli', scopes: ['read'] };
const app = defineApp({
  name: 'asked',
  version: '1',
  description: 'Says who calls',
  streams: { files: stream({ description: 'Files', schema: z.object({ path: z.string() }), tenants: 'each' }) },
  tools: {
    whoami: tool({
      description: 'Who calls',
      run: (_input, { principal }) => Promise.resolve(JSON.stringify(principal)),
    }),
  },
});

let served: Served;
afterEach(() => served.close());

async function serve(authenticate: Authenticate) {
  const store = createMemoryStore();
  const asked: string[] = [];
  const counted: Authenticate = (request) => {
    asked.push(new URL(request.url).pathname);
    return authenticate(request);
  };
  served = await serveApp(app, {
    store,
    http: { authenticate: counted, pushTokens: new Map([['files', TOKEN]]), allowedOrigins: ['https://page.example'] },
  });
  return { store, asked };
}

const refuse = () => new Response('{"who":"?"}', { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } });

const push = (token = TOKEN) =>
  fetch(`${served.url}/ingest/files`, {
    method: 'POST',
    body: '{"path":"a"}',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  });

const legacy = (body: object) =>
  fetch(served.mcpUrl, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
  });

test('handlers of both eras, also of a batch, are called by the principal that was answered', async () => {
  const { asked } = await serve(() => Promise.resolve(ADA));
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } };
  const text = JSON.stringify(ADA);
  const modern = (await (await served.call('tools/call', { name: 'whoami' })).json()) as object;
  expect(modern).toMatchObject({ result: { content: [{ text }] } });
  expect(await (await legacy(call)).json()).toMatchObject({ result: { content: [{ text }] } });
  expect(await (await legacy([call, { ...call, id: 2 }])).json()).toMatchObject([
    { result: { content: [{ text }] } },
    { result: { content: [{ text }] } },
  ]);
  expect(asked).toEqual(['/mcp', '/mcp', '/mcp']);
});

test('a push needs its token all the same, and lands in the log of the tenant that sent it', async () => {
  const { store, asked } = await serve(() => ADA);
  expect((await push('another-token-of-them')).status).toBe(401);
  expect((await push()).status).toBe(200);
  const read = async (tenant: string) => (await store.read(streamLog(tenant, 'files'), null, 10)).entries.length;
  expect([await read('acme'), await read('public')]).toEqual([1, 0]);
  expect(asked).toEqual(['/ingest/files', '/ingest/files']);
});

test('a refusal is answered as it is, to an allowed page too, before the body is read', async () => {
  const { store } = await serve(refuse);
  const headers = { Origin: 'https://page.example', 'Content-Type': 'text/plain' };
  for (const response of [await fetch(served.mcpUrl, { method: 'POST', body: 'not JSON', headers }), await push()]) {
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.text()).toBe('{"who":"?"}');
  }
  const page = await fetch(served.mcpUrl, { method: 'POST', body: '{}', headers });
  expect(page.headers.get('access-control-allow-origin')).toBe('https://page.example');
  expect((await store.read(streamLog('public', 'files'), null, 10)).entries).toEqual([]);
});

test.each<[field: string, principal: unknown]>([
  ['tenant', null],
  ['tenant', undefined],
  ['tenant', { ...ADA, tenant: 7 }],
  ['tenant', { ...ADA, tenant: '' }],
  ['subject', { ...ADA, subject: ['ada'] }],
  ['client', { tenant: 'acme', subject: 'ada', scopes: [] }],
  ['client', { ...ADA, client: {} }],
  ['scopes', { ...ADA, scopes: 'read *' }],
  ['scopes', { ...ADA, scopes: null }],
  ['scopes', { ...ADA, scopes: new Set(['*']) }],
  ['scopes', { ...ADA, scopes: ['read', 7] }],
  ['scopes', { ...ADA, scopes: ['read *'] }],
  ['scopes', { ...ADA, scopes: [''] }],
])('who is no whole principal is nobody, and the log names the %s', async (field, principal) => {
  served = await serveApp(app, {
    http: { authenticate: () => principal as Principal },
  });
  expect((await served.call('tools/list')).status).toBe(401);
  const message = expect.stringContaining(field) as string;
  expect(served.logged).toContainEqual({ level: 'warn', message, fields: { field } });
});

test('a principal that can be changed is looked at with each request', async () => {
  const changing = { ...ADA, scopes: ['read'] };
  served = await serveApp(app, { http: { authenticate: () => changing } });
  const whoami = async () => (await served.call('tools/call', { name: 'whoami' })).text();
  expect(await whoami()).toContain('ada');
  changing.subject = 'eve';
  expect(await whoami()).toContain('eve');
  changing.scopes.push('read *');
  expect((await served.call('tools/list')).status).toBe(401);
});

test('a principal that nobody can change comes below as one object, which nobody can change either', async () => {
  const found: Principal[] = [];
  const ask = withSafeNames(
    () => fixedPrincipal({ ...ADA, subject: 'ada/1' }),
    () => {},
  );
  const kept = fixedPrincipal({ ...ADA, subject: 'ada/1' });
  const askKept = withSafeNames(
    () => kept,
    () => {},
  );
  const request = new Request('http://127.0.0.1/mcp');
  for (const each of [ask, ask, askKept, askKept]) found.push((await each(request)) as Principal);
  expect(found.every(isFixed)).toBe(true);
  expect(found).toEqual(Array.from({ length: 4 }, () => ({ ...ADA, subject: 'ada%2F1' })));
  expect(found[2]).toBe(found[3]);
  expect(askKept(request)).toBe(found[2]);
});

test.each(['at once', 'by a promise'])('an authenticate that fails %s lets nobody in', async (how) => {
  const failure = new Error('no directory');
  served = await serveApp(app, {
    http: {
      authenticate: () => {
        if (how === 'at once') throw failure;
        return Promise.reject(failure);
      },
    },
  });
  expect((await served.call('tools/list')).status).toBe(500);
});

test('a page of another origin is refused before anybody is asked who it is', async () => {
  const { asked } = await serve(() => ADA);
  const headers = { Origin: 'https://elsewhere.example', 'Content-Type': 'application/json' };
  expect((await fetch(served.mcpUrl, { method: 'POST', body: '{}', headers })).status).toBe(403);
  expect(asked).toEqual([]);
});

test('without authentication everyone is the public principal', async () => {
  const { store } = await serve(openToEveryone);
  expect((await push()).status).toBe(200);
  expect((await store.read(streamLog('public', 'files'), null, 10)).entries).toHaveLength(1);
});

test('of refusals for one reason the first in a minute is told, and how many there were since', async () => {
  await serve(refuse);
  let time = 0;
  const lines: [string, string, object?][] = [];
  const identifier = {
    mode: 'keys' as const,
    takes: () => true,
    identify: (credential: string) => {
      if (credential === 'down') return Promise.reject(new Error('no store'));
      return Promise.resolve({ ok: false as const, error: 'invalid_token' as const, reason: `no ${credential}` });
    },
  };
  const runtime = { now: () => time, log: (...line: (typeof lines)[number]) => void lines.push(line) };
  const authenticate = createAuthenticate([identifier], createChallenges(), runtime);
  const ask = (credential: string) =>
    authenticate(new Request(served.url, { headers: { authorization: `Bearer ${credential}` } }));
  for (let at = 0; at < 3_000; at += 1) await ask('key');
  for (let at = 0; at < 3; at += 1) expect(await ask('down')).toMatchObject({ status: 503 });
  time = 60_000;
  await ask('key');
  expect(lines.map(([level, message, fields]) => [level, message, fields])).toEqual([
    ['info', 'a request is refused: no key', { mode: 'keys' }],
    ['error', expect.stringContaining('who calls cannot be found out'), { mode: 'keys', code: 'internal' }],
    ['info', 'a request is refused: no key', { mode: 'keys', times: 3_000 }],
  ]);
});

test('a credential of no form that is taken is told in the log, without what it is', async () => {
  const lines: unknown[][] = [];
  const takesNone = {
    mode: 'oauth' as const,
    takes: () => false,
    identify: () => Promise.reject(new Error('not asked')),
  };
  const runtime = { now: () => 0, log: (...line: unknown[]) => void lines.push(line) };
  const authenticate = createAuthenticate([takesNone], createChallenges(), runtime);
  const request = new Request('http://h/mcp', { headers: { authorization: 'Bearer tg_secret' } });
  expect(await authenticate(request)).toMatchObject({ status: 401 });
  const message = 'a request is refused: its credential has the form of none that is taken';
  expect(lines).toEqual([['info', message, { mode: 'oauth' }]]);
});

test('a refusal tells the caller no more than its identifier lets it hear', async () => {
  const reasons = {
    secret: { reason: 'the secret of a key of ci is wrong' },
    old: { reason: 'ci is expired', told: 'it is expired' },
  };
  const identifier = {
    mode: 'keys' as const,
    takes: () => true,
    identify: async (credential: string) => ({
      ok: false as const,
      error: 'invalid_token' as const,
      ...reasons[credential as keyof typeof reasons],
    }),
  };
  const authenticate = createAuthenticate([identifier], createChallenges(), { now: () => 0, log: () => {} });
  const titleFor = async (credential: string) => {
    const request = new Request('http://h/mcp', { headers: { authorization: `Bearer ${credential}` } });
    return ((await authenticate(request)) as Response).json();
  };
  expect(await titleFor('secret')).toMatchObject({ title: 'The key or token is not valid' });
  expect(await titleFor('old')).toMatchObject({ title: 'The key or token is not valid: it is expired' });
});

test('where authenticate never ends, the request is refused after 30 s, and the log says so once in a minute', async () => {
  const waits: number[] = [];
  const logged: string[] = [];
  const runtime = {
    now: () => 0,
    sleep: (ms: number) => (waits.push(ms), Promise.resolve()),
    log: (_: string, message: string) => void logged.push(message),
  };
  const limited = withTimeLimit(() => new Promise(() => {}), runtime);
  for (let count = 0; count < 2; count += 1) {
    const refusal = (await limited(new Request('http://a.example/mcp'))) as Response;
    expect([refusal.status, await refusal.json()]).toEqual([503, expect.objectContaining({ code: 'cancelled' })]);
  }
  expect([waits, logged.length]).toEqual([[30_000, 30_000], 1]);
  expect(logged[0]).toContain('authenticate did not answer within 30 s');
});
