/** `/healthz/feeds`: when it is 200 and when 503, what an anonymous caller hears, and that probes share and write nothing. */
import { expect, test } from 'vitest';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { changeFeed } from '../../../src/feeds/records/change-feed.ts';
import type { FeedState } from '../../../src/feeds/records/state.ts';
import { sharedScope } from '../../../src/streams/scope.ts';
import { observedHost, type ObservedHost } from './observed-host.ts';

interface Health {
  status: string;
  feeds: Record<string, number>;
  details?: Record<string, unknown>[];
}

async function health(host: ObservedHost, headers = {}): Promise<{ status: number; body: Health; text: string }> {
  const response = await host.get('/healthz/feeds', headers);
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Health, text };
}

type Pulled = () => Promise<{ items: object[] }>;
const attic: Pulled = () => Promise.resolve({ items: [{ room: 'attic', celsius: 1 }] });
const failing: Pulled = () => Promise.reject(new Error('the pump of hall 7'));

const run = (host: ObservedHost) => host.host.scheduled(host.clock.now + 20_000);

test('a feed that never ran and one that is well are well; late events, failures and nobody who runs it are not', async () => {
  let pulled = attic;
  const host = observedHost({ pulled: () => pulled() });
  expect(await health(host)).toMatchObject({
    status: 200,
    body: { status: 'ok', feeds: { ok: 1, late: 0, failing: 0, paused: 0 } },
  });
  await run(host);
  host.clock.now += 10_000;
  expect((await health(host)).body.details).toEqual([
    expect.objectContaining({
      feed: 'rooms',
      verdict: 'ok',
      state: 'ok',
      lagMs: 10_000,
      lastError: null,
      nextDueInMs: expect.any(Number) as number,
    }),
  ]);
  // Its bursts go on, and bring nothing that is newer.
  pulled = () => Promise.resolve({ items: [] });
  host.clock.now += 3_600_000;
  await run(host);
  expect(await health(host)).toMatchObject({
    status: 503,
    body: { status: 'failing', feeds: { ok: 0, late: 1, failing: 0, paused: 0 } },
  });
  pulled = () => Promise.reject(new TidegateError('upstream', 'no \u001b[31manswer\nforged'));
  for (let n = 0; n < 6; n += 1) {
    host.clock.now += 600_000;
    await run(host);
  }
  const failed = await health(host);
  expect(failed).toMatchObject({ status: 503, body: { feeds: { failing: 1 } } });
  expect(failed.body.details?.[0]).toMatchObject({
    verdict: 'failing',
    state: 'open',
    lastError: { code: 'upstream' },
  });
  expect(failed.text).not.toContain('\u001b');
  host.clock.now += 3_600_000;
  expect((await health(host)).body.details?.[0]).toMatchObject({ verdict: 'failing', state: 'overdue' });
});

test('one burst that failed is tried again, and is no alarm', async () => {
  const host = observedHost({ pulled: () => Promise.reject(new Error('once')) });
  await run(host);
  expect(await health(host)).toMatchObject({
    status: 200,
    body: { details: [{ state: 'backing-off', verdict: 'ok' }] },
  });
});

const pause = (_state: FeedState, now: number) => ({ paused: { since: now, by: 'ada', reason: null } });

test('a feed that an operator paused is told as paused, and is no alarm, however it was before', async () => {
  const host = observedHost({ pulled: failing });
  for (let n = 0; n < 6; n += 1) {
    await run(host);
    host.clock.now += 600_000;
  }
  expect((await health(host)).status).toBe(503);
  const { deps } = host;
  const feed = deps.app.feeds.get('rooms')!;
  await changeFeed(sharedScope(deps), feed, pause, deps.runtime.now() + 5_000);
  host.clock.now += 3_600_000;
  expect(await health(host)).toMatchObject({
    status: 200,
    body: {
      status: 'ok',
      feeds: { ok: 0, late: 0, failing: 0, paused: 1 },
      details: [{ feed: 'rooms', verdict: 'paused', state: 'paused' }],
    },
  });
});

const authenticate = (request: Request) => {
  const key = request.headers.get('authorization');
  if (key === 'Bearer admin') return { tenant: 'public', subject: 'a', client: null, scopes: ['admin'] } as never;
  return new Response(null, { status: 401 });
};

test('an anonymous caller hears how many, and no name, error or lag', async () => {
  const closed = observedHost({ isOpen: false, authenticate, pulled: failing });
  await run(closed);
  expect((await health(closed)).text).toBe('{"status":"ok","feeds":{"ok":1,"late":0,"failing":0,"paused":0}}');
  expect((await closed.get('/healthz/feeds', { authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await health(closed, { authorization: 'Bearer admin' })).body.details).toHaveLength(1);
  const open = observedHost({ host: '0.0.0.0', pulled: failing });
  await run(open);
  expect((await health(open)).body.details).toBeUndefined();
});

test('probes share one call for 5 s and write nothing; a store that does not answer is 503', async () => {
  const counted = countCalls(createMemoryStore());
  const host = observedHost({ from: counted.store });
  await Promise.all(Array.from({ length: 50 }, () => health(host)));
  expect(counted.calls()).toEqual({ getMany: 1 });
  const store = createMemoryStore();
  const never = { ...store, getMany: () => new Promise<never>(() => {}) };
  const silent = observedHost({ from: never, sleep: () => Promise.resolve() });
  const response = await silent.get('/healthz/feeds');
  expect([response.status, await response.json()]).toEqual([503, { status: 'unknown', part: 'store' }]);
});
