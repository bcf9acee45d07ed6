/** What pushes are counted by: the stream that they come to, and all tenants of a stream that is shared. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, type Principal, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { isPresent } from '../../src/store/store.ts';
import { serveApp } from '../mcp/served.ts';

const TOKEN = 'a-token-of-the-tests';
const NOW = Date.UTC(2026, 10, 29, 12);
const EVENT = JSON.stringify({ text: 'x'.repeat(240_000) });

const authenticate = ({ headers }: Request): Principal => ({
  tenant: headers.get('x-tenant') ?? 'acme',
  subject: 'ada',
  client: null,
  scopes: ['streams:publish'],
});

async function stage() {
  const files = { description: 'Files', schema: z.object({ text: z.string() }) };
  const app = defineApp({
    name: 'pushed',
    version: '1',
    description: 'Takes pushes',
    streams: { files: stream(files), own: stream({ ...files, tenants: 'each' }) },
    quotas: { pushes: 1_000_000, allPushes: 1_000_000 },
  });
  const store = createMemoryStore();
  const pushTokens = new Map([
    ['files', TOKEN],
    ['own', `${TOKEN}-of-own`],
  ]);
  const served = await serveApp(app, {
    store,
    now: () => NOW,
    http: { authenticate, pushNeeds: 'either', pushTokens },
  });
  onTestFinished(() => served.close());
  const push = async (name: string, headers: Record<string, string>, body = EVENT) => {
    const sent = { 'Content-Type': 'application/json', ...headers };
    return (await fetch(`${served.url}/ingest/${name}`, { method: 'POST', body, headers: sent })).status;
  };
  return { store, push };
}

test('what all callers may push to a shared stream is counted over all tenants, and else for each', async () => {
  const { push } = await stage();
  const statusesOf = async (name: string) => {
    const statuses = [];
    for (const tenant of ['acme', 'other', 'acme', 'other', 'third']) {
      statuses.push(await push(name, { 'X-Tenant': tenant }));
    }
    return statuses;
  };
  expect(await statusesOf('files')).toEqual([200, 200, 200, 200, 429]);
  expect(await statusesOf('own')).toEqual([200, 200, 200, 200, 200]);
});

test('a key that comes with the token of a stream stands where releases before put it', async () => {
  const { store, push } = await stage();
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Idempotency-Key': 'k1' };
  expect(await push('files', headers, '{"text":"a"}')).toBe(200);
  expect(isPresent(await store.get({ partition: 'public/pushed/files', id: 'k1' }, NOW))).toBe(true);
});
