/** Workers: callers who ask too often, by the platform's own binding. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TidegateError } from '../../../src/index.ts';
import { admitThrough } from '../../../src/hosts/workers/rate-limit.ts';
import { networkOf } from '../../../src/net/network-of.ts';
import { sampleApp } from '../../mcp/sample-app.ts';
import { serveApp } from '../../mcp/served.ts';
import { startWorker } from './workerd.ts';

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::7', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8'],
  ['2001:db8:0:0:1:2:3:4', '2001:db8'],
  ['::1', ''],
])('%s is of the network "%s"', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

const asking = (path: string, address: string | null) =>
  new Request(`https://example.org${path}`, { headers: address === null ? {} : { 'CF-Connecting-IP': address } });

test('each address has its share, for MCP and for pushes each; what has none passes; where the binding fails the isolate counts', async () => {
  const keys: string[] = [];
  let limit = (key: string): Promise<{ success: boolean }> => {
    keys.push(key);
    return Promise.resolve({ success: keys.filter((each) => each === key).length <= 2 });
  };
  const lines: string[] = [];
  const RATE_LIMIT = { limit: ({ key }: { key: string }) => limit(key) };
  let time = 0;
  const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
  const admit = admitThrough({ RATE_LIMIT }, { now: () => time, log });
  const ask = async (path: string, address: string | null) => (await admit?.(asking(path, address)))?.code ?? 'in';
  expect(await Promise.all([1, 2, 3].map(() => ask('/mcp', '203.0.113.9')))).toEqual(['in', 'in', 'rate_limited']);
  expect(await ask('/ingest/rooms', '203.0.113.9')).toBe('in');
  expect(await ask('/mcp', '203.0.113.8')).toBe('in');
  expect(await ask('/mcp', null)).toBe('in');
  expect(new Set(keys)).toEqual(new Set(['mcp 203.0.113.9', 'ingest 203.0.113.9', 'mcp 203.0.113.8']));
  expect(await Promise.all(['/a', '/b/mcp', '/c'].map((path) => ask(path, '203.0.113.7')))).toContain('rate_limited');
  limit = () => Promise.reject(new Error('not now'));
  expect(await ask('/mcp', '203.0.113.9')).toBe('in');
  expect(lines).toEqual(['warn the rate limit cannot be asked, and this isolate counts by itself: Error: not now']);
  for (let more = 1; more < 300; more += 1) expect(await ask('/mcp', '203.0.113.9')).toBe('in');
  expect(await ask('/mcp', '203.0.113.9')).toBe('rate_limited');
  expect([await ask('/mcp', '203.0.113.8'), await ask('/ingest/rooms', '203.0.113.9')]).toEqual(['in', 'in']);
  time = 10_000;
  expect(await ask('/mcp', '203.0.113.9')).toBe('in');
  for (const bound of [undefined, null, 'RATE_LIMIT', {}])
    expect(admitThrough({ RATE_LIMIT: bound }, { now: () => 0, log: () => {} })).toBeNull();
});

const refuseAll = () => Promise.resolve(new TidegateError('rate_limited', 'Too many', { retryAfterMs: 9_001 }));

test('a refused request is 429 with Retry-After, that a page can read; its body is not asked for', async () => {
  const served = await serveApp(sampleApp, { http: { admit: refuseAll } });
  onTestFinished(() => served.close());
  const origin = 'http://localhost:3000';
  const headers = { 'Content-Type': 'application/json', Origin: origin };
  const response = await fetch(served.mcpUrl, { method: 'POST', headers, body: 'no message' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '10']);
  expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  expect(await response.json()).toMatchObject({
    error: { code: -32_010, message: 'Too many', data: { code: 'rate_limited' } },
  });
  const elsewhere = await fetch(`${served.url}/healthz`);
  expect([elsewhere.status, elsewhere.headers.get('retry-after')]).toEqual([429, '10']);
  expect(await elsewhere.json()).toMatchObject({ status: 429, code: 'rate_limited', title: 'Too many' });
});

describe('in workerd', { timeout: 30_000 }, () => {
  test('the binding refuses what is beyond', async () => {
    const rate = { limit: 5, period: 60 } as const;
    const worker = await startWorker({ STORE: 'memory' }, 'src/hosts/workers/worker.ts', null, rate);
    onTestFinished(() => worker.stop());
    const statuses: number[] = [];
    for (let request = 0; request < 8; request += 1) {
      const response = await fetch(`${worker.url}/mcp/server-card`);
      statuses.push(response.status);
      if (response.status === 429) expect(response.headers.get('retry-after')).toBe('10');
      await response.text();
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
  });
});

test('the settings that are deployed bind it', () => {
  const settings = readFileSync(join(import.meta.dirname, '../../../wrangler.toml'), 'utf8');
  expect(settings).toMatch(
    /^\[\[ratelimits\]\]\nname = "RATE_LIMIT"\nnamespace_id = "\d+"\nsimple = \{ limit = \d+, period = 10 \}$/m,
  );
});
