/** Logins of pages of the server's own: what a cookie is good for, for whom, and for how long. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createKeyIdentifier } from '../../src/auth/keys/identifier.ts';
import { createKey, revokeKey } from '../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { HostOptions } from '../../src/hosts/http-host.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import { defineApp, stream, TidegateError } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { modern } from '../auth/messages.ts';

const app = defineApp({
  name: 'paged',
  version: '1',
  description: 'Has a page',
  streams: { files: stream({ description: 'Files', schema: z.object({ n: z.number() }) }) },
});
const OWN = 'http://127.0.0.1:8787';
const PAGE = { Origin: OWN, 'Sec-Fetch-Site': 'same-origin' };

async function stage(more: Partial<HostOptions> = {}, store: Store = createMemoryStore()) {
  let ahead = 0;
  const logged: unknown[] = [];
  const runtime = { ...systemRuntime((...line) => void logged.push(line)), now: () => Date.now() + ahead };
  const deps = { store, runtime };
  const scopes = ['streams:read', 'admin'];
  const { text: key, key: made } = await createKey(deps, { name: 'ann', tenant: 'acme', scopes, expiresAt: null });
  const challenges = createChallenges();
  const host = createHost({
    app,
    ...deps,
    host: '127.0.0.1',
    secrets: { current: 'a secret of a test, which guards nothing', previous: null },
    authenticate: createAuthenticate([createKeyIdentifier(deps, { environmentKey: null })], challenges, runtime),
    pushNeeds: 'either',
    tenants: () => ['acme', 'public'],
    allowedOrigins: ['https://page.example'],
    challenges,
    ...more,
  });
  onTestFinished(() => host.close());
  const ask = async (path: string, method = 'GET', headers: Record<string, string> = {}, body: string | null = null) =>
    host.fetch(
      new Request(`${more.publicUrl ?? OWN}${path}`, {
        method,
        headers: { Host: '127.0.0.1:8787', ...headers },
        ...(body === null ? {} : { body }),
      }),
    );
  const logIn = async (headers: Record<string, string> = PAGE) => {
    const response = await ask('/login', 'POST', { ...headers, Authorization: `Bearer ${key}` });
    const [cookie = ''] = (response.headers.get('set-cookie') ?? '').split(';');
    return { response, cookie, ...((await response.json()) as { csrf: string; subject: string }) };
  };
  const list = (headers: Record<string, string>) => {
    const request = modern({ method: 'tools/list' });
    for (const [name, value] of Object.entries({ Host: '127.0.0.1:8787', ...headers }))
      request.headers.set(name, value);
    return host.fetch(request);
  };
  return {
    ask,
    logIn,
    list,
    key,
    logged,
    revoke: () => revokeKey(deps, made.id),
    pass: (ms: number) => void (ahead += ms),
  };
}

test('a key becomes a sealed cookie that scripts cannot read and other sites cannot send', async () => {
  const { logIn, key, logged, ask } = await stage();
  const { response, cookie, csrf, subject } = await logIn();
  expect(response.status).toBe(200);
  expect(response.headers.get('set-cookie')).toBe(`${cookie}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`);
  expect(cookie).toMatch(/^tidegate-login=1\.[\w-]+\.[\w-]+$/);
  expect(subject).toBe('ann');
  const [, secret = ''] = key.split('_').slice(1);
  expect(secret.length).toBeGreaterThan(20);
  for (const text of [
    cookie,
    atob(cookie.split('.')[2]?.replaceAll('-', '+').replaceAll('_', '/') ?? ''),
    JSON.stringify(logged),
    csrf,
  ])
    expect(text).not.toContain(secret);
  const body = JSON.stringify({ credential: key });
  expect((await ask('/login', 'POST', { ...PAGE, 'Content-Type': 'application/json' }, body)).status).toBe(200);
});

test('the cookie reads, and writes with the token of its own login alone', async () => {
  const { logIn, list, ask } = await stage();
  const { cookie, csrf } = await logIn();
  const other = await logIn();
  const shown = await ask('/login', 'GET', { Cookie: cookie });
  expect(await shown.json()).toMatchObject({ tenant: 'acme', subject: 'ann', csrf: expect.any(String) as string });
  const statuses = [];
  const tokens = [csrf, null, other.csrf, cookie.split('=')[1] ?? '', ''];
  for (const token of tokens) {
    const more: Record<string, string> = token === null ? {} : { 'X-CSRF-Token': token };
    statuses.push((await list({ ...PAGE, Cookie: `theme=dark; ${cookie}`, ...more })).status);
  }
  expect(statuses).toEqual([200, 403, 403, 403, 403]);
});

test('the cookie opens the stream of a session, which is a read, for the page of its own login alone', async () => {
  const { logIn, ask } = await stage();
  const { cookie, csrf } = await logIn();
  const own = { ...PAGE, Cookie: cookie };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } };
  const begun = await ask(
    '/mcp',
    'POST',
    { ...own, 'X-CSRF-Token': csrf, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  );
  const session = begun.headers.get('mcp-session-id') ?? '';
  const stream = (headers: Record<string, string>) =>
    ask('/mcp', 'GET', { Accept: 'text/event-stream', 'Mcp-Session-Id': session, ...headers });
  const opened = await stream(own);
  expect([opened.status, opened.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  await opened.body?.cancel();
  expect((await stream(PAGE)).status).toBe(401);
  expect((await stream({ ...own, Origin: 'https://evil.example' })).status).toBe(403);
  // An allowed page sends `Authorization`, and a cookie that a browser adds to that counts for nothing.
  expect((await stream({ ...own, Origin: 'https://page.example', 'Sec-Fetch-Site': 'cross-site' })).status).toBe(401);
  expect((await ask('/logout', 'POST', { ...own, 'X-CSRF-Token': csrf })).status).toBe(204);
  expect((await stream(own)).status).toBe(401);
});

test.each<[string, Record<string, string>]>([
  ['of another origin', { Origin: 'https://evil.example' }],
  ['of an allowed origin, which sends Authorization', { Origin: 'https://page.example' }],
  ['of another port of this machine', { Origin: 'http://127.0.0.1:9999' }],
  ['of no origin', { Origin: 'null' }],
  ['that another site sends', { 'Sec-Fetch-Site': 'cross-site' }],
  ['that a neighbouring site sends', { 'Sec-Fetch-Site': 'same-site' }],
])('a request %s is nobody’s, with cookie and token', async (_, headers) => {
  const { logIn, list, ask } = await stage();
  const { cookie, csrf } = await logIn();
  const sent = { ...PAGE, Cookie: cookie, 'X-CSRF-Token': csrf, ...headers };
  expect([401, 403]).toContain((await list(sent)).status);
  const shown = await ask('/login', 'GET', sent);
  expect([shown.status, shown.headers.has('access-control-allow-credentials')]).toEqual([401, false]);
  const login = await ask('/login', 'POST', { ...sent, 'Content-Type': 'application/json' }, '{"credential":"x"}');
  expect([login.status, login.headers.has('set-cookie')]).toEqual([403, false]);
});

test.each([
  ['text/plain', '{"credential":"x"}', 400],
  ['application/x-www-form-urlencoded', 'credential=x', 400],
  ['application/json', '{"credential":7}', 400],
  ['application/json', '{"credential":"wrong"}', 401],
  ['application/json', '{', 400],
])('a login by %s with %s is %d', async (type, body, status) => {
  const { ask } = await stage();
  const response = await ask('/login', 'POST', { ...PAGE, 'Content-Type': type }, body);
  expect([response.status, response.headers.has('set-cookie')]).toEqual([status, false]);
});

test('where Authorization is sent, the cookie is not looked at', async () => {
  const { logIn, list } = await stage();
  const { cookie, csrf } = await logIn();
  const sent = { ...PAGE, Cookie: cookie, 'X-CSRF-Token': csrf };
  for (const Authorization of ['Bearer wrong', 'Bearer forged.signature', 'Bearer', 'Basic eDp5', '']) {
    expect((await list({ ...sent, Authorization })).status).toBe(401);
  }
});

test('the cookie ends with its key, and after twelve hours', async () => {
  const { logIn, ask, revoke, pass } = await stage();
  const { cookie } = await logIn();
  const status = async () => (await ask('/login', 'GET', { Cookie: cookie })).status;
  pass(12 * 3_600_000 - 60_000);
  expect(await status()).toBe(200);
  pass(60_000);
  expect(await status()).toBe(401);
  const later = await logIn();
  expect((await ask('/login', 'GET', { Cookie: later.cookie })).status).toBe(200);
  await revoke();
  pass(30_000);
  expect((await ask('/login', 'GET', { Cookie: later.cookie })).status).toBe(401);
});

test('changed, doubled, of another secret, or of another app, it is no cookie', async () => {
  const { logIn, ask } = await stage();
  const { cookie } = await logIn();
  const other = await stage({ secrets: { current: 'another secret of a test, for nothing', previous: null } });
  const elsewhere = await stage({ app: defineApp({ ...app.options, name: 'another' }) });
  const changed = `${cookie.slice(0, -4)}${cookie.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  for (const sent of [
    'tidegate-login=',
    changed,
    `${cookie}; ${cookie}`,
    `x${cookie}`,
    (await other.logIn()).cookie,
    (await elsewhere.logIn()).cookie,
  ]) {
    expect((await ask('/login', 'GET', { Cookie: sent })).status).toBe(401);
  }
});

test('over https the cookie is for this host alone; over http that others can read there is none', async () => {
  const secure = await stage({ publicUrl: 'https://live.example' });
  const headers = { Origin: 'https://live.example', Host: 'live.example' };
  const { response, cookie } = await secure.logIn(headers);
  expect(response.headers.get('set-cookie')).toMatch(/^__Host-tidegate-login=.*; HttpOnly; SameSite=Strict; Secure$/);
  expect((await secure.ask('/login', 'GET', { ...headers, Cookie: cookie })).status).toBe(200);
  expect((await secure.ask('/login', 'GET', { ...headers, Cookie: cookie.replace('__Host-', '') })).status).toBe(401);
  const open = await stage({ publicUrl: 'http://live.example', host: null });
  const refused = await open.logIn({ Origin: 'http://live.example', Host: 'live.example' });
  expect([refused.response.status, refused]).toEqual([400, expect.objectContaining({ code: 'not_supported' })]);
});

test('a logout takes the cookie back, and both are on record', async () => {
  const { logIn, ask, key } = await stage();
  const { cookie } = await logIn();
  const out = await ask('/logout', 'POST', { ...PAGE, Cookie: cookie });
  expect([out.status, out.headers.get('set-cookie')]).toEqual([
    204,
    'tidegate-login=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
  ]);
  expect((await ask('/logout', 'POST', { ...PAGE, Origin: 'https://evil.example', Cookie: cookie })).status).toBe(403);
  const read = modern({ method: 'resources/read', params: { uri: 'stream://audit' } }, `Bearer ${key}`);
  const { url, method, headers } = read;
  const text = await (await ask(new URL(url).pathname, method, Object.fromEntries(headers), await read.text())).text();
  expect(text).toContain('logout');
});

test('a copy of the cookie ends with the logout, on other instances within half a minute', async () => {
  const store = createMemoryStore();
  const { logIn, ask, list } = await stage({}, store);
  const elsewhere = await stage({}, store);
  const { cookie, csrf } = await logIn();
  const other = await logIn();
  const status = async (at: typeof elsewhere, sent = cookie) =>
    (await at.ask('/login', 'GET', { Cookie: sent })).status;
  expect([await status(elsewhere), (await ask('/logout', 'POST', { ...PAGE, Cookie: cookie })).status]).toEqual([
    200, 204,
  ]);
  expect((await ask('/login', 'GET', { Cookie: cookie })).status).toBe(401);
  expect((await list({ ...PAGE, Cookie: cookie, 'X-CSRF-Token': csrf })).status).toBe(401);
  expect((await ask('/logout', 'POST', { ...PAGE, Cookie: cookie })).status).toBe(204);
  elsewhere.pass(30_000);
  expect([await status(elsewhere), await status(elsewhere, other.cookie)]).toEqual([401, 200]);
});

test('a login whose end cannot be looked up is served to nobody', async () => {
  const inner = createMemoryStore();
  let isDown = false;
  const get: Store['get'] = async (key, now) => {
    if (isDown && key.partition.includes('/logout/')) throw new TidegateError('store_unavailable', 'down');
    return inner.get(key, now);
  };
  const { logIn, ask, list, pass } = await stage({}, { ...inner, get });
  const { cookie, csrf } = await logIn();
  const sent = { ...PAGE, Cookie: cookie, 'X-CSRF-Token': csrf };
  expect((await list(sent)).status).toBe(200);
  isDown = true;
  pass(31_000);
  expect([(await list(sent)).status, (await ask('/login', 'GET', sent)).status]).toEqual([503, 503]);
  expect((await ask('/logout', 'POST', sent)).status).toBe(503);
});

test('logins and logouts count among the requests of their caller, and are on record once a minute', async () => {
  const inner = createMemoryStore();
  let commits = 0;
  const commit: Store['commit'] = (...given) => ((commits += 1), inner.commit(...given));
  const few = defineApp({ ...app.options, quotas: { requests: 10 } });
  const { logIn, ask, list, key } = await stage({ app: few }, { ...inner, commit });
  const statuses = [];
  const { cookie } = await logIn();
  const before = commits;
  for (let n = 0; n < 20; n += 1) statuses.push((await logIn()).response.status);
  expect(statuses).toEqual([...Array<number>(9).fill(200), ...Array<number>(11).fill(429)]);
  // One refusal is on record, and that there is work for its tenant.
  expect(commits - before).toBeLessThanOrEqual(2);
  expect((await ask('/login', 'GET', { Cookie: cookie })).status).toBe(429);
  expect((await ask('/logout', 'POST', { ...PAGE, Cookie: cookie })).status).toBe(429);
  expect((await list({ Authorization: `Bearer ${key}` })).status).toBe(429);
});

test('of logins that fail so many are tried in a minute, and calls with the key itself go on', async () => {
  const { ask, list, logIn, key, pass } = await stage();
  const fail = async () => (await ask('/login', 'POST', { ...PAGE, Authorization: 'Bearer tg_wrong' })).status;
  for (let n = 0; n < 300; n += 1) expect(await fail()).toBe(401);
  expect([await fail(), (await logIn()).response.status]).toEqual([429, 429]);
  expect((await list({ Authorization: `Bearer ${key}` })).status).toBe(200);
  pass(60_000);
  expect([await fail(), (await logIn()).response.status]).toEqual([401, 200]);
});

test.each(['tidegate-login=x', '__Host-tidegate-login=y', 'tidegate-login=x; tidegate-login=x'])(
  'an authenticate of the app sees the method that was sent, whatever cookie comes with it: %s',
  async (Cookie) => {
    const seen: string[] = [];
    const { list } = await stage({
      authenticate: ({ method }) => (seen.push(method), { tenant: 'a', subject: 'b', client: null, scopes: [] }),
    });
    await list({ Cookie });
    expect(seen).toEqual(['POST']);
  },
);

test('without a secret, or where nobody asks who calls, there are no logins', async () => {
  for (const without of [
    { secrets: null },
    { authenticate: undefined, tenants: undefined },
  ] as Partial<HostOptions>[]) {
    const { ask } = await stage(without);
    const response = await ask('/login', 'POST', PAGE);
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ hint: expect.stringContaining('TIDEGATE_SECRET') as string }),
    ]);
  }
});

test('a token that does not fit is refused in words', async () => {
  const { ask } = await stage({ authenticate: () => ({ tenant: 'a', subject: 'b', client: null, scopes: [] }) });
  const response = await ask('/login', 'POST', { ...PAGE, Authorization: `Bearer ${'x'.repeat(4_000)}` });
  expect([response.status, await response.json()]).toEqual([413, expect.objectContaining({ code: 'too_large' })]);
});

test('pages of other origins use fetch with Authorization, and can read why they are refused', async () => {
  const { ask, list, key } = await stage();
  const origin = { Origin: 'https://page.example' };
  const preflight = await ask('/mcp', 'OPTIONS', {
    ...origin,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'authorization, content-type',
  });
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  const refused = await list(origin);
  expect([refused.status, refused.headers.get('access-control-expose-headers')]).toEqual([
    401,
    expect.stringContaining('WWW-Authenticate'),
  ]);
  const allowed = await list({ ...origin, Authorization: `Bearer ${key}` });
  expect(allowed.status).toBe(200);
  for (const { headers } of [preflight, refused, allowed])
    expect(headers.has('access-control-allow-credentials')).toBe(false);
});
