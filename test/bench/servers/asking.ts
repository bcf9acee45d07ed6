/**
 * The whole app behind `AUTH`, as Node serves it, with its runtime and its own server. The second argument says `none`, `keys` or
 * `oauth`. It writes what a caller has to bring into
 * the file of the third. Key set and metadata of the issuer come out of memory.
 */
import { writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createKey } from '../../../src/auth/keys/manage.ts';
import { callersOf } from '../../../src/hosts/callers.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { createBoundedServer } from '../../../src/hosts/node/bounded-server.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import * as z from 'zod';
import { defineApp, stream, tool } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { answer, DESCRIPTION, Input, NAMES } from './tools.ts';

const ISSUER = 'https://issuer.example';
const SERVER = 'https://tidegate.example';
const [, , port, mode = 'none', file = ''] = process.argv;

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
const documents: Record<string, object> = {
  '/.well-known/oauth-authorization-server': { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
  '/keys': { keys: [jwk] },
};
const runtime = {
  ...nodeRuntime(Object.assign(() => {}, { wants: () => false })),
  fetch: async (url: string | URL | Request) => {
    const document = documents[new URL(url instanceof Request ? url.url : url).pathname];
    return Promise.resolve(Response.json(document ?? {}, { status: document === undefined ? 404 : 200 }));
  },
};
const store = createMemoryStore();
// Tools that change something are noted in the audit log where callers are known, which is not what is measured here.
const annotations = { readOnlyHint: true };
const app = defineApp({
  name: 'bench',
  version: '1.0.0',
  description: 'Twenty tools',
  // Requests are counted where callers are known, and here never too many.
  ...(mode === 'none' ? {} : { quotas: { requests: 1_000_000_000 } }),
  // With a stream of its own every caller is listed the same tools: where callers are known, there is that of the audit log.
  streams: { ticks: stream({ description: 'Ticks', schema: z.object({ n: z.number() }) }) },
  tools: Object.fromEntries(
    NAMES.map((name) => [
      name,
      tool({ description: DESCRIPTION, annotations, input: Input, run: async (input) => answer(input) }),
    ]),
  ),
});

async function credential(): Promise<string> {
  if (mode === 'oauth') {
    const token = new SignJWT({ sub: 'bench', scope: 'streams:read tasks', client_id: 'bench' });
    const headed = token.setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'at+jwt' });
    return headed.setIssuer(ISSUER).setAudience(`${SERVER}/mcp`).setIssuedAt().setExpirationTime('2h').sign(privateKey);
  }
  const given = { name: 'bench', tenant: 'public', scopes: ['streams:read', 'tasks'], expiresAt: null };
  return (await createKey({ store, runtime }, given)).text;
}

writeFileSync(file, await credential(), { mode: 0o600 });
const environment = mode === 'oauth' ? { OAUTH_ISSUER: ISSUER, PUBLIC_URL: SERVER } : {};
const config = readConfig({ AUTH: mode, ...environment }, 'memory');
const callers = await callersOf(config, { store, runtime }, {});
const { publicUrl, keepAliveMs, bounds } = config;
const host = createHost({ app, store, runtime, publicUrl, host: null, ...callers });
const clock = { now: () => performance.now() };
const server = createBoundedServer(host.fetch, clock, keepAliveMs, { ...bounds, proxies: [] });
server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
