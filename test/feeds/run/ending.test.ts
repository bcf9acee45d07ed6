/** Runs of feeds whose process has to end. */
import { expect, test } from 'vitest';
import { feedKey } from '../../../src/feeds/records/state.ts';
import { readState } from '../../../src/feeds/records/state-record.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { anonymous, feedOf, items, readings, stageOf, TENANT } from './stage.ts';

test('a run gives its lease back soon, and leaves the latest events that are far behind to the next one', async () => {
  const ending = new AbortController();
  const feed = feedOf(async function* () {
    yield { items: items(readings(0, 3)), position: 3 };
    ending.abort();
  });
  const stage = stageOf({ streams: { readings: anonymous(feed) } });
  const { clock, store } = stage;
  const log = streamLog(TENANT, 'readings');
  for (let n = 0; n < 25; n += 1) {
    const entries = readings(0, 1_000).map((data, at) => ({ id: `${n} ${at}`, time: clock.now, key: 'a', data }));
    await store.commit([{ kind: 'append', log, entries }], {
      id: `fill ${n}`,
      now: clock.now,
      deadline: clock.now + 1,
    });
  }
  const read = store.read.bind(store);
  // Each thousand entries take half a second.
  const slow = {
    ...store,
    read: (...asked: Parameters<typeof read>) => {
      clock.now += 500;
      return read(...asked);
    },
  };
  const began = clock.now;
  await ingest({ ...stage.deps, store: slow }, began + 60_000, { signal: ending.signal });
  expect(clock.now - began).toBeLessThan(8_000);
  const state = readState(await store.get(feedKey(TENANT, 'readings'), clock.now));
  expect(state).toMatchObject({ lease: null, dirty: ['readings'], position: 3 });
  await clock.advance(60_000);
  await stage.run();
  expect(readState(await store.get(feedKey(TENANT, 'readings'), clock.now))?.dirty).toEqual([]);
});
