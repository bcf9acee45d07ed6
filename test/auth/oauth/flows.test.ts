/**
 * Real clients against a real authorization server and a real server on Node: from the first 401 through discovery, registration
 * and login to a tool that answers, by both versions of the SDK.
 */
import {
  Client as Client2,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport as Transport2,
} from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, describe, expect, test } from 'vitest';
import { createClientProvider, REDIRECT_URI, type ClientProvider } from './client-provider.ts';
import { CLIENT_DOCUMENT, type Issuer, type IssuerOptions, SERVICE, startOidcProvider } from './issuer.ts';
import { type Gate, startGate } from './gate.ts';

let issuer: Issuer;
let gate: Gate;
afterEach(async () => {
  await gate.stop();
  await issuer.close();
});

async function stage(options: IssuerOptions = {}, environment: Record<string, string> = {}) {
  issuer = await startOidcProvider({ redirectUris: [REDIRECT_URI], ...options });
  gate = await startGate({ OAUTH_ISSUER: issuer.url, OAUTH_TENANT_CLAIM: 'tenant', ...environment });
}

interface Session {
  call(name: string): Promise<Record<string, unknown>>;
  /** Goes on behind a login that a call asked for. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

const VERSIONS = {
  async v1(url: string, provider: ClientProvider, through: typeof fetch = fetch): Promise<Session> {
    const open = () => new Transport1(new URL(url), { authProvider: provider, fetch: through });
    const first = open();
    await expect(new Client1({ name: 'v1', version: '1' }).connect(first)).rejects.toThrow('Unauthorized');
    await first.finishAuth(provider.callback.get('code') ?? '');
    const client = new Client1({ name: 'v1', version: '1' });
    const transport = open();
    await client.connect(transport);
    return {
      call: async (name) => parsed(await client.callTool({ name })),
      finish: () => transport.finishAuth(provider.callback.get('code') ?? ''),
      close: () => client.close(),
    };
  },
  async v2(url: string, provider: ClientProvider, through: typeof fetch = fetch): Promise<Session> {
    const open = () => new Transport2(new URL(url), { authProvider: provider, fetch: through });
    const first = open();
    await expect(new Client2({ name: 'v2', version: '1' }).connect(first)).rejects.toThrow();
    await first.finishAuth(provider.callback);
    const client = new Client2({ name: 'v2', version: '1' });
    const transport = open();
    await client.connect(transport);
    return {
      call: async (name) => parsed(await client.callTool({ name })),
      finish: () => transport.finishAuth(provider.callback),
      close: () => client.close(),
    };
  },
};

/** Lets a client have no stream of its own. */
const withoutStream: typeof fetch = async (input, init) => {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  const isStream = pathname === '/mcp' && init?.method === 'GET';
  return isStream ? new Response(null, { status: 405 }) : fetch(input, init);
};

/** As handlers see it: a safe name. */
const subject = (name: string) => name + issuer.url.replaceAll('/', '%2F');

function parsed(result: unknown): Record<string, unknown> {
  const { content } = result as { content: { text: string }[] };
  return JSON.parse(content[0]?.text ?? '') as Record<string, unknown>;
}

describe.each(Object.keys(VERSIONS) as (keyof typeof VERSIONS)[])('the client of the SDK, %s', (version) => {
  test.each(['/mcp', '/mcp/'])(
    'finds the issuer from a 401 of %s, registers, logs in with PKCE, and calls',
    async (path) => {
      await stage();
      const provider = createClientProvider();
      const session = await VERSIONS[version](gate.url + path, provider);
      expect(await session.call('whoami')).toEqual({
        tenant: 'acme',
        subject: subject('ada#'),
        client: provider.client?.client_id,
        scopes: ['streams:read', 'tasks'],
      });
      // The client of the second version asks for a refresh token by itself.
      expect(provider.asked).toEqual([version === 'v1' ? 'streams:read tasks' : 'streams:read tasks offline_access']);
      expect(issuer.asked.get('/reg')).toBe(1);
      await session.close();
    },
  );

  test('is known by its metadata document, without registering', async () => {
    await stage({ alg: 'ES256' });
    const provider = createClientProvider(CLIENT_DOCUMENT);
    const session = await VERSIONS[version](`${gate.url}/mcp`, provider);
    expect(await session.call('whoami')).toMatchObject({ subject: subject('ada#'), client: CLIENT_DOCUMENT });
    expect(issuer.asked.get('/reg')).toBeUndefined();
    await session.close();
  });

  test('steps up with all scopes that a call needs at once, and then may call', async () => {
    await stage();
    // One that registers itself is held by this issuer to the scopes that it began with.
    const provider = createClientProvider(CLIENT_DOCUMENT);
    const session = await VERSIONS[version](`${gate.url}/mcp`, provider);
    // With a refresh token the first version refreshes where it has to log in anew.
    if (version === 'v1') delete provider.kept?.refresh_token;
    await expect(session.call('order')).rejects.toThrow();
    await session.finish();
    expect(provider.asked).toHaveLength(2);
    expect(provider.asked[1]?.split(' ')).toEqual(expect.arrayContaining(['orders:write', 'streams:publish']));
    expect(await session.call('order')).toMatchObject({ subject: subject('ada#') });
    await session.close();
  });

  test('refreshes a token that has ended, and goes on', async () => {
    await stage({ alg: 'EdDSA', accessTokenTtl: 60 });
    const provider = createClientProvider();
    // The clock that is moved ends its stream. It would come back with the token that has ended while the call does, and a client
    // that renews twice at once loses its login.
    const session = await VERSIONS[version](`${gate.url}/mcp`, provider, withoutStream);
    const before = provider.kept?.access_token;
    provider.saveTokens = (tokens) => {
      provider.kept = tokens;
      // The issuer's clock cannot be moved.
      gate.pass(-120_000);
    };
    gate.pass(120_000);
    expect(await session.call('whoami')).toMatchObject({ subject: subject('ada#') });
    expect(provider.kept?.access_token).not.toBe(before);
    expect(provider.asked).toHaveLength(1);
    await session.close();
  });
});

test('a service logs in with credentials of its own, and is a client', async () => {
  await stage();
  const authProvider = new ClientCredentialsProvider({
    clientId: SERVICE.client_id,
    clientSecret: SERVICE.client_secret,
    scope: 'streams:read tasks',
    expectedIssuer: issuer.url,
  });
  const client = new Client2({ name: 'service', version: '1' });
  await client.connect(new Transport2(new URL(`${gate.url}/mcp`), { authProvider }));
  expect(parsed(await client.callTool({ name: 'whoami' }))).toEqual({
    tenant: 'acme',
    subject: subject('service?'),
    client: 'service',
    scopes: ['streams:read', 'tasks'],
  });
  await client.close();
});

test('an issuer that is gone is 503 for who is not known yet, and nothing for who is', async () => {
  await stage();
  const known = await issuer.serviceToken(`${gate.url}/mcp`);
  const other = await issuer.serviceToken(`${gate.url}/mcp`, 'tasks');
  expect((await gate.call(known)).status).toBe(200);
  await issuer.close();
  // Its keys are at hand for ten minutes, for tokens that were not seen before too.
  expect((await gate.call(other)).status).toBe(200);
  gate.pass(-700_000);
  const refused = await gate.call(other);
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
  expect(await refused.json()).toMatchObject({
    title: 'Who calls cannot be found out now',
    status: 503,
    code: 'upstream',
  });
  issuer = await startOidcProvider();
});

test('the issuer changes its keys in the middle', async () => {
  await stage();
  const token = await issuer.serviceToken(`${gate.url}/mcp`);
  expect((await gate.call(token)).status).toBe(200);
  await issuer.rotate();
  gate.pass(31_000);
  const next = await issuer.serviceToken(`${gate.url}/mcp`);
  expect((await gate.call(next)).status).toBe(200);
  expect((await gate.call(token)).status).toBe(401);
});

test('an opaque token is looked up, one of another resource is refused, and a refresh token opens nothing', async () => {
  await stage(
    { format: 'opaque' },
    { OAUTH_CLIENT_ID: SERVICE.client_id, OAUTH_CLIENT_SECRET: SERVICE.client_secret, OAUTH_TENANT_CLAIM: '' },
  );
  const token = await issuer.serviceToken(`${gate.url}/mcp`);
  expect(token).not.toContain('.');
  expect((await gate.call(token)).status).toBe(200);
  expect((await gate.call(token)).status).toBe(200);
  expect(issuer.asked.get('/token/introspection')).toBe(1);
  expect((await gate.call(await issuer.serviceToken('https://elsewhere.example/mcp'))).status).toBe(401);
  const provider = createClientProvider();
  const session = await VERSIONS.v2(`${gate.url}/mcp`, provider);
  expect((await gate.call(provider.kept?.refresh_token ?? '')).status).toBe(401);
  await session.close();
});
