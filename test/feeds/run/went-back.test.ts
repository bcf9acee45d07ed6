/** A store that went back to an earlier state under feeds that go on: a copy of the sqlite file is put back. */
import { expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import type { Feed } from '../../../src/declare/feed.ts';
import { isoTime } from '../../../src/base/time/time-text.ts';
import { spanText } from '../../../src/feeds/kit/gap-items.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { pull } from '../../../src/feeds/kit/pull.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { startRestorable } from '../../services/restorable.ts';
import { anonymous, feedOf, items, readings, stageOf, TENANT } from './stage.ts';

const MINUTE = 60_000;

/** A store that stays the same to a process while the engine behind it is put back, as that of a server does. */
async function restorable() {
  const engine = await startRestorable('sqlite');
  const lent = systemRuntime(() => {});
  const open = () => openStore(readConfig(engine.environment, 'sqlite'), lent, 'stage');
  let inner = await open();
  onTestFinished(async () => {
    await inner.close();
    await engine.stop();
  });
  const store = new Proxy(inner, { get: (_, name: keyof Store) => name !== 'putBack' && inner[name] });
  const restore = async () => {
    await inner.close();
    await engine.restore();
    inner = await open();
  };
  /** What the process that opened the file first sees in it. */
  const opened = () => ({ ...inner });
  return { store, save: () => engine.save(), restore, opened };
}

/** A queue: what was taken does not come again. */
const broker = (queue: unknown[]): Feed => pull({ acknowledges: true, pull: async () => ({ items: queue.splice(0) }) });

/** A source that gives again what follows a position. */
function source(given: { count: number }): Feed {
  return feedOf(async function* ({ position }) {
    const from = Number(position ?? 0);
    if (from < given.count) yield { items: items(readings(from, given.count)), position: given.count };
  });
}

const shown = (events: readonly { data: unknown; meta?: { gap?: { reason: string; detail?: string } } }[]) =>
  events.map(({ data, meta }) => meta?.gap?.reason ?? (data as { value: number }).value);

test('what a broker was told was taken, and is lost, stands as a gap with its span', async () => {
  const { store, save, restore } = await restorable();
  const queue: unknown[] = readings(0, 2);
  const stage = stageOf({ streams: { readings: anonymous(broker(queue)) } }, store);
  const keptAt = stage.clock.now;
  await stage.run();
  await save();
  await stage.clock.advance(MINUTE);
  queue.push(...readings(2, 4));
  await stage.run();
  const lostAt = stage.clock.now;
  await restore();
  for (const n of [4, 5]) {
    await stage.clock.advance(MINUTE);
    queue.push(...readings(n, n + 1));
    await stage.run();
  }
  const events = await stage.events();
  expect(shown(events)).toEqual([0, 1, 'history_went_back', 4, 5]);
  expect(events[2]?.meta?.gap?.detail).toBe(spanText(keptAt, lostAt));
  const [status] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  expect(status?.wentBack).toEqual({
    at: lostAt + MINUTE,
    from: keptAt,
    to: lostAt,
  });
  const told = stage.logged.filter(({ message }) => message.includes('went back'));
  expect(told).toMatchObject([
    { level: 'error', fields: { from: isoTime(keptAt), to: isoTime(lostAt), lostOf: ['readings'] } },
  ]);
});

test('a feed whose position went back reads again, and says so without a gap', async () => {
  const { store, save, restore } = await restorable();
  const given = { count: 3 };
  const stage = stageOf({ streams: { readings: anonymous(source(given)) } }, store);
  await stage.run();
  await save();
  for (given.count = 6; given.count < 9; given.count += 1) {
    await stage.clock.advance(MINUTE);
    await stage.run();
  }
  await restore();
  await stage.clock.advance(MINUTE);
  await stage.run();
  expect(shown(await stage.events())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const [status] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  expect([status?.wentBack?.at, status?.lastGapAt, status?.state]).toEqual([stage.clock.now, null, 'ok']);
});

test('it is noticed as well where another process ran the feed first', async () => {
  const { store, save, restore } = await restorable();
  const queue: unknown[] = readings(0, 2);
  const stage = stageOf({ streams: { readings: anonymous(broker(queue)) } }, store);
  await stage.run();
  await save();
  queue.push(...readings(2, 4));
  await stage.clock.advance(MINUTE);
  await stage.run();
  const lostAt = stage.clock.now;
  await restore();
  // It knows of nothing that is lost.
  const other = stage.worker().deps;
  for (const n of [4, 5, 6]) {
    queue.push(...readings(n, n + 1));
    await stage.clock.advance(MINUTE);
    await ingest(other, stage.clock.now + MINUTE);
  }
  await stage.clock.advance(MINUTE);
  await stage.run();
  const events = await stage.events();
  expect(shown(events)).toEqual([0, 1, 4, 5, 6, 'history_went_back']);
  expect(events.at(-1)?.meta?.gap?.detail).toBe(`up to ${isoTime(lostAt)}`);
});

test('a process that begins with a copy of the sqlite file takes for lost what came since a feed last ran', async () => {
  const { store, save, restore, opened } = await restorable();
  const queue: unknown[] = readings(0, 2);
  const streams = { readings: anonymous(broker(queue)) };
  const ended = stageOf({ streams }, store);
  const ranAt = ended.clock.now;
  await ended.run();
  await save();
  await ended.clock.advance(MINUTE);
  queue.push(...readings(2, 4));
  await ended.run();
  await restore();
  const stage = stageOf({ streams }, opened());
  for (const n of [4, 5]) {
    await stage.clock.advance(5 * MINUTE);
    queue.push(...readings(n, n + 1));
    await stage.run();
  }
  const events = await stage.events();
  expect(shown(events)).toEqual([0, 1, 'history_went_back', 4, 5]);
  expect(events[2]?.meta?.gap?.detail).toBe(spanText(ranAt, ranAt + 5 * MINUTE));
});

test('processes that take turns notice nothing, and one alone asks nothing of the store for it', async () => {
  const queue: unknown[] = [];
  const stage = stageOf({ streams: { readings: anonymous(broker(queue)) } });
  const workers = [stage.worker(), stage.worker()];
  const turns = [0, 0, 0, 1, 0, 1, 1, 0];
  const reads: number[] = [];
  for (const [n, turn] of turns.entries()) {
    queue.push(...readings(n, n + 1));
    await stage.clock.advance(MINUTE);
    const { deps, calls } = workers[turn]!;
    const before = calls['read'] ?? 0;
    await ingest(deps, stage.clock.now + MINUTE);
    reads.push((calls['read'] ?? 0) - before);
  }
  expect(shown(await stage.events())).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const [first = 0] = reads;
  expect(reads.map((count) => count - first)).toEqual([0, 0, 0, 0, 1, 1, 0, 1]);
  const [status] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  expect(status).not.toHaveProperty('wentBack');
  expect(stage.logged.filter(({ level }) => level !== 'debug')).toEqual([]);
});
