import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../../src/base/errors.ts';
import { stream } from '../../../src/declare/stream.ts';
import { trigger } from '../../../src/index.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { sweep } from '../../../src/feeds/run/sweep.ts';
import { turnsOf } from '../../../src/feeds/run/sweep-place.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { latestKey } from '../../../src/streams/log/latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { feedOf, identified, items, readings, type Stage, stageOf, START, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const bounded = (retention: { events?: number; ageMs?: number }, dedupe?: number) =>
  stream({ description: 'bounded', schema: z.object({ n: z.number() }), retention, ...(dedupe ? { dedupe } : {}) });

async function fill(stage: ReturnType<typeof stageOf>, name: string, count: number, from = 0) {
  const entries = Array.from({ length: count }, (_, i) => ({
    id: `${from + i}`,
    time: stage.clock.now,
    data: { n: i },
  }));
  const options = { id: `fill ${name} ${from}`, now: stage.clock.now, deadline: stage.clock.now + 1_000 };
  await stage.store.commit([{ kind: 'append', log: streamLog(TENANT, name), entries }], options);
}

/** A time to which the clock leapt is believed once it has stood for ten minutes. */
async function leaveStanding(stage: Stage) {
  await sweep(stage.deps, stage.clock.now + 10_000);
  await stage.clock.advance(10 * 60_000);
}

describe('sweep', () => {
  test('removes nothing by the age of a clock that is a day ahead for 7 s', async () => {
    const stage = stageOf({ streams: { young: bounded({ ageMs: 3_600_000 }) } });
    await fill(stage, 'young', 30);
    await sweep(stage.deps, stage.clock.now + 10_000);
    await stage.clock.advance(60_000 + 86_400_000);
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      expect((await sweep(stage.deps, stage.clock.now + 10_000)).events).toEqual({ young: 0 });
      await stage.clock.advance(2_000);
    }
    stage.clock.now -= 86_400_000;
    expect(await sweep(stage.deps, stage.clock.now + 10_000)).toMatchObject({
      events: { young: 0 },
      setBackMs: 86_394_000,
    });
    expect(await stage.events('young')).toHaveLength(30);
    await stage.clock.advance(3_600_000);
    await leaveStanding(stage);
    expect((await sweep(stage.deps, stage.clock.now + 10_000)).events).toEqual({ young: 29 });
  });

  test('ends events by count and by age, and leaves the newest', async () => {
    const stage = stageOf({ streams: { few: bounded({ events: 10 }), young: bounded({ ageMs: 60_000 }) } });
    await fill(stage, 'few', 25);
    await fill(stage, 'young', 5);
    await stage.clock.advance(50_000);
    await fill(stage, 'young', 3, 5);
    await stage.clock.advance(20_000);
    const report = await sweep(stage.deps, stage.clock.now + 10_000);
    expect(report).toMatchObject({ events: { few: 15, young: 5 }, more: false, error: null });
    expect((await stage.events('few')).map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => `${i + 15}`));
    expect(await stage.events('young')).toHaveLength(3);
    await stage.clock.advance(600_000);
    await sweep(stage.deps, stage.clock.now + 10_000);
    expect(await stage.events('young')).toHaveLength(1);
    expect((await sweep(stage.deps, stage.clock.now + 10_000)).events).toEqual({ few: 0, young: 0 });
  });

  test('of a store that is full it frees what it can, and writes after that', async () => {
    const stage = stageOf({ streams: { few: bounded({ events: 10 }) } });
    await fill(stage, 'few', 25);
    const { now } = stage.clock;
    await stage.store.commit(
      [{ kind: 'put', partition: 'p', id: 'a', value: 1, expects: null, expiresAt: now - 2 * 86_400_000 }],
      { id: 'old', now, deadline: now + 1_000 },
    );
    const full = new TidegateError('store_full', 'no room');
    const hole = { error: new TidegateError('store_damaged', 'a hole'), stops: false };
    const lines: string[] = [];
    const store = {
      ...stage.store,
      commit: () => Promise.reject(full),
      add: () => Promise.reject(full),
      findings: async () => [hole],
    };
    const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
    const report = await sweep({ ...stage.deps, store, runtime: { ...stage.deps.runtime, log } }, now + 10_000);
    expect(report).toMatchObject({ events: { few: 15 }, collected: 1, more: true, error: full });
    expect(lines).toEqual(['warn the store: a hole']);
    expect(await sweep(stage.deps, now + 10_000)).toMatchObject({ projected: 10, more: false, error: null });
  });

  test('keeps what de-duplication has to search, where fewer events are declared', async () => {
    const feed = feedOf(async function* () {
      yield { items: items(readings(0, 50)), last: true };
    });
    const declared = identified(feed);
    declared.options.retention = { events: 5 };
    declared.options.dedupe = 50;
    const stage = stageOf({ streams: { readings: declared } });
    await stage.run();
    await sweep(stage.deps, stage.clock.now + 10_000);
    await stage.clock.advance(60_000);
    expect(await stage.run()).toMatchObject({ events: 0, duplicates: 50 });
  });

  test('ends dead letters by count and by age', async () => {
    const feed = feedOf(async function* () {
      yield { items: items(Array.from({ length: 30 }, (_, n) => ({ n }))), last: true };
    });
    const stage = stageOf({ streams: { readings: identified(feed) } });
    await stage.run();
    const { deadLetters } = await sweep(stage.deps, stage.clock.now + 10_000, { deadLetters: 20 });
    expect(deadLetters).toEqual({ readings: 10 });
    await stage.clock.advance(31 * 86_400_000);
    await leaveStanding(stage);
    await sweep(stage.deps, stage.clock.now + 10_000);
    expect((await readDeadLetters(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings')).deadLetters).toHaveLength(
      1,
    );
  });

  test('brings latest events up to date that a crash left behind, and ends them with their age', async () => {
    const stage = stageOf({ streams: { young: bounded({ ageMs: 60_000 }) } });
    await fill(stage, 'young', 3);
    expect(await sweep(stage.deps, stage.clock.now + 10_000)).toMatchObject({ projected: 3 });
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'young', null)).toMatchObject({ id: '2' });
    await stage.clock.advance(60_000);
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'young', null)).toBeNull();
    await stage.clock.advance(25 * 3_600_000);
    await leaveStanding(stage);
    expect((await sweep(stage.deps, stage.clock.now + 10_000)).collected).toBeGreaterThan(0);
    expect(await stage.store.get(latestKey(TENANT, 'young', null), stage.clock.now)).toMatchObject({ version: null });
  });

  test('of very many streams one sweep asks for a hundred, and all have their turn', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `few_${index}`);
    const stage = stageOf({ streams: Object.fromEntries(names.map((name) => [name, bounded({ events: 10 })])) });
    for (const name of names) await fill(stage, name, 11);
    const trimmed = new Set<string>();
    for (const chance of [0, 0.3, 0.7]) {
      const deps = { ...stage.deps, runtime: { ...stage.deps.runtime, random: () => chance } };
      const { events, spent, more } = await sweep(deps, stage.clock.now + 10_000);
      const { commit: _commit, ...reads } = spent.storeCalls;
      expect(Object.values(reads).reduce((sum, calls) => sum + calls, 0)).toBeLessThan(600);
      expect(more).toBe(false);
      for (const [name, removed] of Object.entries(events)) if (removed > 0) trimmed.add(name);
    }
    expect(trimmed.size).toBe(250);
  });

  test('tells what it asked of the store', async () => {
    const stage = stageOf({ streams: { few: bounded({ events: 10 }) } });
    await fill(stage, 'few', 25);
    const { deps, calls } = stage.worker();
    const { spent } = await sweep(deps, stage.clock.now + 10_000);
    expect(spent.storeCalls).toEqual(calls);
    expect(spent.storeCalls).toMatchObject({ trim: 1, collect: 1, commit: 2 });
  });

  test('ends after the step that it is at where its process has to end, and says that more is left', async () => {
    const stage = stageOf({ streams: { a: bounded({ events: 1 }), b: bounded({ events: 1 }) } });
    await fill(stage, 'a', 5);
    await fill(stage, 'b', 5);
    const ending = new AbortController();
    const { deps } = stage.worker();
    const trim = deps.store.trim.bind(deps.store);
    const store = {
      ...deps.store,
      trim: (log: string, how: Parameters<typeof trim>[1]) => {
        ending.abort();
        return trim(log, how);
      },
    };
    const runtime = { ...deps.runtime, random: () => 0 };
    const report = await sweep({ ...deps, store, runtime }, stage.clock.now + 10_000, { signal: ending.signal });
    expect(report).toMatchObject({ events: { a: 4 }, more: true, error: null });
    expect(report.events).not.toHaveProperty('b');
  });

  test('stops at its deadline and says that more is left; what fails does not keep the rest from being done', async () => {
    const stage = stageOf({ streams: { a: bounded({ events: 1 }), b: bounded({ events: 1 }) } });
    await fill(stage, 'a', 5);
    await fill(stage, 'b', 5);
    expect(await sweep(stage.deps, START)).toMatchObject({ events: {}, more: true });
    const { deps } = stage.worker();
    const trim = deps.store.trim.bind(deps.store);
    const store = {
      ...deps.store,
      trim: (log: string, how: Parameters<typeof trim>[1]) =>
        log.endsWith('/a') ? Promise.reject(new Error('no')) : trim(log, how),
    };
    const report = await sweep({ ...deps, store }, stage.clock.now + 10_000);
    expect(report).toMatchObject({ events: { b: 4 }, more: true, error: { message: 'no' } });
  });
});

test('where it cannot be read what is being removed, all that comes behind it is done', async () => {
  const feed = feedOf(async function* () {
    yield { items: items(Array.from({ length: 30 }, (_, n) => ({ n }))), last: true };
  });
  const made = identified(feed);
  const high = trigger({ description: 'High', on: made, when: { kind: 'threshold', field: 'value', above: 1 } });
  const stage = stageOf({ streams: { readings: made }, triggers: { high } });
  await stage.run();
  const { store } = stage;
  const getMany: typeof store.getMany = async (keys, now) => {
    if (keys.some(({ partition, id }) => `${partition}/${id}`.includes('trigger.high'))) throw new Error('no');
    return store.getMany(keys, now);
  };
  const report = await sweep({ ...stage.deps, store: { ...store, getMany } }, stage.clock.now + 10_000, {
    deadLetters: 20,
  });
  expect(report).toMatchObject({ deadLetters: { readings: 10 }, more: true, error: { message: 'no' } });
});

test('a leap of the clock that uses up the time is seen all the same, so that the sweep after it knows that it was set back', async () => {
  const { deps, clock } = stageOf({ streams: { readings: identified() } });
  await sweep(deps, clock.now + 60_000);
  const deadline = clock.now + 60_000;
  clock.now += 86_400_000;
  expect(await sweep(deps, deadline)).toMatchObject({ more: true, setBackMs: null, error: null });
  clock.now -= 86_400_000;
  expect(await sweep(deps, clock.now + 60_000)).toMatchObject({ setBackMs: 86_400_000 });
});

test('a clock that was set back is told to those who wait for it until they have looked at all', async () => {
  const { deps, clock } = stageOf({ streams: { readings: identified() } });
  const deadline = () => clock.now + 60_000;
  clock.now += 3_600_000;
  await sweep(deps, deadline());
  clock.now -= 3_600_000;
  const told: number[] = [];
  const onSetBack = (isAll: boolean) => async (by: number) => {
    told.push(by - clock.now);
    return isAll;
  };
  expect(await sweep(deps, deadline(), { onSetBack: onSetBack(false) })).toMatchObject({ more: true });
  expect(await sweep(deps, deadline(), { onSetBack: onSetBack(true) })).toMatchObject({ more: false });
  expect(await sweep(deps, deadline(), { onSetBack: onSetBack(true) })).toMatchObject({ setBackMs: null });
  expect(told).toEqual([60_000, 60_000]);
});

describe('turnsOf', () => {
  test('a sweep whose time is over after the first leaves none out for ever', () => {
    const firsts = [0, 0.25, 0.5, 0.75, 0.999].map((chance) => turnsOf(['a', 'b', 'c', 'd'], chance, null)[0]);
    expect(firsts).toEqual(['a', 'b', 'c', 'd', 'd']);
  });

  test.each([
    [0.5, null, ['c', 'd', 'a', 'b']],
    [0.75, 2, ['d', 'a']],
    [0, 9, ['a', 'b', 'c', 'd']],
  ])('chance %f, at most %s', (chance, most, wanted) => {
    expect(turnsOf(['a', 'b', 'c', 'd'], chance, most)).toEqual(wanted);
  });

  test('of none there are none', () => {
    expect(turnsOf([], 0.9, 100)).toEqual([]);
  });
});
