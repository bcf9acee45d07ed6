/** Tokens of an issuer on a Worker: the checks in workerd's own cryptography, and an issuer that does not answer. */
import { afterEach, expect, test, vi } from 'vitest';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as z from 'zod';
import { createWorker } from '../../src/hosts/workers/host.ts';
import { defineApp, stream } from '../../src/index.ts';

const ISSUER = 'https://issuer.example/realms/a';
const ENVIRONMENT = { STORE: 'memory', AUTH: 'oauth', OAUTH_ISSUER: ISSUER, PUBLIC_URL: 'https://gate.example' };
const app = defineApp({
  name: 'gate',
  version: '1.0.0',
  description: 'One stream',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function ask(worker: ReturnType<typeof createWorker>, token: string | null, environment: object = ENVIRONMENT) {
  const request = new Request('https://gate.example/mcp', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  return worker.fetch(request, { ...environment });
}

async function signer(alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' };
  const sign = (aud: string) =>
    new SignJWT({ scope: 'streams:read' })
      .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setSubject('ada')
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
  return { jwk, sign };
}

test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
  'a token signed by %s is taken, and one for another is not',
  async (alg) => {
    const { jwk, sign } = await signer(alg);
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      if (url.endsWith('/keys')) return Response.json({ keys: [jwk] });
      const isMetadata = url === 'https://issuer.example/.well-known/openid-configuration/realms/a';
      return isMetadata
        ? Response.json({ issuer: ISSUER, jwks_uri: 'https://keys.example/keys' })
        : new Response(null, { status: 404 });
    });
    const worker = createWorker(app);
    const token = await sign('https://gate.example/mcp');
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await ask(worker, token)).status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(asked).toHaveLength(3);
    expect((await ask(worker, await sign('https://other.example/mcp'))).status).toBe(401);
    const refused = await ask(worker, null);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer scope="streams:read tasks", resource_metadata="https://gate.example/.well-known/oauth-protected-resource/mcp"',
    );
  },
);

test('an issuer that does not answer is 503 with the time to come again, and lets nobody in', async () => {
  const { sign } = await signer('ES256');
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
  const worker = createWorker(app);
  const refused = await ask(worker, await sign('https://gate.example/mcp'));
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({
    title: 'Who calls cannot be found out now',
    status: 503,
    code: 'upstream',
  });
});

test('without a URL of its own a Worker does not take tokens, since no request may say who it is', async () => {
  const { PUBLIC_URL: _, ...environment } = ENVIRONMENT;
  const refused = await ask(createWorker(app), 'a.b.c', environment);
  expect(refused.status).toBe(500);
  expect(await refused.text()).toContain('PUBLIC_URL');
});
