/** The edge of a Worker: signed pushes, logins by a cookie, the headers of every answer, and the audit log. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createWorker } from '../../src/hosts/workers/host.ts';
import { defineApp, secret, stream } from '../../src/index.ts';

const app = defineApp({
  name: 'edge',
  version: '1.0.0',
  description: 'Takes signed pushes',
  streams: {
    code: stream({ description: 'Code', schema: z.looseObject({}), push: { github: secret('GITHUB') } }),
  },
});
const KEY = 'a-key-of-the-environment-0123456789';
const ENVIRONMENT = {
  STORE: 'memory',
  PUBLIC_URL: 'https://example.org',
  AUTH: 'keys',
  TIDEGATE_KEY: KEY,
  TIDEGATE_SECRET: 'a secret of a test, which guards nothing',
  GITHUB: "It's a Secret to Everybody",
};
const worker = createWorker(app);

function send(path: string, method: string, headers: Record<string, string>, body?: string): Promise<Response> {
  const init = {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  };
  return worker.fetch(new Request(`https://example.org${path}`, init), ENVIRONMENT);
}

function list(headers: Record<string, string>): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  return send('/mcp', 'POST', { accept: 'application/json, text/event-stream', ...headers }, body);
}

async function signatureOf(body: string): Promise<string> {
  const text = new TextEncoder();
  const key = await crypto.subtle.importKey(
    'raw',
    text.encode(ENVIRONMENT.GITHUB),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const made = new Uint8Array(await crypto.subtle.sign('HMAC', key, text.encode(body)));
  return `sha256=${Array.from(made, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

test('a signed push is stored, and a forged one is refused', async () => {
  // As GitHub publishes it.
  const published = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  expect((await send('/ingest/code', 'POST', { 'x-hub-signature-256': published }, 'Hello, World!')).status).toBe(400);
  expect((await send('/ingest/code', 'POST', { 'x-hub-signature-256': published }, 'Hello, World?')).status).toBe(401);
  const body = '{"ref":"main"}';
  const stored = await send('/ingest/code', 'POST', { 'x-hub-signature-256': await signatureOf(body) }, body);
  expect(await stored.json()).toEqual({ appended: 1, duplicates: 0 });
});

test('a page of the Worker logs in, and writes with the token of its login', async () => {
  const page = { origin: 'https://example.org', 'sec-fetch-site': 'same-origin' };
  const login = await send('/login', 'POST', page, JSON.stringify({ credential: KEY }));
  const { csrf } = (await login.json()) as { csrf: string };
  const set = login.headers.get('set-cookie') ?? '';
  expect(set).toMatch(/^__Host-tidegate-login=1\.[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
  const [cookie = ''] = set.split(';');
  const writes: Record<string, string>[] = [
    { 'x-csrf-token': csrf },
    {},
    { 'x-csrf-token': csrf, origin: 'https://evil.example' },
  ];
  const statuses = [];
  for (const more of writes) {
    statuses.push((await list({ ...page, cookie, ...more })).status);
  }
  expect(statuses).toEqual([200, 403, 403]);
});

test('every answer says what it is to browsers, and keeps them to https', async () => {
  for (const response of [await send('/healthz', 'GET', {}), await list({}), await send('/nothing', 'GET', {})]) {
    const { headers } = response;
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect([headers.get('cache-control'), headers.get('strict-transport-security')]).toEqual([
      'no-store',
      'max-age=31536000',
    ]);
  }
});

test('what was done is on record', async () => {
  const headers = { accept: 'application/json, text/event-stream', authorization: `Bearer ${KEY}` };
  const read = async (uri: string) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } });
    const text = await (await send('/mcp', 'POST', headers, body)).text();
    expect(text).not.toContain(KEY);
    return [...text.matchAll(/\\"action\\":\\"(\w+)/g)].map(([, action]) => action);
  };
  expect(new Set(await read('stream://audit'))).toEqual(new Set(['push', 'login']));
  expect(new Set(await read('stream://audit_failed'))).toEqual(new Set(['refused']));
});
