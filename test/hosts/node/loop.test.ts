/** The loop of a host that stays up, on a clock that moves when told. */
import { expect, onTestFinished, test } from 'vitest';
import type { Log } from '../../../src/base/runtime.ts';
import { startLoop } from '../../../src/hosts/node/loop.ts';
import { TidegateError } from '../../../src/index.ts';
import { type IngestReport } from '../../../src/schedule.ts';
import { feedOf, identified, items, reading, settle, stageOf } from '../../feeds/run/stage.ts';

/** One event a burst, every five seconds. */
function ticking(everyMs = 5_000) {
  let count = 0;
  const feed = feedOf(
    async function* () {
      count += 1;
      yield { items: items([reading(count)]), position: count, last: true };
    },
    { everyMs },
  );
  return { feed, bursts: () => count };
}

test('pulls a feed when it is due, and sweeps once a minute', async () => {
  const { feed, bursts } = ticking();
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const { deps, calls } = stage.worker();
  const reports: IngestReport[] = [];
  const loop = startLoop(deps, { onReport: (report) => reports.push(report) });
  await settle();
  expect([bursts(), reports.length]).toEqual([1, 1]);
  const sweeps = () => calls['collect'];
  expect(sweeps()).toBe(1);
  for (let second = 1; second <= 12; second += 1) await stage.clock.advance(1_000);
  expect([bursts(), reports.length]).toEqual([3, 3]);
  expect(sweeps()).toBe(1);
  for (let second = 13; second <= 60; second += 1) await stage.clock.advance(1_000);
  expect([bursts(), sweeps()]).toEqual([13, 2]);
  await loop.stop();
  expect(await stage.events()).toHaveLength(13);
});

test('a feed that hangs keeps no other waiting', async () => {
  const { feed, bursts } = ticking(1_000);
  const hanging = feedOf(async function* ({ signal, sleep }) {
    await sleep(600_000, signal);
    yield { items: [], last: true };
  });
  const stage = stageOf({ streams: { readings: identified(feed), silent: identified(hanging) } });
  const loop = startLoop(stage.deps);
  await settle();
  for (let second = 1; second <= 8; second += 1) await stage.clock.advance(1_000);
  expect(bursts()).toBe(9);
  await stage.clock.drive(loop.stop());
});

test('logs at debug what each burst and each sweep asked of the store, and nothing of looks that found nothing due', async () => {
  const { feed } = ticking();
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const told: [string, string, unknown][] = [];
  const log: Log = (level, message, fields) => void told.push([level, message, fields]);
  const loop = startLoop({ ...stage.deps, runtime: { ...stage.deps.runtime, log } }, { everyMs: 1_000 });
  await settle();
  for (let second = 1; second <= 6; second += 1) await stage.clock.advance(1_000);
  await loop.stop();
  const commits = expect.objectContaining({ commit: 3 }) as object;
  const burst = ['debug', 'feed readings', expect.objectContaining({ events: 1, storeCalls: commits })];
  const sweeping = ['debug', 'sweep', expect.objectContaining({ storeCalls: expect.objectContaining({ collect: 1 }) })];
  expect(told.toSorted(([, a], [, b]) => a.localeCompare(b))).toEqual([burst, burst, sweeping]);
});

test('a sweep that fails is logged', async () => {
  const { feed } = ticking();
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const store = { ...stage.store };
  store.trim = () => Promise.reject(new TidegateError('store_unavailable', 'no trimming'));
  const loop = startLoop({ ...stage.deps, store });
  await settle();
  expect(stage.logged.map(({ message }) => message)).toContain('sweep: no trimming');
  await loop.stop();
});

test('goes on at once where a budget cut a burst short, and then no more', async () => {
  let bursts = 0;
  const feed = feedOf(
    async function* () {
      bursts += 1;
      const more = bursts < 4 ? [reading(bursts + 100)] : [];
      yield { items: items([reading(bursts), ...more]), position: bursts, last: true };
    },
    { budget: { events: 1 }, replayable: false, overflow: 'drop-newest' },
  );
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const loop = startLoop(stage.deps);
  await settle();
  expect(bursts).toBe(4);
  await stage.clock.advance(1_000);
  expect(bursts).toBe(4);
  await loop.stop();
});

test('stopped in the middle of a burst it lets it end, with what was committed, and is quiet then', async () => {
  let ended = false;
  const feed = feedOf(async function* ({ signal, sleep }) {
    yield { items: items([reading(1)]), position: 1 };
    await sleep(600_000, signal);
    ended = true;
  });
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const loop = startLoop(stage.deps);
  await settle();
  expect(ended).toBe(false);
  await stage.clock.drive(loop.stop());
  expect(ended).toBe(true);
  expect(await stage.events()).toHaveLength(1);
  expect(stage.clock.sleepers).toBe(0);
});

test('a store that is gone is logged, and the loop goes on when it is back', async () => {
  const { feed } = ticking();
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const store = { ...stage.store };
  let gone = true;
  store.getMany = (keys, now) =>
    gone ? Promise.reject(new TidegateError('store_unavailable', 'gone')) : stage.store.getMany(keys, now);
  const loop = startLoop({ ...stage.deps, store });
  await settle();
  await stage.clock.advance(5_000);
  expect(stage.logged.filter(({ message }) => message === 'feed readings: gone')).toHaveLength(2);
  gone = false;
  await stage.clock.advance(5_000);
  expect(await stage.events()).toHaveLength(1);
  await loop.stop();
});

test('two loops on one store pull each burst once', async () => {
  const { feed, bursts } = ticking();
  const stage = stageOf({ streams: { readings: identified(feed) } });
  const loops = [startLoop(stage.worker().deps), startLoop(stage.worker().deps)];
  await settle();
  for (let second = 1; second <= 10; second += 1) await stage.clock.advance(1_000);
  expect(bursts()).toBe(3);
  await Promise.all(loops.map((loop) => loop.stop()));
  expect(await stage.events()).toHaveLength(3);
});

function reject(): never {
  throw new Error('the app cannot take it');
}

test.each([
  ['pulled', {}],
  ['held', { listens: true as const }],
])('an onReport that throws ends nothing and is logged: of a feed that is %s', async (_, kind) => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  onTestFinished(() => void process.off('unhandledRejection', onRejection));
  const { feed, bursts } = ticking();
  const stage = stageOf({ streams: { readings: identified({ ...feed, ...kind }) } });
  const loop = startLoop(stage.deps, { onReport: reject });
  await settle();
  for (let second = 1; second <= 6; second += 1) await stage.clock.advance(1_000);
  await loop.stop();
  expect(bursts()).toBe(2);
  expect(rejections).toEqual([]);
  expect(stage.logged.map(({ message }) => message)).toContain('onReport for feed readings: the app cannot take it');
});
