/** A restore from a backup of the engine itself: who holds a cursor from before it is told, and misses nothing that came after. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig, openStore } from '../../../src/store/drivers/open.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { tailStream } from '../../../src/streams/history/tail.ts';
import { readHistory } from '../../../src/streams/history/events.ts';
import { follow } from '../../../src/streams/log/follower.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOf } from '../../../src/streams/scope.ts';
import { requireService } from '../../services/available.ts';
import { type Engine, ENGINES } from '../../services/engine.ts';
import { type RestorableEngine, startRestorable } from '../../services/restorable.ts';
import { anonymous, reading, stageOf, TENANT } from '../../feeds/run/stage.ts';
import { ADA } from '../../tasks/stage.ts';

const STREAM = 'readings';
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
  const scope = scopeOf(deps, { tenant: TENANT });
  const declared = findStream(deps.app, STREAM);
  const streams = createAppStreams(deps, ADA);
  return {
    store,
    read: (after: string | null) => streams.read(STREAM, after, 1_000),
    history: (cursor?: string) =>
      readHistory(scope, declared, { order: 'oldest', limit: 12, ...(cursor === undefined ? {} : { cursor }) }),
    newest: (cursor?: string) =>
      readHistory(scope, declared, { order: 'newest', limit: 3, ...(cursor === undefined ? {} : { cursor }) }),
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
      expect(await before.followed()).toEqual(upTo(0, 10));
      await engine.save();
      const kept = { read: (await before.read(null)).cursor, tail: (await before.tail(null)).cursor };
      await before.append(upTo(10, 15));
      expect(await before.followed()).toEqual(upTo(10, 15));
      const lost = {
        read: (await before.read(null)).cursor,
        tail: (await before.tail(null)).cursor,
        history: (await before.history()).cursor ?? '',
        newest: (await before.newest()).cursor ?? '',
      };
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
      // Pages of a range go on by their places, and say that they are no whole: who asks anew gets all.
      for (const page of [await after.history(lost.history), await after.newest(lost.newest)]) {
        expect(page.truncated).toBe(true);
      }
      const anew = await after.history();
      const rest = anew.cursor === null ? [] : (await after.history(anew.cursor)).events;
      expect(valuesOf([...anew.events, ...rest])).toEqual(all.slice(0, 24));
      expect(anew.truncated).toBe(false);
    },
    60_000,
  );
});
