/** A host on somebody's own server, whose callers bring keys. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost, keyCallers } from '../../src/host.ts';
import { createKey } from '../../src/auth/keys/manage.ts';
import { defineApp, secret, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const runtime = systemRuntime(() => {});
const KEY = 'k'.repeat(32);
const PUSH_TOKEN = 'a-token-of-this-test';

const app = defineApp({
  name: 'keyed',
  version: '1.0.0',
  description: 'One stream',
  streams: {
    readings: stream({
      description: 'Readings',
      schema: z.object({ value: z.number() }),
      tenants: 'each',
      push: { token: secret('PUSH_TOKEN') },
    }),
  },
});

const variable = (name: string) => (name === 'PUSH_TOKEN' ? PUSH_TOKEN : null);

async function staged() {
  const store = createMemoryStore();
  const host = createHost({ app, store, runtime, variable, ...(await keyCallers({ store, runtime }, { key: KEY })) });
  const send = (path: string, body: object, bearer: string | null) =>
    host.fetch(
      new Request(`http://127.0.0.1${path}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify(body),
      }),
    );
  const read = async (bearer: string) => {
    const params = { name: 'read_latest', arguments: { stream: 'readings' } };
    const response = await send('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, bearer);
    return [response.status, await response.text()] as const;
  };
  return { store, host, send, read };
}

test('nobody and a wrong key are refused, the one key and keys of the store are let in', async () => {
  const { store, send, read } = await staged();
  expect((await send('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, null)).status).toBe(401);
  expect((await read('tg_nobody'))[0]).toBe(401);
  expect((await read(KEY))[0]).toBe(200);
  const { text: key } = await createKey(
    { store, runtime },
    { name: 'reader', tenant: 'acme', scopes: ['streams:read'], expiresAt: null },
  );
  expect((await read(key))[0]).toBe(200);
});

test('a push with a key is of its tenant, and one with the token of the stream is public', async () => {
  const { store, send, read } = await staged();
  const { text: key } = await createKey(
    { store, runtime },
    { name: 'device', tenant: 'acme', scopes: ['streams:read', 'streams:publish'], expiresAt: null },
  );
  expect((await send('/ingest/readings', { value: 1 }, key)).status).toBe(200);
  expect((await send('/ingest/readings', { value: 2 }, PUSH_TOKEN)).status).toBe(200);
  expect((await read(key))[1]).toContain('value=1');
  expect((await read(key))[1]).not.toContain('value=2');
  expect((await read(KEY))[1]).toContain('value=2');
});

test('a key that is too short is named', async () => {
  const store = createMemoryStore();
  await expect(keyCallers({ store, runtime }, { key: 'short' })).rejects.toMatchObject({
    code: 'invalid_config',
    field: 'key',
  });
});
