/**
 * What the whole app asks of Redis, counted in four places: at the store's own door, by the account of the request or the
 * burst, by the requests at the REST front, and by the engine. Redis counts what a script calls beside what comes from
 * outside; but no script can call EVALSHA, so its count is that of the calls from outside, and in the store's scripts only
 * a commit calls SET, once.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { requireService } from '../services/available.ts';
import { type Accounts, BURST_MS, type Composed, openAccounts, type Spent } from './accounts.ts';

const HOST = 'http://127.0.0.1:8787';
const README = join(import.meta.dirname, '../../src/http/README.md');
const START = Date.UTC(2026, 9, 1);
const BURST_EVENTS = 25;
const VERSIONS = ['2026-07-28', '2025-11-25'] as const;

const Answer = z.object({
  structuredContent: z.object({
    events: z.array(z.unknown()).default([]),
    cursor: z.string().nullish(),
    scanned: z.object({ storeCalls: z.number() }).optional(),
  }),
});

const Told = z.object({ storeCalls: z.record(z.string(), z.number()), engineRequests: z.number().optional() });

const at = (bursts: number) => new Date(START + bursts * BURST_MS).toISOString();

/** The calls, where all four agree on them and there was nothing beside the scripts. Calls of one turn share a request, which counts for each. */
function agreed(spent: Spent, told: unknown = spent.logged): number {
  const { calls, requests, scripts, others } = spent;
  expect({ scripts, others }).toEqual({ scripts: calls, others: 0 });
  expect(requests).toBeLessThanOrEqual(calls);
  expect(requests > 0).toBe(calls > 0);
  const { storeCalls, engineRequests = 0 } = Told.parse(told);
  expect(Object.values(storeCalls).reduce((sum, each) => sum + each, 0)).toBe(calls);
  expect(engineRequests).toBe(calls);
  return calls;
}

describe.skipIf(!requireService('redis'))('what Redis is asked (needs redis-server)', () => {
  let accounts: Accounts;
  const spending: Accounts['spending'] = (composed, work) => accounts.spending(composed, work);

  beforeAll(async () => {
    accounts = await openAccounts();
  });
  afterAll(() => accounts?.stop());

  describe('by a request', () => {
    let composed: Composed;
    let cursor = '';

    async function ask(version: string, method: string, params: Record<string, unknown> = {}): Promise<object> {
      const modern = version === '2026-07-28';
      const meta = {
        'io.modelcontextprotocol/protocolVersion': version,
        'io.modelcontextprotocol/clientCapabilities': {},
      };
      const headers = {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': version,
        ...(modern ? { 'Mcp-Method': method } : {}),
        ...(modern && typeof params['name'] === 'string' ? { 'Mcp-Name': params['name'] } : {}),
      };
      const message = { jsonrpc: '2.0', id: 1, method, params: modern ? { ...params, _meta: meta } : params };
      const response = await composed.http.fetch(
        new Request(`${HOST}/mcp`, { method: 'POST', headers, body: JSON.stringify(message) }),
      );
      const text = await response.text();
      const data = /^data: (.+)$/m.exec(text)?.[1] ?? text;
      const { result } = JSON.parse(data) as { result?: object };
      expect(result, text).toBeDefined();
      return result ?? {};
    }

    async function call(version: string, name: string, args: object) {
      const answer = await ask(version, 'tools/call', { name, arguments: args });
      return Answer.parse(answer).structuredContent;
    }

    const range = { stream: 'readings', from: at(5), to: at(20) };
    const reads: [what: string, name: string, args: object, most: number, events: number][] = [
      ['read_latest of a key', 'read_latest', { stream: 'readings', key: 's3' }, 1, 1],
      ['read_latest of all keys', 'read_latest', { stream: 'readings' }, 1, 10],
      ['the newest page of history', 'read_history', { stream: 'readings', limit: 50 }, 3, 50],
      ['a page by range', 'read_history', { ...range, limit: 50 }, 2, 50],
      ['a page by range, newest first', 'read_history', { ...range, order: 'newest', limit: 50 }, 2, 50],
      ['a whole range', 'read_history', { ...range, limit: 1_000 }, 2, 15 * BURST_EVENTS],
      ['a page from a time on', 'read_history', { stream: 'readings', from: at(30), limit: 50 }, 2, 50],
      ['a page up to a time', 'read_history', { stream: 'readings', to: at(30), limit: 50 }, 2, 50],
    ];

    beforeAll(async () => {
      let now = START;
      composed = await accounts.compose('asked', () => now);
      for (let count = 0; count < 40; count += 1, now += BURST_MS) {
        expect((await accounts.burst(composed, BURST_EVENTS, 10)).feeds[0]).toMatchObject({ events: BURST_EVENTS });
      }
      // The first use of each script at a server costs a second request, which carries its text.
      for (const [, name, args] of reads) await call('2026-07-28', name, args);
      cursor = (await call('2026-07-28', 'read_history', { stream: 'readings', limit: 50 })).cursor ?? '';
      expect(cursor).not.toBe('');
    });

    const FREE = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'];

    test.each(['server/discover', ...FREE])('%s: none', async (method) => {
      expect(agreed(await spending(composed, () => ask('2026-07-28', method)))).toBe(0);
    });

    test.each(FREE)('%s as 2025-11-25: none either', async (method) => {
      expect(agreed(await spending(composed, () => ask('2025-11-25', method)))).toBe(0);
    });

    test.each(reads)('%s', async (_what, name, args, most, events) => {
      const spent = [];
      for (const version of VERSIONS) {
        const one = await spending(composed, async () => {
          const page = await call(version, name, args);
          expect(page.events).toHaveLength(events);
          expect(page.scanned?.storeCalls ?? 1).toBeLessThanOrEqual(most);
        });
        expect(one.commits).toBe(0);
        spent.push(agreed(one));
      }
      const [modern = 0, legacy = 0] = spent;
      expect(modern).toBeGreaterThan(0);
      expect(modern).toBeLessThanOrEqual(most);
      expect(legacy).toBeLessThanOrEqual(modern + 1);
    });

    test('the line of the log has the fields that the README shows', async () => {
      const { logged } = await spending(composed, () => call('2026-07-28', 'read_history', { stream: 'readings' }));
      const [, shown = '{}'] = /```json\n(.*)\n```/.exec(readFileSync(README, 'utf8')) ?? [];
      expect(['time', 'level', ...Object.keys(logged ?? {})]).toEqual(Object.keys(JSON.parse(shown) as object));
    });

    test('a range that leaves out most of what it looks at tells what it took', async () => {
      let told = 0;
      const args = { stream: 'readings', from: at(2), keys: ['s9'], limit: 50 };
      const spent = await spending(composed, async () => {
        told = (await call('2026-07-28', 'read_history', args)).scanned?.storeCalls ?? 0;
      });
      expect(agreed(spent)).toBe(told);
      expect(told).toBeGreaterThanOrEqual(2);
    });

    test.each([
      ['windows that one read fills', { from: at(5), to: at(20), by: [] }, 2],
      ['windows over more than a read', { from: at(0), by: [] }, 4],
      ['an estimate', { from: at(5), estimate: true }, 2],
      ['an estimate of what ended long ago', { from: at(5), to: at(20), estimate: true }, 3],
    ])('%s', async (_what, args, most) => {
      let told = 0;
      const asked = { stream: 'readings', window: '1h', ...args };
      // The first use of a script carries its text.
      await call('2026-07-28', 'read_history', asked);
      const spent = await spending(composed, async () => {
        told = (await call('2026-07-28', 'read_history', asked)).scanned?.storeCalls ?? 0;
      });
      expect(agreed(spent)).toBe(told);
      expect(told).toBeLessThanOrEqual(most);
    });

    test('a page by cursor: at most 2, in both eras, for every page to the end', async () => {
      const modern = await spending(composed, () => call('2026-07-28', 'read_history', { stream: 'readings', cursor }));
      expect(agreed(modern)).toBeLessThanOrEqual(2);
      const legacy = await spending(composed, () => call('2025-11-25', 'read_history', { stream: 'readings', cursor }));
      expect(agreed(legacy)).toBeLessThanOrEqual(modern.calls + 1);

      let seen = 50;
      async function walk(from: string): Promise<void> {
        let next: string | null = null;
        const spent = await spending(composed, async () => {
          const page = await call('2026-07-28', 'read_history', { stream: 'readings', cursor: from, limit: 200 });
          seen += page.events.length;
          next = page.cursor ?? null;
        });
        expect(agreed(spent)).toBeLessThanOrEqual(2);
        if (next !== null) await walk(next);
      }
      await walk(cursor);
      expect(seen).toBe(1_000);
    });
  });

  describe('by a burst of n events over k keys: at most 3 + n/100 + 2k/90 commits', () => {
    beforeAll(async () => {
      await accounts.burst(await accounts.compose('warm'), 10, 2);
    });

    test.each([
      [50, 1],
      [100, 10],
      [1_000, 100],
      [5_000, 300],
    ])('n=%i, k=%i', async (n, k) => {
      const composed = await accounts.compose(`burst-${n}-${k}`);
      let told: unknown;
      const spent = await spending(composed, async () => {
        const report = await accounts.burst(composed, n, k);
        expect(report.feeds[0]).toMatchObject({ outcome: 'pulled', events: n });
        told = report.spent;
      });
      const total = agreed(spent, told);
      const { commit = 0 } = composed.counted.calls();
      expect(spent.commits).toBe(commit);
      expect(commit).toBeLessThanOrEqual(3 + n / 100 + (2 * k) / 90);
      expect(total - commit).toBeLessThanOrEqual(6 + n / 100 + (2 * k) / 90);
    });
  });
});
