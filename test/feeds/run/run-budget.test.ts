/** Budgets, what becomes of items beyond them, and readings that are committed in parts. */
import { describe, expect, test } from 'vitest';
import type { Overflow } from '../../../src/declare/feed.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { anonymous, feedOf, identified, items, readings, settle, type Stage, stageOf, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

async function values(stage: Stage): Promise<number[]> {
  return (await stage.events()).map(({ data }) => (data as { value: number }).value);
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('a replayable feed beyond its budget', () => {
  test('is continued behind what was taken in, without ids too', async () => {
    const feed = feedOf(
      async function* ({ position }) {
        if (position === 'all') yield { items: [], last: true };
        else yield { items: items(readings(0, 25)), position: 'all', last: true };
      },
      { budget: { events: 10 } },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const reports = [await stage.run(), await stage.run(), await stage.run()];
    expect(reports.map(({ events }) => events)).toEqual([10, 10, 5]);
    expect(reports.map(({ nextAt }) => nextAt - stage.clock.now)).toEqual([0, 0, 60_000]);
    expect(await values(stage)).toEqual(upTo(25));
    await stage.clock.advance(60_000);
    expect(await stage.run()).toMatchObject({ events: 0 });
  });

  test('is not resumed, so it acknowledges nothing that is not stored', async () => {
    let acknowledged = 0;
    let ended = false;
    const feed = feedOf(
      async function* () {
        try {
          for (let from = 0; from < 30; from += 6) {
            yield { items: items(readings(from, from + 6)), position: from };
            acknowledged += 6;
          }
        } finally {
          ended = true;
        }
      },
      { budget: { events: 10 } },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    expect(await stage.run()).toMatchObject({ events: 10 });
    expect({ acknowledged, ended }).toEqual({ acknowledged: 6, ended: true });
  });

  test('that is bounded in bytes ends there', async () => {
    const feed = feedOf(
      async function* () {
        yield { items: items(readings(0, 50)), position: 1 };
      },
      { budget: { bytes: 1_000 } },
    );
    expect(await stageOf({ streams: { readings: anonymous(feed) } }).run()).toMatchObject({ events: 10, bytes: 1_000 });
  });

  test('counts no duplicates, so one that gives everything again comes to its end', async () => {
    const feed = feedOf(
      async function* () {
        yield { items: items(readings(0, 25)), last: true };
      },
      { budget: { events: 10 } },
    );
    const stage = stageOf({ streams: { readings: identified(feed) } });
    for (let burst = 0; burst < 3; burst += 1) await stage.run();
    expect(await values(stage)).toEqual(upTo(25));
  });

  test('that gives something else instead loses nothing', async () => {
    let from = 0;
    const feed = feedOf(
      async function* () {
        yield { items: items(readings(from, from + 20)), position: `from ${from}`, last: true };
      },
      { budget: { events: 10 } },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    await stage.run();
    from = 100;
    await stage.run();
    await stage.run();
    expect(await values(stage)).toEqual([...upTo(10), ...upTo(20).map((n) => n + 100)]);
  });
});

/** One document, read anew from its beginning unless its position says that it was read to its end. */
const document = (length: number, size: number) =>
  feedOf(
    async function* ({ position }) {
      if (position === 'end') return;
      for (let from = 0; from < length; from += size) {
        const last = from + size >= length;
        const batch = { items: items(readings(from, Math.min(length, from + size))) };
        yield last ? { ...batch, position: 'end', last } : { ...batch, partial: true };
      }
    },
    { budget: { events: 100_000, bytes: 1e9 } },
  );

describe('a reading of several batches', () => {
  test.each([
    ['in batches that fit a commit', 60, 10],
    ['in a batch that takes several commits', 20_000, 20_000],
    ['in batches of other sizes than before', 60, 7],
  ])('that dies in the middle goes on behind what is committed: %s', { timeout: 60_000 }, async (_, length, size) => {
    for (const nth of [2, 3, 4]) {
      const stage = stageOf({ streams: { readings: anonymous(document(length, size)) } });
      const dying = stage.worker((_operations, number, next) => (number < nth ? next() : new Promise(() => {})));
      void ingest(dying.deps, stage.clock.now + 60_000);
      await settle();
      await stage.clock.advance(31_000);
      expect(await stage.run()).toMatchObject({ outcome: 'pulled', duplicates: 0 });
      expect(await values(stage)).toEqual(upTo(length));
    }
  });

  test('equal items that come after it are other items', async () => {
    const feed = feedOf(async function* ({ position }) {
      const round = (position as number | null) ?? 0;
      yield { items: items(readings(0, 5)), position: round + 1, last: true };
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    for (let round = 0; round < 3; round += 1) {
      expect(await stage.run()).toMatchObject({ events: 5 });
      await stage.clock.advance(60_000);
    }
  });
});

const flood = (overflow?: Overflow) =>
  feedOf(
    async function* () {
      yield { items: items(readings(0, 6)) };
      yield { items: items(readings(6, 16)), last: true };
    },
    { budget: { events: 10 }, replayable: false, ...(overflow && { overflow }) },
  );

describe('a feed that cannot give again what is beyond its budget', () => {
  test.each([
    ['drop-newest' as const, upTo(10)],
    ['drop-oldest' as const, [...upTo(6), 12, 13, 14, 15]],
  ])('%s', async (overflow, kept) => {
    const stage = stageOf({ streams: { readings: anonymous(flood(overflow)) } });
    expect(await stage.run()).toMatchObject({ events: 10, dropped: 6, deadLetters: 0 });
    expect(await values(stage)).toEqual(kept);
  });

  test('dead-letter, which is the default, keeps them to be read', async () => {
    const stage = stageOf({ streams: { readings: anonymous(flood()) } });
    expect(await stage.run()).toMatchObject({ events: 10, dropped: 6, deadLetters: 6 });
    const { deadLetters } = await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings');
    expect(deadLetters.map(({ reason, item }) => [reason, (item as { value: number }).value])).toEqual(
      [10, 11, 12, 13, 14, 15].map((value) => ['overflow', value]),
    );
  });
});
