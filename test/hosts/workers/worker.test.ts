/** The Worker in workerd, on a real Redis behind the REST front. What it cannot reach, it says; what it can, is read through MCP. */
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { newKey } from '../../../src/auth/keys/key-text.ts';
import { createKey, listKeys } from '../../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { requireService } from '../../services/available.ts';
import { startFaultProxy } from '../../services/fault-proxy.ts';
import { type HttpSource, json, startHttpSource, status } from '../../services/http-feed.ts';
import { quakeCollection } from '../../services/quakes.ts';
import { type RunningRedis, startRedis } from '../../services/redis.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';
import { BUILT_IN_TOOLS } from '../cli/built-ins.ts';
import { connectClient, ERAS } from '../clients.ts';
import { type RunningWorker, startWorker } from './workerd.ts';

const LIMIT_MS = 30_000;
const get = (url: string) => fetch(url, { signal: AbortSignal.timeout(10_000) });

/** The status of an answer to a request for another name, which `fetch` would not send. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const answered = (response: IncomingMessage) => resolve(response.resume().statusCode);
    const asked = request({ hostname, port, path: '/mcp/server-card', headers: { host } }, answered);
    asked.on('error', reject).end();
  });
}

async function started(...given: Parameters<typeof startWorker>): Promise<RunningWorker> {
  const worker = await startWorker(...given);
  onTestFinished(() => worker.stop());
  return worker;
}

describe.skipIf(!requireService('redis'))('the Worker (needs redis-server)', { timeout: LIMIT_MS }, () => {
  let redis: RunningRedis;
  let front: UpstashFront;
  let variables: { UPSTASH_REDIS_REST_URL: string; UPSTASH_REDIS_REST_TOKEN: string };

  beforeAll(async () => {
    redis = await startRedis();
    front = await startUpstash(redis.url);
    variables = { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
  }, LIMIT_MS);
  afterAll(async () => {
    await front?.stop();
    await redis?.stop();
  }, LIMIT_MS);

  describe('with the app that is deployed', () => {
    let worker: RunningWorker;
    beforeAll(async () => {
      worker = await startWorker(variables);
    }, LIMIT_MS);
    afterAll(() => worker?.stop(), LIMIT_MS);

    test.each(ERAS)('answers the %s', async (era) => {
      const client = await connectClient(worker.url, era);
      onTestFinished(() => client.close());
      expect(await client.tools()).toEqual(BUILT_IN_TOOLS);
      expect([...(await client.streams()).keys()]).toEqual(['quakes']);
    });

    test.each([
      '/mcp/server-card',
      '/.well-known/mcp.json',
      '/.well-known/mcp/server-card.json',
      '/.well-known/ai-catalog.json',
    ])('serves %s, naming its own address', async (path) => {
      const response = await get(worker.url + path);
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
      expect(await response.text()).toContain(`${worker.url}/mcp`);
    });

    test('says nothing of requests, unless LOG_LEVEL asks for it, and names a variable that is misspelt', async () => {
      const telling = await started({ ...variables, LOG_LEVEL: 'debug', PUBLIC_ULR: 'https://a.example' });
      for (const { url } of [worker, telling]) expect((await get(`${url}/readyz`)).status).toBe(200);
      const line =
        /"message":"request","method":"GET","path":"\/readyz","status":200.*"storeCalls":\{"ping":1,"findings":1,"add":1\},"engineRequests":3/;
      await expect.poll(() => telling.logged().join('\n'), { timeout: 5_000 }).toMatch(line);
      expect(worker.logged().join('\n')).not.toContain('"message":"request"');
      const misspelt = telling.logged().filter((line) => line.includes('PUBLIC_ULR'));
      expect(misspelt).toEqual([expect.stringContaining('did you mean PUBLIC_URL?')]);
    });

    test('is ready', async () => {
      expect(await (await get(`${worker.url}/readyz`)).json()).toEqual({ status: 'ok', store: 'redis' });
    });

    test('the cron trigger runs its feeds, and what became of them is read through MCP', async () => {
      const client = await connectClient(worker.url);
      onTestFinished(() => client.close());
      expect((await client.streams()).get('quakes')?.feed).toMatchObject({ state: 'never-run', lastError: null });
      expect(await worker.cron()).toBe(true);
      const feed = (await client.streams()).get('quakes')?.feed;
      // Where this machine reaches USGS it brought quakes, and where it does not the feed says so.
      if (feed?.state === 'ok') expect(feed.lastError).toBeNull();
      else expect(feed).toMatchObject({ state: 'backing-off', lastError: { message: expect.stringMatching(/usgs/) } });
      expect(worker.logged().some((line) => line.includes('feed quakes'))).toBe(true);
    });
  });

  describe('with an app of a test', () => {
    let source: HttpSource;
    let worker: RunningWorker;
    beforeAll(async () => {
      source = await startHttpSource();
      worker = await startWorker({ ...variables, QUAKES_URL: `${source.origin}/quakes` }, 'test/hosts/workers/app.ts');
    }, LIMIT_MS);
    afterAll(async () => {
      await worker?.stop();
      await source?.close();
    }, LIMIT_MS);

    test.each(ERAS)('what cron pulls from an HTTP feed is read by the %s', async (era) => {
      const ids = [`${era.slice(0, 2)}-a`, `${era.slice(0, 2)}-b`];
      source.on('/quakes', json(quakeCollection(ids.map((id) => ({ id })))));
      expect(await worker.cron()).toBe(true);
      const client = await connectClient(worker.url, era);
      onTestFinished(() => client.close());
      const before = await client.history('quakes');
      expect(before.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
      expect(await worker.cron()).toBe(true);
      expect(await client.history('quakes')).toEqual(before);
    });

    test('a source that fails does so in the open, and comes back', async () => {
      const client = await connectClient(worker.url);
      onTestFinished(() => client.close());
      source.on('/quakes', status(500));
      await worker.cron();
      const failed = (await client.streams()).get('quakes')?.feed;
      expect(failed).toMatchObject({ state: 'backing-off', lastError: { message: expect.stringContaining('500') } });
      source.on('/quakes', json(quakeCollection([{ id: 'back' }])));
      await expect
        .poll(
          async () => {
            await worker.cron();
            return (await client.history('quakes')).map(({ id }) => id);
          },
          { timeout: 20_000, interval: 500 },
        )
        .toContain('back');
    });

    test('a broker that cannot be reached is told of', async () => {
      const client = await connectClient(worker.url);
      onTestFinished(() => client.close());
      await worker.cron();
      const message = expect.stringMatching(/cannot connect to mqtt:\/\/127\.0\.0\.1:1/);
      expect((await client.streams()).get('temperatures')?.feed?.lastError).toMatchObject({ message });
    });
  });

  test('one with AUTH=keys lets in who brings a key that was made on its Redis, and nobody else', async () => {
    const worker = await started({ ...variables, AUTH: 'keys' });
    const config = readConfig({ ...variables, STORE: 'redis' }, 'redis');
    const runtime = systemRuntime(() => {});
    const store = await openStore(config, runtime, 'tidegate');
    onTestFinished(() => store.close());
    const given = { name: 'ci', tenant: 'public', scopes: ['streams:read'], expiresAt: null };
    const { text, key } = await createKey({ store, runtime }, given);
    const statusOf = async (credential: string | null) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const sent = credential === null ? headers : { ...headers, authorization: `Bearer ${credential}` };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
      return (await fetch(`${worker.url}/mcp`, { method: 'POST', headers: sent, body })).status;
    };
    expect(await statusOf(text)).toBe(200);
    expect(await Promise.all(Array.from({ length: 20 }, () => statusOf(text)))).toEqual(Array(20).fill(200));
    expect(await statusOf(newKey().text)).toBe(401);
    expect(await statusOf(null)).toBe(401);
    const [listed] = await listKeys({ store, runtime });
    expect(listed).toMatchObject({ id: key.id, state: 'valid', lastUsedAt: expect.any(Number) });
  });

  test('one that is told that it is on a loopback address answers to no other name', async () => {
    const local = await started({ ...variables, HOST: '127.0.0.1' });
    const deployed = await started(variables);
    expect(await statusFor(local.url, new URL(local.url).host)).toBe(200);
    expect(await statusFor(local.url, 'rebound.example')).toBe(403);
    expect(await statusFor(deployed.url, 'worker.example')).toBe(200);
  });

  test('a page is let in where the Worker is told of its origin, and reads refusals too', async () => {
    const origin = 'https://ui.example';
    const headers = { origin, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const [telling, untold] = [await started({ ...variables, ALLOWED_ORIGINS: origin }), await started(variables)];
    const readable = async (url: string, method: 'GET' | 'POST') => {
      const answer = await fetch(`${url}/mcp`, { method, headers, ...(method === 'POST' ? { body } : {}) });
      return [answer.status, answer.headers.get('access-control-allow-origin')];
    };
    expect(await readable(telling.url, 'POST')).toEqual([200, origin]);
    expect(await readable(telling.url, 'GET')).toEqual([405, origin]);
    expect(await readable(untold.url, 'POST')).toEqual([403, null]);
    const own = new URL(untold.url).origin;
    const same = await fetch(`${untold.url}/mcp`, { method: 'POST', headers: { ...headers, origin: own }, body });
    expect(same.status).toBe(403);
  });

  test('a store that is gone is answered with 503 and Retry-After, also by one that never saw it, until it is back', async () => {
    const lonely = await startUpstash(redis.url);
    const given = { UPSTASH_REDIS_REST_URL: lonely.url, UPSTASH_REDIS_REST_TOKEN: lonely.token };
    const seen = await started(given);
    expect((await get(`${seen.url}/readyz`)).status).toBe(200);
    await lonely.stop();
    const unseen = await started(given);
    for (const { url } of [seen, unseen]) {
      // What one saw while the store was there is kept for 3 s.
      await expect.poll(async () => (await get(`${url}/readyz`)).status, { timeout: 10_000 }).toBe(503);
      const ready = await get(`${url}/readyz`);
      expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1']);
      const answer = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'read_latest', arguments: { stream: 'quakes' } },
        }),
        signal: AbortSignal.timeout(10_000),
      });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await answer.json()).toMatchObject({ id: 1, error: { data: { code: 'store_unavailable' } } });
      expect((await get(`${url}/healthz`)).status).toBe(200);
    }
    const again = await startUpstash(redis.url, { token: lonely.token, port: Number(new URL(lonely.url).port) });
    onTestFinished(() => again.stop());
    for (const { url } of [seen, unseen]) {
      await expect.poll(async () => (await get(`${url}/readyz`)).status, { timeout: 5_000 }).toBe(200);
    }
  });

  test.each([
    ['UPSTASH_REDIS_REST_URL', { UPSTASH_REDIS_REST_URL: '' }],
    ['UPSTASH_REDIS_REST_TOKEN', { UPSTASH_REDIS_REST_TOKEN: '' }],
    ['UPSTASH_REDIS_REST_TOKEN', { UPSTASH_REDIS_REST_TOKEN: 'wrong-and-secret' }],
    ['STORE', { STORE: 'nope' }],
    ['STORE', { STORE: 'sqlite' }],
    ['STORE', { STORE: 'dynamodb', DYNAMODB_TABLE: 'tidegate' }],
  ])('a mistake in %s is named: %j', async (field, mistake) => {
    const worker = await started({ ...variables, ...mistake });
    for (const path of ['/readyz', '/.well-known/mcp.json']) {
      const response = await get(worker.url + path);
      const text = await response.text();
      expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
      expect(JSON.parse(text)).toMatchObject({ status: 500, code: 'invalid_config', field });
      expect(text).not.toContain('secret');
    }
    expect(await worker.cron()).toBe(false);
  });

  test('a client that leaves during the first request holds nobody up', async () => {
    const faulty = await startFaultProxy(front.url);
    onTestFinished(() => faulty.stop());
    const worker = await started({ ...variables, UPSTASH_REDIS_REST_URL: faulty.url });
    faulty.next('hang');
    const leaving = new AbortController();
    const left = fetch(`${worker.url}/readyz`, { signal: leaving.signal }).catch(() => 'left');
    await expect.poll(() => faulty.arrived(), { timeout: 5_000 }).toBe(1);
    leaving.abort();
    expect(await left).toBe('left');
    const response = await fetch(`${worker.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
    expect(response.status).toBe(200);
  });
});
