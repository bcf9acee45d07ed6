/**
 * What the specification asks of a server that takes tokens, over HTTP against a server on Node: each test is named by revision,
 * page and section. `src/auth/MUSTS.md` is made from the names of such tests, here and elsewhere.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gate, startGate } from './gate.ts';
import { keyOf } from './checked.ts';
import { type ScriptedIssuer, type SigningKey, signToken, startIssuer } from './scripted-issuer.ts';

let issuer: ScriptedIssuer;
let key: SigningKey;
let gate: Gate;

beforeAll(async () => {
  issuer = await startIssuer();
  key = await keyOf('RS256');
  issuer.publish([key]);
  gate = await startGate({ OAUTH_ISSUER: issuer.url });
});
afterAll(async () => {
  await gate.stop();
  await issuer.close();
});

const token = (claims: Record<string, unknown> = {}, header: object = {}, by = key) => {
  const own = { iss: issuer.url, sub: 'ada', aud: `${gate.url}/mcp`, client_id: 'app', scope: 'streams:read tasks' };
  return signToken(by, { ...own, ...claims }, Date.now(), header);
};

/** The members of the challenge of a refusal. */
async function challengeOf(response: Response): Promise<Record<string, string>> {
  await response.body?.cancel();
  const header = response.headers.get('www-authenticate') ?? '';
  expect(header).toMatch(/^Bearer /);
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
}

const metadata = () => `${gate.url}/.well-known/oauth-protected-resource/mcp`;

test('2026-07-28 authorization, 2025-11-25 authorization "Token Handling": a token for this server, and no request without one, is served', async () => {
  expect((await gate.call(await token())).status).toBe(200);
  const refused = await gate.call(null);
  expect(refused.status).toBe(401);
  expect(await challengeOf(refused)).toEqual({ scope: 'streams:read tasks', resource_metadata: metadata() });
});

test('2026-07-28 authorization, 2025-11-25 authorization "Token Handling": invalid or expired tokens receive 401', async () => {
  const past = Math.floor(Date.now() / 1_000) - 600;
  const invalid = [
    await token({ exp: past, iat: past - 300 }),
    await token({ exp: undefined }),
    await token({ nbf: past + 1_200 }),
    await token({ iss: 'https://elsewhere.example' }),
    await token({}, {}, await keyOf('RS256', 'untrusted')),
    `${await token()}x`,
    'no-token-at-all',
  ];
  for (const one of invalid) {
    const refused = await gate.call(one);
    expect(refused.status).toBe(401);
    expect(await challengeOf(refused)).toMatchObject({ error: 'invalid_token', resource_metadata: metadata() });
  }
});

test('2026-07-28 authorization, 2025-11-25 authorization "Token Handling": only tokens for its own resources are accepted, and none without an audience', async () => {
  for (const aud of ['https://another-resource.example.com/mcp', issuer.url, 'app', [], undefined]) {
    expect((await gate.call(await token({ aud }))).status).toBe(401);
  }
});

test('2026-07-28 security-considerations, 2025-11-25 authorization "Token Audience Binding and Validation": each form of the URL is this server, and the name that a request gives it is not', async () => {
  for (const form of ['', '/', '/mcp', '/mcp/']) {
    expect((await gate.call(await token({ aud: gate.url + form }))).status).toBe(200);
  }
  const elsewhere = await token({ aud: 'http://elsewhere.localhost/mcp' });
  const { status } = await gate.call(elsewhere, 'whoami', { 'X-Forwarded-Host': 'elsewhere.localhost' });
  expect(status).toBe(401);
});

test('2026-07-28 authorization "Canonical Server URI": scheme and host in capitals are accepted', async () => {
  const { port } = new URL(gate.url);
  expect((await gate.call(await token({ aud: `HTTP://LOCALHOST:${port}/mcp` }))).status).toBe(200);
});

test('2026-07-28 authorization, 2025-11-25 authorization "Token Requirements": a token in the query or the body is not read', async () => {
  const good = await token();
  for (const name of ['access_token', 'token', 'bearer_token']) {
    const refused = await fetch(`${gate.url}/mcp?${name}=${good}`, { method: 'POST', body: `access_token=${good}` });
    expect(refused.status).toBe(401);
    await refused.body?.cancel();
  }
});

test('2026-07-28 authorization, 2025-11-25 authorization "Token Requirements": every request needs its token, also behind one that had it', async () => {
  expect((await gate.call(await token())).status).toBe(200);
  expect((await gate.call(null)).status).toBe(401);
});

test('2026-07-28 authorization, 2025-11-25 authorization "Scope Selection Strategy": a 401 names the scopes to begin with, the same for every call', async () => {
  for (const name of ['whoami', 'order', 'read_latest', 'there-is-none']) {
    expect((await challengeOf(await gate.call(null, name)))['scope']).toBe('streams:read tasks');
  }
});

test('2026-07-28 authorization "Refresh Tokens": offline_access is in no challenge and in no metadata', async () => {
  expect((await challengeOf(await gate.call(null)))['scope']).not.toContain('offline_access');
  expect((await challengeOf(await gate.call(await token(), 'order')))['scope']).not.toContain('offline_access');
  expect(await (await fetch(metadata())).text()).not.toContain('offline_access');
});

test('2026-07-28 authorization, 2025-11-25 authorization "Error Handling": 401 without a valid token, 403 without the scopes, 400 where the credential is malformed', async () => {
  const good = await token();
  expect((await gate.call('never-a-token')).status).toBe(401);
  expect((await gate.call(good, 'order')).status).toBe(403);
  for (const Authorization of [`Bearer ${good} ${good}`, `Bearer ${good}, Bearer ${good}`]) {
    const refused = await gate.call(null, 'whoami', { Authorization });
    expect(refused.status).toBe(400);
    expect(await challengeOf(refused)).toMatchObject({ error: 'invalid_request' });
  }
  // RFC 6750, 3.1: whoever came without a token, or in another way, is told no error.
  for (const Authorization of ['', 'Basic YTpi', `DPoP ${good}`]) {
    const refused = await gate.call(null, 'whoami', { Authorization });
    expect(refused.status).toBe(401);
    expect(await challengeOf(refused)).not.toHaveProperty('error');
  }
});

test('2026-07-28 authorization, 2025-11-25 authorization "Runtime Insufficient Scope Errors": 403 names all scopes that are needed at once, and where the metadata is', async () => {
  const refused = await gate.call(await token(), 'order');
  expect(refused.status).toBe(403);
  const { error, scope, resource_metadata, error_description } = await challengeOf(refused);
  expect([error, resource_metadata]).toEqual(['insufficient_scope', metadata()]);
  expect(scope?.split(' ').toSorted()).toEqual(['orders:write', 'streams:publish']);
  expect(error_description).not.toBe('');
  const granted = await token({ scope: `streams:read tasks ${scope}` });
  expect((await gate.call(granted, 'order')).status).toBe(200);
});

test('2026-07-28 authorization "Step-Up Authorization Flow": a broader scope is sufficient for what a narrower one is needed for', async () => {
  expect((await gate.call(await token({ scope: 'orders streams' }), 'order')).status).toBe(200);
  expect((await gate.call(await token({ scope: 'orders:write:mine streams:publish' }), 'order')).status).toBe(403);
});

test('2026-07-28 security-considerations, 2025-11-25 authorization "Token Theft": nothing that the server writes has a token in it', async () => {
  const tokens = [
    await token(),
    await token({ aud: 'x' }),
    await token({}, {}, await keyOf('RS256', 'untrusted')),
    'opaque-secret',
  ];
  const answers = await Promise.all(tokens.map(async (one) => (await gate.call(one)).text()));
  const written = [...gate.lines, ...answers].join('\n');
  expect(gate.lines.length).toBeGreaterThan(0);
  for (const one of tokens) for (const part of one.split('.')) expect(written).not.toContain(part);
});

test('2026-07-28 security-considerations, 2025-11-25 authorization "Communication Security": an issuer that is not on this machine is https', async () => {
  for (const wrong of [
    'http://issuer.example',
    'ftp://issuer.example',
    'issuer.example',
    'https://issuer.example/#a',
  ]) {
    await expect(startGate({ OAUTH_ISSUER: wrong })).rejects.toMatchObject({
      code: 'invalid_config',
      field: 'OAUTH_ISSUER',
    });
  }
});

test('2026-07-28 security-considerations, 2025-11-25 authorization "Access Token Privilege Restriction": a token is checked before the request is looked at, and nothing of the app is answered without one', async () => {
  const headers = { Authorization: `Bearer ${await token({ aud: 'x' })}` };
  for (const body of ['no JSON', '{}', '[]', '']) {
    const refused = await fetch(`${gate.url}/mcp`, { method: 'POST', body, headers });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({
      title: 'The key or token is not valid: its audience is not this server (aud)',
      status: 401,
      code: 'unauthorized',
      field: 'Authorization',
      expected: 'Bearer, a space, and one key or token',
      hint: expect.stringContaining('resource_metadata') as string,
    });
  }
});

test('2026-07-28 security-best-practices, 2025-11-25 security-best-practices "Token Passthrough": the token of a caller goes to nobody, the issuer of a JWT neither', async () => {
  const good = await token({ jti: 'passed' });
  const before = issuer.introspected.length;
  expect((await gate.call(good)).status).toBe(200);
  expect(issuer.introspected.length).toBe(before);
  expect(issuer.asked.every((path) => !path.includes(good))).toBe(true);
  const principal = JSON.stringify(await (await gate.call(good)).json());
  for (const part of good.split('.')) expect(principal).not.toContain(part);
});

test('2026-07-28 security-best-practices, 2025-11-25 security-best-practices "Scope Minimization": the metadata names the scopes to begin with and no others, and a token with fewer is taken', async () => {
  const { scopes_supported } = (await (await fetch(metadata())).json()) as { scopes_supported: string[] };
  expect(scopes_supported).toEqual(['streams:read', 'tasks']);
  expect((await gate.call(await token({ scope: 'streams:read' }))).status).toBe(200);
  expect((await gate.call(await token({ scope: undefined }))).status).toBe(200);
});
