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
  whoami(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const VERSIONS = {
  async v1(url: string, provider: ClientProvider): Promise<Session> {
    const open = () => new Transport1(new URL(url), { authProvider: provider });
    const first = open();
    await expect(new Client1({ name: 'v1', version: '1' }).connect(first)).rejects.toThrow('Unauthorized');
    await first.finishAuth(provider.callback.get('code') ?? '');
    const client = new Client1({ name: 'v1', version: '1' });
    await client.connect(open());
    return { whoami: async () => parsed(await client.callTool({ name: 'whoami' })), close: () => client.close() };
  },
  async v2(url: string, provider: ClientProvider): Promise<Session> {
    const open = () => new Transport2(new URL(url), { authProvider: provider });
    const first = open();
    await expect(new Client2({ name: 'v2', version: '1' }).connect(first)).rejects.toThrow();
    await first.finishAuth(provider.callback);
    const client = new Client2({ name: 'v2', version: '1' });
    await client.connect(open());
    return { whoami: async () => parsed(await client.callTool({ name: 'whoami' })), close: () => client.close() };
  },
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
      expect(await session.whoami()).toEqual({
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
    expect(await session.whoami()).toMatchObject({ subject: subject('ada#'), client: CLIENT_DOCUMENT });
    expect(issuer.asked.get('/reg')).toBeUndefined();
    await session.close();
  });

  test('refreshes a token that has ended, and goes on', async () => {
    await stage({ alg: 'EdDSA', accessTokenTtl: 60 });
    const provider = createClientProvider();
    const session = await VERSIONS[version](`${gate.url}/mcp`, provider);
    const before = provider.kept?.access_token;
    provider.saveTokens = (tokens) => {
      provider.kept = tokens;
      // The issuer's clock cannot be moved.
      gate.pass(-120_000);
    };
    gate.pass(120_000);
    expect(await session.whoami()).toMatchObject({ subject: subject('ada#') });
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
