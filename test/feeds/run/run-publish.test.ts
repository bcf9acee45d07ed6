/** Somebody publishes to the stream that a feed fills: each id stands once. */
import { describe, expect, test } from 'vitest';
import { isGap } from '../../../src/base/event.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { publish } from '../../../src/streams/log/publish.ts';
import { feedOf, identified, items, reading, readings, type Stage, stageOf, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const ids = async (stage: Stage) => (await stage.events()).filter((event) => !isGap(event)).map(({ id }) => id);

function publishTo({ app, deps, clock }: Stage, n: number, over = deps) {
  const stream = app.streams.get('readings');
  if (!stream) throw new Error('no stream');
  return publish(scopeOfLogs(over, { tenant: TENANT }), stream, { data: reading(n) }, clock.now + 5_000);
}

test('an id that is published in the middle of a burst is known to the feed', async () => {
  const feed = feedOf(async function* () {
    yield { items: items(readings(0, 1)), position: 1 };
    await publishTo(stage, 5);
    yield { items: items([reading(5), reading(6)]), position: 2 };
    yield { items: items([reading(7)]), position: 3, last: true };
  });
  const stage = stageOf({ streams: { readings: identified(feed) } });
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', events: 3, duplicates: 1 });
  expect(await ids(stage)).toEqual(['r0', 'r5', 'r6', 'r7']);
});

describe.each([1, 2, 3])('an id that is published between what the feed reads and its commit %i', (nth) => {
  test('stands once, and the rest is stored', async () => {
    const feed = feedOf(async function* () {
      yield { items: items(readings(0, 3)), position: 1 };
      yield { items: items(readings(3, 6)), position: 2, last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    const { deps } = stage.worker(async (_operations, number, next) => {
      if (number === nth) for (const n of [1, 4, 5]) await publishTo(stage, n);
      return next();
    });
    const { feeds } = await ingest(deps, stage.clock.now + 60_000);
    expect(feeds[0]).toMatchObject({ outcome: 'pulled' });
    expect((await ids(stage)).toSorted()).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
    expect((feeds[0]?.events ?? 0) + (feeds[0]?.duplicates ?? 0)).toBe(6);
  });
});

test('an id that the feed brings between what a publisher reads and its commit stands once', async () => {
  const feed = feedOf(async function* () {
    yield { items: items(readings(0, 3)), position: 1, last: true };
  });
  const stage = stageOf({ streams: { readings: identified(feed) } });
  let raced = false;
  const { deps } = stage.worker(async (_operations, _number, next) => {
    if (!raced) {
      raced = true;
      await stage.run();
    }
    return next();
  });
  expect(await publishTo(stage, 1, deps)).toMatchObject({ duplicate: true, event: { id: 'r1' } });
  expect(await ids(stage)).toEqual(['r0', 'r1', 'r2']);
});
