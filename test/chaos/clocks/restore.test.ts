/** A restore from a backup of the engine itself: who holds a cursor from before it is told, and misses nothing that came after. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig, openStore } from '../../../src/store/drivers/open.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { tailStream } from '../../../src/streams/history/tail.ts';
import { type HistoryPage, type HistoryQuery, readHistory } from '../../../src/streams/history/events.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import { follow } from '../../../src/streams/log/follower.ts';
import { projectLatest } from '../../../src/streams/log/latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { requireService } from '../../services/available.ts';
import { type Engine, ENGINES } from '../../services/engine.ts';
import { type RestorableEngine, startRestorable } from '../../services/restorable.ts';
import { anonymous, reading, stageOf, START, TENANT } from '../../feeds/run/stage.ts';
import { ADA } from '../../tasks/stage.ts';

const STREAM = 'readings';
const RANGE = { from: START, to: START + 10_000 };
const WINDOWS = { window: '1s', ...RANGE, field: 'value', aggregates: ['sum'] };
/** Reads of the past whose cursors are held over the restore: in both directions, without a range and with one, and by filter. */
const QUESTIONS: Record<string, HistoryQuery> = {
  oldest: { order: 'oldest', limit: 12 },
  newest: { order: 'newest', limit: 3 },
  'a range': { ...RANGE, limit: 12 },
  'a range, newest first': { ...RANGE, order: 'newest', limit: 3 },
  'some of a range': { ...RANGE, order: 'oldest', limit: 12, where: { value: { below: 1_000 } } },
};
const valuesOf = (events: readonly { data: unknown }[]) => events.map(({ data }) => (data as { value: number }).value);
const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

/** What a process holds: its store, and the ways to read and to write. */
async function start(engine: RestorableEngine) {
  const store = await openStore(
    readConfig(engine.environment, 'sqlite'),
    systemRuntime(() => {}),
    'restores',
  );
  const { deps, clock } = stageOf({ streams: { [STREAM]: anonymous() } }, store);
  const scope = scopeOfLogs(deps, { tenant: TENANT });
  const declared = findStream(deps.app, STREAM);
  const streams = createAppStreams(deps, ADA);
  return {
    store,
    read: (after: string | null) => streams.read(STREAM, after, 1_000),
    history: (cursor: string | null, query: HistoryQuery) =>
      readHistory(scope, declared, { ...query, ...(cursor === null ? {} : { cursor }) }),
    /** Brings the latest events and the index of times up to date. */
    project: () => projectLatest(scope, declared, { deadline: clock.now + 60_000 }),
    windows: (cursor: string | null, maxEvents = 12) =>
      readWindows(scope, declared, { ...WINDOWS, maxEvents, ...(cursor === null ? {} : { cursor }) }),
    tail: (cursor: string | null) =>
      tailStream(scope, declared, {
        cursor,
        maxEvents: 1_000,
        timeoutMs: 0,
        settleMs: 0,
        signal: new AbortController().signal,
        deadline: clock.now + 60_000,
      }),
    async append(numbers: readonly number[]) {
      for (const n of numbers) await streams.append(STREAM, reading(n));
    },
    /** A follower with its position in the store. Answers what it took. */
    async followed() {
      const taken: unknown[] = [];
      await follow({
        scope,
        log: streamLog(TENANT, STREAM),
        follower: 'of-the-test',
        begin: () => ({
          take: (entries, truncated) => taken.push(...entries.map(({ value }) => value), ...(truncated ? ['cut'] : [])),
          effects: async () => [],
        }),
        repeatable: true,
        deadline: clock.now + 60_000,
      });
      return valuesOf(taken as { data: unknown }[]);
    },
  };
}

const servers = requireService('redis') && requireService('dynamodb');

describe.skipIf(!servers).each<Engine>([...ENGINES])('a restore of %s (needs redis-server and java)', (name) => {
  test.each([
    ['and less came after it than was lost', 2],
    ['and as much came after it as was lost', 5],
    ['and more came after it than was lost', 20],
  ])(
    '%s',
    async (_, later) => {
      const engine = await startRestorable(name);
      onTestFinished(() => engine.stop());
      const before = await start(engine);
      await before.append(upTo(0, 10));
      await before.project();
      expect(await before.followed()).toEqual(upTo(0, 10));
      await engine.save();
      const kept = { read: (await before.read(null)).cursor, tail: (await before.tail(null)).cursor };
      await before.append(upTo(10, 15));
      expect(await before.followed()).toEqual(upTo(10, 15));
      const lost = {
        read: (await before.read(null)).cursor,
        tail: (await before.tail(null)).cursor,
        windows: (await before.windows(null)).cursor,
      };
      const held = new Map<string, string | null>();
      for (const [name, query] of Object.entries(QUESTIONS)) held.set(name, (await before.history(null, query)).cursor);
      expect([...held.values(), lost.windows]).not.toContain(null);
      if (!engine.outlived) await before.store.close();
      await engine.restore();
      const after = engine.outlived ? before : await start(engine);
      onTestFinished(() => after.store.close());

      const fresh = upTo(100, 100 + later);
      await after.append(fresh);
      const all = [...upTo(0, 10), ...fresh];
      // What was read before the backup was made stands as it stood.
      const goesOn = [await after.read(kept.read), await after.tail(kept.tail)];
      for (const { truncated, events } of goesOn) expect([truncated, valuesOf(events)]).toEqual([false, fresh]);
      // A position in the store went back with it.
      expect(await after.followed()).toEqual(fresh);
      for (const { truncated, events } of [await after.read(lost.read), await after.tail(lost.tail)]) {
        expect([truncated, valuesOf(events)]).toEqual([true, all]);
      }
      // Who only follows cursors is told once, and gets all that is there now.
      for (const [name, query] of Object.entries(QUESTIONS)) {
        const pages: HistoryPage[] = [];
        for (let cursor = held.get(name) ?? null; pages.length === 0 || cursor !== null;) {
          const page = await after.history(cursor, query);
          pages.push(page);
          ({ cursor } = page);
        }
        const told = pages.map(({ anew, truncated }) => [anew, truncated]);
        expect([name, told]).toEqual([name, [[true, true], ...pages.slice(1).map(() => [false, false])]]);
        const found = valuesOf(pages.flatMap(({ events }) => events));
        expect([name, found.toSorted((a, b) => a - b)]).toEqual([name, all]);
      }
      const windows = [await after.windows(lost.windows)];
      for (let cursor = windows[0]?.cursor ?? null; cursor !== null;) {
        const page = await after.windows(cursor);
        windows.push(page);
        ({ cursor } = page);
      }
      expect(windows.map(({ anew }) => anew)).toEqual(windows.map((_, index) => index === 0));
      const sums = windows.flatMap(({ rows }) => rows.map(({ values }) => values?.sum ?? 0));
      expect(sums.reduce((a, b) => a + b, 0)).toBe(all.reduce((a, b) => a + b, 0));
    },
    60_000,
  );
});
