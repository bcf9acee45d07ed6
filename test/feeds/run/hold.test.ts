/** Feeds that hold their connection on a host that stays up: a toy source that listens, on a clock that moves when told. */
import { describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import type { BurstContext, FeedPacing } from '../../../src/declare/feed.ts';
import { startLoop } from '../../../src/hosts/node/loop.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { identified, items, reading, settle, type Stage, stageOf, TENANT, feedOf } from './stage.ts';

const LEASE_MS = 30_000;

/** A source that listens: what is sent to it is handed over one by one, and it records who is connected. */
function toySource(pacing: FeedPacing = {}) {
  const connections = new Set<number>();
  const queue: unknown[] = [];
  let waiting: PromiseWithResolvers<void> | null = null;
  const source = {
    connections,
    opened: 0,
    ranUntil: null as number | null,
    broken: null as TidegateError | null,
    send(...data: unknown[]) {
      queue.push(...data);
      waiting?.resolve();
    },
    drop(message: string) {
      source.broken = new TidegateError('upstream', message);
      waiting?.resolve();
    },
    feed: {
      ...feedOf((context) => burst(context), { replayable: false, ...pacing }),
      listens: true,
    },
  };
  async function* burst({ signal, hold, position, ranUntil, fetch }: BurstContext) {
    source.ranUntil = ranUntil;
    await fetch('https://toy.example/');
    const number = (source.opened += 1);
    connections.add(number);
    source.broken = null;
    hold?.standing(true);
    let sent = Number(position ?? 0);
    try {
      while (!signal.aborted) {
        if (source.broken) throw source.broken;
        const batch = queue.splice(0);
        sent += batch.length;
        if (batch.length > 0) {
          yield { items: items(batch), position: sent };
          continue;
        }
        const woken = Promise.withResolvers<void>();
        waiting = woken;
        signal.addEventListener('abort', () => woken.resolve(), { once: true });
        await woken.promise;
      }
    } finally {
      connections.delete(number);
    }
  }
  return source;
}

const fetching = { fetch: async () => new Response('') };

/** A process on the stage's store and clock. */
function processOn(stage: Stage, onCommit?: Parameters<Stage['worker']>[0]) {
  const { deps, calls } = stage.worker(onCommit);
  const loop = startLoop({ ...deps, runtime: { ...deps.runtime, ...fetching } }, { leaseMs: LEASE_MS });
  return { loop, calls };
}

async function status(stage: Stage) {
  const [only] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  if (!only) throw new Error('no feed');
  return only;
}

describe('a feed that listens', () => {
  test('keeps its connection between commits, far beyond the time of a burst, under one lease', async () => {
    const source = toySource();
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { loop } = processOn(stage);
    await settle();
    for (let n = 0; n < 120; n += 1) {
      source.send(reading(n));
      await stage.clock.advance(1_000);
    }
    expect([source.opened, source.connections.size]).toEqual([1, 1]);
    expect(await stage.events()).toHaveLength(120);
    expect(await status(stage)).toMatchObject({ state: 'ok', failures: 0, counts: { events: 120 } });
    await stage.clock.drive(loop.stop());
  });

  test('makes what comes readable at once, the latest event too, and renews its lease in silence', async () => {
    const source = toySource();
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { loop } = processOn(stage);
    await settle();
    source.send(reading(1, 'a'));
    await settle();
    await stage.clock.advance(100);
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 'a')).toMatchObject({ id: 'r1' });
    for (let seconds = 0; seconds < 600; seconds += 5) await stage.clock.advance(5_000);
    expect(source.opened).toBe(1);
    const { state, lastSuccessAt, lagMs } = await status(stage);
    expect([state, stage.clock.now - (lastSuccessAt ?? 0) <= LEASE_MS / 2, lagMs]).toEqual(['ok', true, 600_100]);
    await stage.clock.drive(loop.stop());
  });

  test('reports its first events, then about as often as a burst would end, and the rest at its end', async () => {
    const source = toySource({ budget: { timeMs: 10_000 } });
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { deps } = stage.worker();
    const told: (number | string)[][] = [];
    const loop = startLoop(
      { ...deps, runtime: { ...deps.runtime, ...fetching } },
      { onReport: ({ feeds }) => told.push(...feeds.map(({ outcome, state, events }) => [outcome, state, events])) },
    );
    await settle();
    for (let n = 0; n < 25; n += 1) {
      source.send(reading(n));
      await settle();
      await stage.clock.advance(1_000);
    }
    await stage.clock.drive(loop.stop());
    const counted = told.filter(([, , events]) => events !== 0);
    expect(counted.map(([outcome, state]) => [outcome, state])).toEqual([
      ['held', 'ok'],
      ['held', 'ok'],
      ['held', 'ok'],
      ['pulled', 'ok'],
    ]);
    expect(counted.reduce((sum, [, , events]) => sum + Number(events), 0)).toBe(25);
  });

  test('says within the time of a burst that what comes does not fit any more', async () => {
    const source = toySource({ budget: { timeMs: 10_000 } });
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { loop } = processOn(stage);
    await settle();
    await stage.clock.advance(2_000);
    source.send(reading(1));
    await settle();
    await stage.clock.advance(1_000);
    source.send({ ...reading(2), value: 'hot' });
    await settle();
    for (let seconds = 0; seconds < 8; seconds += 1) await stage.clock.advance(1_000);
    const warned = stage.logged.filter(({ level }) => level === 'warn');
    expect(warned).toMatchObject([{ fields: { feed: 'readings', rejected: 1, field: 'data.value' } }]);
    await stage.clock.drive(loop.stop());
  });

  test('says that what comes does not fit, about as often as a burst would end', async () => {
    const source = toySource({ budget: { timeMs: 10_000 } });
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { loop } = processOn(stage);
    await settle();
    for (let n = 0; n < 15; n += 1) {
      source.send({ ...reading(n), value: 'hot' });
      await settle();
      await stage.clock.advance(1_000);
    }
    const line = { message: 'items that are no events of their stream' };
    const fields = { feed: 'readings', field: 'data.value' };
    const warned = () => stage.logged.filter(({ level }) => level === 'warn');
    expect(warned()).toMatchObject([{ ...line, fields: { ...fields, rejected: 10 } }]);
    await stage.clock.drive(loop.stop());
    expect(warned().slice(1)).toMatchObject([{ ...line, fields: { ...fields, rejected: 5 } }]);
  });

  test('gives nothing up for its budget', async () => {
    const source = toySource({ budget: { events: 2, timeMs: 1_000 }, overflow: 'drop-newest' });
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { loop } = processOn(stage);
    await settle();
    source.send(...Array.from({ length: 9 }, (_, n) => reading(n)));
    await settle();
    expect([(await stage.events()).length, source.opened]).toEqual([9, 1]);
    await stage.clock.drive(loop.stop());
  });

  test('closes and gives its lease back when its process ends, so that another takes over at once', async () => {
    const source = toySource();
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const first = processOn(stage);
    const second = processOn(stage);
    await settle();
    expect(source.opened).toBe(1);
    await stage.clock.drive(first.loop.stop());
    expect((await status(stage)).failures).toBe(0);
    await stage.clock.advance(5_000);
    expect([source.opened, source.connections.size]).toEqual([2, 1]);
    await stage.clock.drive(second.loop.stop());
    expect(source.connections.size).toBe(0);
  });

  test('that stood still is taken over within its lease, closes when it wakes, and does not dial against its successor', async () => {
    const [old, fresh] = [toySource(), toySource()];
    const stage = stageOf({ streams: { readings: identified(old.feed) } });
    const other = stageOf({ streams: { readings: identified(fresh.feed) } }, stage.store);
    let frozen: PromiseWithResolvers<void> | null = null;
    const first = processOn(stage, async (_, __, next) => {
      await frozen?.promise;
      return next();
    });
    await settle();
    old.send(reading(1));
    await settle();
    frozen = Promise.withResolvers();
    old.send(reading(2));
    other.clock.now = stage.clock.now;
    const second = processOn(other);
    await settle();
    await other.clock.advance(LEASE_MS);
    expect([fresh.opened, fresh.connections.size]).toEqual([1, 1]);
    await stage.clock.advance(LEASE_MS + 1_000);
    frozen.resolve();
    await settle();
    expect([old.opened, old.connections.size]).toEqual([1, 0]);
    for (let seconds = 0; seconds < 100; seconds += 5) {
      fresh.send(reading(100 + seconds));
      await other.clock.advance(5_000);
      await stage.clock.advance(5_000);
    }
    expect([old.opened, fresh.opened, fresh.connections.size]).toEqual([1, 1, 1]);
    await stage.clock.drive(first.loop.stop());
    await other.clock.drive(second.loop.stop());
  });

  test('keeps its connection through a store that is gone for some seconds', async () => {
    const source = toySource();
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    let gone = false;
    const { loop } = processOn(stage, (_, __, next) =>
      gone ? Promise.reject(new TidegateError('store_unavailable', 'gone')) : next(),
    );
    await settle();
    gone = true;
    source.send(reading(1));
    for (let steps = 0; steps < 50; steps += 1) await stage.clock.advance(100);
    expect([(await stage.events()).length, source.connections.size]).toEqual([0, 1]);
    gone = false;
    for (let steps = 0; steps < 50; steps += 1) await stage.clock.advance(100);
    expect([(await stage.events()).length, source.opened]).toEqual([1, 1]);
    await stage.clock.drive(loop.stop());
  });

  test('that breaks is tried again with backoff, and is well once something came over a connection that lasts', async () => {
    const source = toySource();
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    const { loop } = processOn(stage);
    await settle();
    source.send(reading(1));
    await settle();
    source.drop('it broke');
    await settle();
    expect(await status(stage)).toMatchObject({
      state: 'backing-off',
      failures: 1,
      lastError: { message: 'it broke' },
    });
    await stage.clock.advance(1_000);
    expect([source.opened, (await status(stage)).state]).toEqual([2, 'backing-off']);
    source.send(reading(2));
    await settle();
    expect(await status(stage)).toMatchObject({ state: 'backing-off', failures: 1 });
    for (let stood = 0; stood < 5_000; stood += 1_000) await stage.clock.advance(1_000);
    source.send(reading(3));
    await settle();
    expect(await status(stage)).toMatchObject({ state: 'ok', failures: 0, lastError: null });
    await stage.clock.drive(loop.stop());
  });

  test.each([8_000, 12_000, 25_000])(
    'that brings nothing and breaks each time after %i ms has failed each time',
    async (ms) => {
      const source = toySource();
      const stage = stageOf({ streams: { readings: identified(source.feed) } });
      const { loop } = processOn(stage);
      await settle();
      for (let n = 1; n <= 6; n += 1) {
        for (let waited = 0; source.connections.size === 0 && waited < 300; waited += 1)
          await stage.clock.advance(1_000);
        for (let stood = 0; stood < ms; stood += 1_000) await stage.clock.advance(1_000);
        source.drop('taken over');
        await settle();
        const lastError = { message: 'taken over' };
        expect(await status(stage)).toMatchObject({ state: n < 5 ? 'backing-off' : 'open', failures: n, lastError });
      }
      await stage.clock.drive(loop.stop());
    },
  );

  test('whose process is killed is told as stalled before its lease ends, and its successor knows since when', async () => {
    const source = toySource();
    const stage = stageOf({ streams: { readings: identified(source.feed) } });
    let isDead = false;
    const first = processOn(stage, (_, __, next) => (isDead ? new Promise(() => {}) : next()));
    await settle();
    source.send(reading(1));
    await settle();
    const diedAt = stage.clock.now;
    isDead = true;
    const told: string[] = [];
    for (let seconds = 0; seconds < 40; seconds += 1) {
      told.push((await status(stage)).state);
      await stage.clock.advance(1_000);
    }
    // A lease of 30 s is renewed when half of it is left, and clocks may differ by 5 s.
    expect([told.lastIndexOf('ok'), told.indexOf('stalled'), told.at(-1)]).toEqual([20, 21, 'stalled']);
    const since = new Date(diedAt).toISOString();
    const stalled = await status(stage);
    expect(stalled).toMatchObject({ lagMs: 40_000, lastError: { code: 'internal', at: diedAt } });
    expect(stalled.lastError?.message).toContain(`not been heard of since ${since}`);
    const fresh = toySource();
    const other = stageOf({ streams: { readings: identified(fresh.feed) } }, stage.store);
    other.clock.now = stage.clock.now;
    const second = processOn(other);
    await settle();
    expect([fresh.opened, fresh.ranUntil, (await status(other)).state]).toEqual([1, diedAt, 'backing-off']);
    for (let stood = 0; stood < 5_000; stood += 1_000) await other.clock.advance(1_000);
    fresh.send(reading(2));
    await settle();
    expect((await status(other)).state).toBe('ok');
    await other.clock.drive(second.loop.stop());
    void first.loop.stop();
  });
});
