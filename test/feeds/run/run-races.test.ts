/** Two workers on one store, workers that die between any two commits, and a store that does not say what it did. */
import { describe, expect, test } from 'vitest';
import type { Feed } from '../../../src/declare/feed.ts';
import type { Stream } from '../../../src/declare/stream.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { weaken } from '../../store/weaknesses.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import {
  anonymous,
  feedOf,
  identified,
  items,
  type OnCommit,
  readings,
  settle,
  type Stage,
  stageOf,
  TENANT,
} from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const TOTAL = 60;

/** Gives numbers from its position on, ten in a batch, each batch with its position. */
function counting(): Feed {
  return feedOf(async function* ({ position }) {
    for (let from = (position as number | null) ?? 0; from < TOTAL; from += 10) {
      const last = from + 10 >= TOTAL;
      yield { items: items(readings(from, from + 10, 3)), position: from + 10, last };
    }
  });
}

/** Gives everything each time: only ids can tell what is new. */
function repeating(): Feed {
  return feedOf(async function* () {
    for (let from = 0; from < TOTAL; from += 10) yield { items: items(readings(from, from + 10, 3)) };
  });
}

const cases: [string, () => Stream<unknown>][] = [
  ['events with ids that come again', () => identified(repeating())],
  ['events without ids, by position', () => anonymous(counting())],
  ['events with ids, by position', () => identified(counting())],
];

async function expectExactlyOnce(stage: Stage): Promise<void> {
  const values = (await stage.events()).map(({ data }) => (data as { value: number }).value);
  expect(values).toEqual(Array.from({ length: TOTAL }, (_, i) => i));
  for (const [key, value] of [
    ['s0', TOTAL - 3],
    ['s1', TOTAL - 2],
    ['s2', TOTAL - 1],
  ] as const) {
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', key)).toMatchObject({
      data: { value },
    });
  }
}

/** A process that dies at its nth commit: before the store has it, or before the answer comes back. Nothing of it runs on. */
function dyingAt(nth: number, before: boolean): OnCommit {
  return async (_, number, next) => {
    if (number < nth) return next();
    if (number === nth && !before) await next();
    return new Promise(() => {});
  };
}

describe.each(cases)('%s', (_, declare) => {
  test('are in exactly once when two workers run at the same time, again and again', async () => {
    const stage = stageOf({ streams: { readings: declare() } });
    const workers = [stage.worker(), stage.worker(), stage.worker()];
    for (let round = 0; round < 3; round += 1) {
      const deadline = stage.clock.now + 60_000;
      const reports = await Promise.all(workers.map(({ deps }) => ingest(deps, deadline)));
      const outcomes = reports.map(({ feeds }) => feeds[0]?.outcome);
      expect(outcomes.filter((outcome) => outcome === 'pulled')).toHaveLength(1);
      await stage.clock.advance(60_000);
    }
    await expectExactlyOnce(stage);
  });

  test.each([true, false])('are in exactly once wherever a worker dies (before its commit: %s)', async (before) => {
    for (let nth = 1; nth <= 10; nth += 1) {
      const stage = stageOf({ streams: { readings: declare() } });
      const dying = stage.worker(dyingAt(nth, before));
      void ingest(dying.deps, stage.clock.now + 60_000);
      await settle();
      await stage.run();
      await stage.clock.advance(31_000);
      await stage.run();
      await stage.clock.advance(60_000);
      expect(await stage.run()).toMatchObject({ outcome: expect.stringMatching(/pulled|waiting/) });
      await expectExactlyOnce(stage);
    }
  });

  test('are in exactly once when a worker comes back after its lease was taken over', async () => {
    for (let nth = 2; nth <= 9; nth += 1) {
      const stage = stageOf({ streams: { readings: declare() } });
      const { promise: asleep, resolve: wake } = Promise.withResolvers<void>();
      const slow = stage.worker(async (_, number, next) => {
        if (number === nth) await asleep;
        return next();
      });
      const paused = ingest(slow.deps, stage.clock.now + 600_000);
      await settle();
      await stage.clock.advance(31_000);
      expect(await stage.run()).toMatchObject({ outcome: expect.stringMatching(/pulled|waiting/) });
      wake();
      const report = await stage.clock.drive(paused);
      if (slow.calls['commit'] === nth) expect(report.feeds[0]).toMatchObject({ outcome: 'lost' });
      await expectExactlyOnce(stage);
    }
  });

  test('are in exactly once over a store that often does not say what it did', async () => {
    for (let seed = 0; seed < 8; seed += 1) {
      const stage = stageOf({ streams: { readings: declare() } });
      const unsure: OnCommit = async (_, number, next) => {
        const dice = (number * 7 + seed * 3) % 5;
        const result = dice === 0 ? null : await next();
        return dice < 3 ? { status: 'unknown', cause: new Error('the answer was lost') } : (result ?? next());
      };
      const [a, b] = [stage.worker(unsure), stage.worker(unsure)];
      for (let round = 0; round < 2; round += 1) {
        const deadline = stage.clock.now + 60_000;
        const both = Promise.all([ingest(a.deps, deadline), ingest(b.deps, deadline)]);
        const reports = await stage.clock.drive(both);
        expect(reports.flatMap(({ feeds }) => feeds.map(({ error }) => error))).toEqual([null, null]);
        await stage.clock.advance(60_000);
      }
      await expectExactlyOnce(stage);
    }
  });
});

/** A generator of chance that can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'three workers on a store as weak as an engine may be: all exactly once (seed %i)',
  async (seed) => {
    for (const [, declare] of cases) {
      const stage = stageOf({ streams: { readings: declare() } });
      const random = seeded(seed * 7_919 + 1);
      const store = weaken(stage.store, { random, unknown: 0.4, staleDue: 0.3, halfVisible: true });
      for (let round = 0; round < 4; round += 1) {
        const deadline = stage.clock.now + 60_000;
        const runs = [1, 2, 3].map(() => ingest({ ...stage.deps, store }, deadline));
        await stage.clock.drive(Promise.all(runs));
        await stage.clock.advance(60_000);
      }
      await stage.run();
      await expectExactlyOnce(stage);
    }
  },
);

describe('a store that is gone', () => {
  test('in the middle of a burst is no fault of the feed, and loses nothing', async () => {
    const stage = stageOf({ streams: { readings: anonymous(counting()) } });
    const cut = stage.worker(async (_, number, next) => {
      if (number < 4) return next();
      return { status: 'unknown', cause: new Error('connection refused') };
    });
    const report = await stage.clock.drive(ingest(cut.deps, stage.clock.now + 10_000));
    expect(report.feeds[0]).toMatchObject({ outcome: 'failed', error: { code: 'store_unknown' } });
    expect(report.nextAt).toBeGreaterThan(stage.clock.now);
    await stage.clock.advance(31_000);
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
    await expectExactlyOnce(stage);
    expect((await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT })))[0]).toMatchObject({
      state: 'ok',
      failures: 0,
    });
  });

  test('at the start is thrown', async () => {
    const stage = stageOf({ streams: { readings: anonymous(counting()) } });
    const { deps } = stage.worker();
    const gone = { ...deps.store, getMany: () => Promise.reject(new Error('gone')) };
    await expect(ingest({ ...deps, store: gone }, stage.clock.now + 10_000)).rejects.toThrow('gone');
  });
});

test('a commit that the store refuses as a defect of ours leaves the position where it was', async () => {
  const stage = stageOf({ streams: { readings: anonymous(counting()) } });
  const { deps } = stage.worker((_, number, next) =>
    number === 4 ? Promise.reject(new TidegateError('too_large', 'ours')) : next(),
  );
  const { feeds } = await ingest(deps, stage.clock.now + 60_000);
  expect(feeds[0]).toMatchObject({ outcome: 'failed', state: 'backing-off', error: { code: 'too_large' } });
  await stage.clock.advance(60_000);
  expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
  await expectExactlyOnce(stage);
});

test('a feed that kills its process again and again ends at an open breaker', async () => {
  const stage = stageOf({ streams: { readings: anonymous(counting()) } });
  for (let death = 0; death < 5; death += 1) {
    const { deps } = stage.worker(dyingAt(2, true));
    void ingest(deps, stage.clock.now + 60_000);
    await settle();
    await stage.clock.advance(31_000);
  }
  expect(await stage.run()).toMatchObject({ outcome: 'failed', state: 'open', events: 0 });
  expect((await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT })))[0]).toMatchObject({
    state: 'open',
    failures: 5,
  });
  await stage.clock.advance(60_000);
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok' });
  await expectExactlyOnce(stage);
});
