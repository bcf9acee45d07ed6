/** What a burst costs in commits. */
import { describe, expect, test } from 'vitest';
import { from } from '../../../src/feeds/from.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { appendWeight } from '../../../src/store/limits.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { stream } from '../../../src/declare/stream.ts';
import { anonymous, feedOf, identified, items, Reading, readings, stageOf, TENANT } from './stage.ts';
import { readLatestByKey } from '../../../src/streams/log/read-latest.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { byDepth } from '../../depth.ts';

const budget = { events: 1_000_000, bytes: 1_000_000_000 };

function batched(n: number, keys: number, size: number) {
  return feedOf(
    async function* () {
      for (let at = 0; at < n; at += size) {
        const end = Math.min(n, at + size);
        yield { items: items(readings(at, end, keys)), position: end, last: end === n };
      }
    },
    { budget },
  );
}

describe('a burst of n events over k keys costs at most 3 + n/100 + 2k/90 commits', () => {
  const keys = [1, 2, 88, 89, 90, 178, 500, 5_000];
  const grid = [1, 50, 89, 100, 1_000].flatMap((n) => keys.filter((k) => k <= n).map((k) => [n, k] as const));
  const many = byDepth([1, 89, 500], keys, keys).map((k) => [10_000, k] as const);
  const most = byDepth([], [[30_000, 500] as const], [[30_000, 500] as const]);
  test.each([...grid, ...many, ...most])('n=%i k=%i', { timeout: 60_000 }, async (n, k) => {
    for (const size of [n, 1_000]) {
      const stage = stageOf({ streams: { readings: identified(batched(n, k, size)) } });
      const { deps, calls } = stage.worker();
      const { feeds } = await ingest(deps, stage.clock.now + 60_000);
      expect(feeds[0]).toMatchObject({ outcome: 'pulled', events: n, commits: calls['commit'] });
      expect(calls['commit']).toBeLessThanOrEqual(3 + n / 100 + (2 * k) / 90);
    }
  });

  test('n=50 k=1: the lease, the events, and the latest event together with the lease given back', async () => {
    const stage = stageOf({ streams: { readings: anonymous(batched(50, 1, 50)) } });
    const { deps, calls } = stage.worker();
    await ingest(deps, stage.clock.now + 60_000);
    expect(calls['commit']).toBe(3);
  });

  test('also on an engine with narrower commits', async () => {
    const store = createMemoryStore({ limits: { commitOperations: 90, commitBytes: 800_000 } });
    const stage = stageOf({ streams: { readings: identified(batched(20_000, 500, 10_000)) } }, store);
    const { deps, calls } = stage.worker();
    expect((await ingest(deps, stage.clock.now + 60_000)).feeds[0]).toMatchObject({ events: 20_000 });
    expect(calls['commit']).toBeLessThanOrEqual(3 + 20_000 / 100 + (2 * 500) / 90);
  });
});

const routed = () => stream({ description: 'one', schema: Reading, key: 'sensor', feed: from('many') });

test('each further stream that a feed fills adds one commit', async () => {
  for (const count of [2, 5, 20]) {
    const names = Array.from({ length: count }, (_, i) => `s${i}`);
    const n = count * 30;
    const feed = feedOf(async function* () {
      yield { items: names.flatMap((name) => items(readings(0, 30, 3), name)), position: 1, last: true };
    });
    const streams = Object.fromEntries(names.map((name) => [name, routed()]));
    const stage = stageOf({ feeds: { many: feed }, streams });
    const { deps, calls } = stage.worker();
    expect((await ingest(deps, stage.clock.now + 60_000)).feeds[0]).toMatchObject({ events: n });
    expect(calls['commit']).toBeLessThanOrEqual(3 + n / 100 + (2 * 3 * count) / 90 + (count - 1));
    for (const name of names) {
      const { events } = await readLatestByKey(scopeOfLogs(deps, { tenant: TENANT }), name, { after: null, limit: 10 });
      expect(events.map(({ key }) => key)).toEqual(['s0', 's1', 's2']);
    }
  }
});

const routedTo = (name: string, keys: number) => {
  const feed = feedOf(async function* () {
    yield { items: items(readings(0, 400, keys), name), position: 1, last: true };
  });
  return anonymous(feed);
};

test('each turn tells what it asked of the store, apart from those beside it; the run tells all of it', async () => {
  const streams = Object.fromEntries([1, 40, 400].map((k) => [`k${k}`, routedTo(`k${k}`, k)]));
  const stage = stageOf({ streams });
  const { deps, calls } = stage.worker();
  const { feeds, spent } = await ingest(deps, stage.clock.now + 60_000);
  expect(feeds.map(({ outcome }) => outcome)).toEqual(['pulled', 'pulled', 'pulled']);
  expect(spent.storeCalls).toEqual(calls);
  for (const { spent: own, commits } of feeds) expect(own.storeCalls.commit).toBe(commits);
  const sum = (name: 'commit' | 'get' | 'getMany' | 'read') =>
    feeds.reduce((total, { spent: own }) => total + (own.storeCalls[name] ?? 0), 0);
  expect([sum('commit'), sum('get'), sum('read')]).toEqual([calls['commit'], calls['get'], calls['read']]);
  // What is due was looked up once, for all.
  expect(sum('getMany')).toBe((calls['getMany'] ?? 0) - 1);
  const again = await ingest(deps, stage.clock.now + 60_000);
  expect(again.spent.storeCalls).toEqual({ getMany: 1 });
  expect(again.feeds.map((feed) => feed.spent)).toEqual([{ storeCalls: {} }, { storeCalls: {} }, { storeCalls: {} }]);
});

test('a batch above what a commit holds is committed in parts within the limits', async () => {
  const weights: number[] = [];
  const data = readings(0, 200);
  const Big = Reading.extend({ text: Reading.shape.sensor });
  const feed = feedOf(
    async function* () {
      yield { items: items(data.map((datum) => ({ ...datum, text: 'x'.repeat(60_000) }))), position: 1, last: true };
    },
    { budget },
  );
  const stage = stageOf({ streams: { readings: stream({ description: 'big', schema: Big, key: 'sensor', feed }) } });
  const { deps } = stage.worker(async (operations, _, next) => {
    for (const operation of operations) {
      if (operation.kind === 'append')
        weights.push(appendWeight(operation.entries.map((e) => JSON.stringify(e).length)));
    }
    return next();
  });
  expect((await ingest(deps, stage.clock.now + 60_000)).feeds[0]).toMatchObject({ outcome: 'pulled', events: 200 });
  expect(weights.length).toBeGreaterThan(2);
  expect(Math.max(...weights)).toBeLessThanOrEqual(89);
  expect(await stage.events()).toHaveLength(200);
});
