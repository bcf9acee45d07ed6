/** Readings far beyond a burst's budget, from an upstream that gives them from their beginning each time. */
import { expect, test } from 'vitest';
import { REPLAY_BYTES } from '../../../src/feeds/records/replay.ts';
import { feedKey } from '../../../src/feeds/records/state.ts';
import { pull } from '../../../src/feeds/kit/pull.ts';
import { anonymous, feedOf, identified, items, readings, type Stage, stageOf, TENANT } from './stage.ts';
import { byDepth } from '../../depth.ts';

async function untilQuiet(stage: Stage, most = 30): Promise<number[]> {
  const taken: number[] = [];
  for (let burst = 0; burst < most; burst += 1) {
    const report = await stage.run();
    expect(report).toMatchObject({ outcome: 'pulled', error: null });
    taken.push(report.events);
    const { value } = await stage.store.get(feedKey(TENANT, 'readings'), stage.clock.now);
    expect((value as { replay: string }).replay.length).toBeLessThanOrEqual(REPLAY_BYTES);
    if (report.nextAt > stage.clock.now) return taken;
  }
  throw new Error(`it has more after ${most} bursts`);
}

async function numbers(stage: Stage): Promise<number[]> {
  return (await stage.events()).map(({ data }) => (data as { value: number }).value);
}

/** As many bursts of 10,000 as that is. */
const LINES = byDepth(30_000, 60_000, 60_000);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test.each([
  ['without ids', anonymous],
  ['with ids', identified],
])(
  `${LINES} lines without a position, %s, are stored once each`,
  async (_, streamOf) => {
    const all = items(readings(0, LINES));
    const feed = feedOf(async function* () {
      for (let from = 0; from < all.length; from += 700) yield { items: all.slice(from, from + 700), partial: true };
      yield { items: [], last: true };
    });
    const stage = stageOf({ streams: { readings: streamOf(feed) } });
    expect(await untilQuiet(stage)).toEqual(upTo(LINES / 10_000).map(() => 10_000));
    expect(await numbers(stage)).toEqual(upTo(LINES));
  },
  60_000,
);

test(`a pull without a position that answers ${LINES - 10_000} items stores each once`, async () => {
  const all = readings(0, LINES - 10_000);
  const stage = stageOf({ streams: { readings: anonymous(pull({ pull: async () => ({ items: all }) })) } });
  await untilQuiet(stage);
  expect(await numbers(stage)).toEqual(upTo(LINES - 10_000));
}, 60_000);

test('a reading that sampling leaves nothing of comes to its end too', async () => {
  const all = readings(0, 50);
  const feed = pull({ budget: { events: 10 }, sample: { every: 1_000 }, pull: async () => ({ items: all }) });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  expect((await untilQuiet(stage)).length).toBeLessThanOrEqual(6);
  expect(await numbers(stage)).toEqual([0]);
});

test('a reading so slow that a burst is over before anything new is a failure with a name, not more of the same', async () => {
  let slow = false;
  const feed = feedOf(
    async function* ({ sleep, signal }) {
      for (let from = 0; from < 60; from += 10) {
        if (slow && from === 10) await sleep(60_000, signal);
        if (signal.aborted) return;
        yield { items: items(readings(from, from + 10)), partial: true };
      }
      yield { items: [], last: true };
    },
    { budget: { events: 30, timeMs: 5_000 } },
  );
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', events: 30 });
  slow = true;
  for (let failures = 1; failures <= 5; failures += 1) {
    const report = await stage.clock.drive(stage.run());
    expect(report).toMatchObject({ outcome: 'failed', events: 0, error: { code: 'upstream', field: 'budget.timeMs' } });
    expect(report.state).toBe(failures < 5 ? 'backing-off' : 'open');
    await stage.clock.advance(report.nextAt - stage.clock.now);
  }
  slow = false;
  for (let burst = 0; burst < 2; burst += 1) await stage.run();
  expect(await numbers(stage)).toEqual(upTo(60));
});

test('a reading of which the beginning changes meanwhile loses nothing and ends', async () => {
  let all = readings(0, 25_000);
  const feed = feedOf(async function* () {
    for (let from = 0; from < all.length; from += 50) yield { items: items(all.slice(from, from + 50)), partial: true };
    yield { items: [], last: true };
  });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  await stage.run();
  all = [...readings(100_000, 100_001), ...all];
  await untilQuiet(stage);
  expect(new Set(await numbers(stage))).toEqual(new Set([...upTo(25_000), 100_000]));
}, 60_000);
