/** Where a client learns who issues tokens for this server, and how a refusal leads it there. */
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../../src/index.ts';
import { createAuthenticate } from '../../../src/http/authenticate.ts';
import { createChallenges } from '../../../src/http/challenge.ts';
import { firstScopes, metadataUrlOf } from '../../../src/http/documents/protected-resource.ts';
import { type Served, serveApp } from '../../mcp/served.ts';

const SILENT = { now: Date.now, log: () => undefined };
const ISSUER = 'https://issuer.example/realms/a';
const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const app = defineApp({
  name: 'guarded',
  title: 'Guarded',
  version: '1',
  description: 'Has an issuer',
  websiteUrl: 'https://docs.example',
  streams: { mcp: stream({ description: 'Named as the endpoint', schema: z.object({ a: z.string() }) }) },
});

let served: Served;
afterEach(() => served.close());

async function serve(publicUrl: string | null = null) {
  const challenges = createChallenges({
    metadataUrl: (request) => metadataUrlOf(request, publicUrl ?? new URL(request.url).origin),
    firstScopes: firstScopes({}),
  });
  const authenticate = createAuthenticate([], challenges, SILENT);
  served = await serveApp(app, { http: { publicUrl, authenticate, protectedResource: { issuers: [ISSUER] } } });
}

const documentAt = async (path: string) => (await fetch(served.url + path)).json() as Promise<Record<string, unknown>>;

test('2026-07-28 authorization, 2025-11-25 authorization "Overview": the metadata of a protected resource (RFC 9728) is served at the root and behind the path', async () => {
  await serve();
  for (const form of ['', '/mcp', '/mcp/']) {
    const response = await fetch(served.url + WELL_KNOWN + form);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  }
});

test('2026-07-28 authorization-server-discovery, 2025-11-25 authorization "Authorization Server Location": the metadata names the issuers, with one document for each form of the URL', async () => {
  await serve();
  for (const form of ['', '/mcp', '/mcp/']) {
    expect(await documentAt(WELL_KNOWN + form)).toEqual({
      resource: served.url + form,
      authorization_servers: [ISSUER],
      scopes_supported: ['streams:read', 'tasks'],
      bearer_methods_supported: ['header'],
      resource_name: 'Guarded',
      resource_documentation: 'https://docs.example',
    });
  }
});

test('2026-07-28 authorization-server-discovery, 2025-11-25 authorization "Protected Resource Metadata Discovery Requirements": a refusal leads to the metadata of the form that was asked', async () => {
  await serve();
  for (const path of ['/mcp', '/mcp/']) {
    const refused = await fetch(served.url + path, { method: 'POST', body: '{}' });
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    expect(challenge).toBe(`Bearer scope="streams:read tasks", resource_metadata="${served.url}${WELL_KNOWN}${path}"`);
    const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    expect(await (await fetch(metadataUrl)).json()).toMatchObject({ resource: served.url + path });
  }
  // A stream may be called as the endpoint is.
  const push = await fetch(`${served.url}/ingest/mcp`, { method: 'POST', body: '{}' });
  expect(push.headers.get('www-authenticate')).toContain(`resource_metadata="${served.url}${WELL_KNOWN}"`);
});

test('the public URL decides, and one with a path is found at the root of its host too', async () => {
  await serve('https://public.example/live');
  for (const path of [`${WELL_KNOWN}/mcp`, `${WELL_KNOWN}/live/mcp`]) {
    expect(await documentAt(path)).toMatchObject({ resource: 'https://public.example/live/mcp' });
  }
  const { headers } = await fetch(served.mcpUrl, { method: 'POST', body: '{}' });
  expect(headers.get('www-authenticate')).toContain(`"https://public.example/live${WELL_KNOWN}/mcp"`);
});

test('pages of every origin read it, the cards name it, and a token in the query is not seen', async () => {
  await serve();
  const headers = { Origin: 'https://page.example', 'Access-Control-Request-Method': 'GET' };
  const preflight = await fetch(`${served.url}${WELL_KNOWN}/mcp`, { method: 'OPTIONS', headers });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  const page = await fetch(`${served.url}${WELL_KNOWN}/mcp`, { headers: { Origin: 'https://page.example' } });
  expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect(await documentAt('/.well-known/mcp.json')).toMatchObject({
    authentication: { required: true, schemes: ['oauth2'] },
  });
  const inQuery = await fetch(`${served.mcpUrl}?access_token=a.b.c`, { method: 'POST', body: '{}' });
  expect(inQuery.headers.get('www-authenticate')).not.toContain('invalid_token');
});

test('scopes are named as the issuer writes them', async () => {
  const scopePrefix = 'api://gate/';
  const challenges = createChallenges({ firstScopes: firstScopes({}), scopePrefix });
  const authenticate = createAuthenticate([], challenges, SILENT);
  served = await serveApp(app, { http: { authenticate, protectedResource: { issuers: [ISSUER], scopePrefix } } });
  const scopes_supported = ['api://gate/streams:read', 'api://gate/tasks'];
  expect(await documentAt(WELL_KNOWN)).toMatchObject({ scopes_supported });
  const asked = new Request(served.mcpUrl);
  for (const refused of [challenges.unauthorized(asked, false), challenges.insufficientScope(asked, firstScopes({}))]) {
    expect(refused.headers.get('www-authenticate')).toContain(`scope="${scopes_supported.join(' ')}"`);
  }
});

test('scopes that every token has are not to be asked for, since the issuer may not know them', async () => {
  const defaultScopes = ['streams', 'events'];
  expect(firstScopes({ defaultScopes })).toEqual(['tasks']);
  served = await serveApp(app, {
    http: { protectedResource: { issuers: [ISSUER], defaultScopes: ['streams:read', 'tasks'] } },
  });
  expect(await documentAt(WELL_KNOWN)).not.toHaveProperty('scopes_supported');
});

test('without an issuer there is nothing to find', async () => {
  served = await serveApp(app);
  for (const form of ['', '/mcp', '/mcp/']) expect((await fetch(served.url + WELL_KNOWN + form)).status).toBe(404);
});
