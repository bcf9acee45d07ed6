/** Requests of a caller are counted before the body is read: 429 beyond the limit, 503 while the store does not say. */
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../src/base/principal.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { sampleApp } from '../mcp/sample-app.ts';
import { type Served, type ServeOptions, serveApp } from '../mcp/served.ts';

const WINDOW_MS = 60_000;
const START = 500_000 * 3_600_000 + 15_000;
const ada: Principal = { tenant: 't', subject: 'ada', client: null, scopes: ['*'] };

const servers: Served[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((one) => one.close()));
});

async function serve(
  requests: number | undefined,
  { caller, ...options }: Omit<ServeOptions, 'principal'> & { caller?: Principal } = {},
): Promise<Served> {
  const quotas = requests === undefined ? {} : { requests };
  const app = defineApp({ ...sampleApp.options, quotas });
  const http = caller ? { authenticate: () => caller } : {};
  const counts = options.store ? { counts: options.store } : {};
  const served = await serveApp(app, { now: () => START, http, ...counts, ...options });
  servers.push(served);
  return served;
}

const list = (served: Served) => served.call('tools/list');

describe('/mcp', () => {
  test('beyond the limit the answer is 429 in JSON-RPC, says which limit, and when', async () => {
    const served = await serve(3, { caller: ada });
    for (let n = 0; n < 3; n += 1) expect((await list(served)).status).toBe(200);
    const refused = await list(served);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('45');
    expect(await refused.json()).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32_010,
        message: 'Too many requests of one caller',
        data: {
          code: 'rate_limited',
          field: 'quotas.requests',
          expected: 'at most 3 requests of one caller in 60 s',
          hint: 'send the same request again in 45 s, and fewer of them',
        },
      },
    });
    const ended = await fetch(served.mcpUrl, { method: 'DELETE' });
    expect(ended.status).toBe(429);
  });

  test('it counts over instances, by tenant and subject, and begins anew with the next minute', async () => {
    const store = createMemoryStore();
    let now = START;
    const at = (caller: Principal) => serve(2, { store, caller, now: () => now });
    const [first, second] = [await at(ada), await at(ada)];
    const [eve, other] = [await at({ ...ada, subject: 'eve' }), await at({ ...ada, tenant: 'u' })];
    expect([(await list(first)).status, (await list(second)).status]).toEqual([200, 200]);
    expect([(await list(first)).status, (await list(second)).status]).toEqual([429, 429]);
    expect([(await list(eve)).status, (await list(other)).status]).toEqual([200, 200]);
    now += WINDOW_MS;
    expect((await list(second)).status).toBe(200);
  });

  test('a batch counts as its messages do, and is refused whole before any of them is begun', async () => {
    const runs: string[] = [];
    const caller = ada;
    const served = await serve(10, { caller });
    const batch = async (messages: number) => {
      const message = { jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } };
      const body = JSON.stringify(Array.from({ length: messages }, (_, id) => ({ ...message, id })));
      const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
      const response = await fetch(served.mcpUrl, { method: 'POST', body, headers });
      runs.push(await response.text());
      return response.status;
    };
    expect([await batch(6), await batch(3)]).toEqual([200, 200]);
    expect(await batch(2)).toBe(429);
    expect(JSON.parse(runs[2] ?? '')).toMatchObject({ id: null, error: { code: -32_010 } });
    expect((await list(served)).status).toBe(429);
  });

  test('the body of a refused request is not read', async () => {
    const served = await serve(1, { caller: ada });
    await list(served);
    let read = 0;
    const body = new ReadableStream({
      pull(controller) {
        read += 1;
        controller.enqueue(new Uint8Array(65_536));
        if (read === 200) controller.close();
      },
    });
    const refused = await fetch(served.mcpUrl, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json' },
      duplex: 'half',
    });
    expect(refused.status).toBe(429);
  });
});

describe('without authentication', () => {
  test('nothing is counted, and the store is not asked', async () => {
    let calls = 0;
    const inner = createMemoryStore();
    const store: Store = { ...inner, add: (...asked) => ((calls += 1), inner.add(...asked)) };
    const served = await serve(undefined, { store });
    for (let n = 0; n < 20; n += 1) expect((await list(served)).status).toBe(200);
    expect(calls).toBe(0);
  });

  test('a limit that the app declares counts for all callers together', async () => {
    const served = await serve(2);
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await list(served)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('while the store does not answer', () => {
  test('503 with Retry-After, without the words of the store; who holds a piece goes on', async () => {
    const inner = createMemoryStore();
    let isDown = false;
    const store: Store = {
      ...inner,
      add: async (...asked) => {
        if (isDown) throw new TidegateError('store_unavailable', 'no route to db.internal', { retryAfterMs: 2_000 });
        return inner.add(...asked);
      },
    };
    const served = await serve(5_000, { store, caller: ada });
    expect((await list(served)).status).toBe(200);
    isDown = true;
    expect((await list(served)).status).toBe(200);
    for (let n = 0; n < 10; n += 1) await list(served);
    const refused = await list(served);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    const text = await refused.text();
    expect(JSON.parse(text)).toMatchObject({ error: { code: -32_603, data: { code: 'store_unavailable' } } });
    expect(text).not.toContain('db.internal');
  });
});

test('a push beyond the limit is 429 as a problem, and so many events come as were let through', async () => {
  const schema = z.object({ size: z.number() });
  const streams = { files: stream({ description: 'Files', schema }) };
  const app = defineApp({ ...sampleApp.options, streams, quotas: { requests: 2 } });
  const pushTokens = new Map([['files', 'a-token-of-the-tests']]);
  const served = await serveApp(app, { now: () => START, http: { pushTokens } });
  servers.push(served);
  const push = (token: string) =>
    fetch(`${served.url}/ingest/files`, {
      method: 'POST',
      body: '{"size":1}',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    });
  // Who may not push is told so, and counts for nobody.
  expect((await push('wrong')).status).toBe(401);
  expect([(await push('a-token-of-the-tests')).status, (await push('a-token-of-the-tests')).status]).toEqual([
    200, 200,
  ]);
  const refused = await push('a-token-of-the-tests');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(refused.headers.get('retry-after')).toBe('45');
  expect(await refused.json()).toMatchObject({ status: 429, code: 'rate_limited', field: 'quotas.requests' });
});
