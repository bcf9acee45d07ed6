import { describe, expect, test } from 'vitest';
import { stream } from '../../../src/declare/stream.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import { LATEST_AGE_MS, projectLatest, replaces } from '../../../src/streams/log/latest.ts';
import { readLatest, readLatestByKey } from '../../../src/streams/log/read-latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { identified, Reading, type Stage, stageOf, TENANT, watch } from '../../feeds/run/stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

function event(id: string, time: number, more: Partial<LoggedEvent> = {}): LoggedEvent {
  return { id, time, data: { id }, ...more } as LoggedEvent;
}

let commits = 0;

async function append(stage: Stage, ...entries: LoggedEvent[]) {
  const options = { id: `latest ${(commits += 1)}`, now: stage.clock.now, deadline: stage.clock.now + 1_000 };
  await stage.store.commit([{ kind: 'append', log: streamLog(TENANT, 'readings'), entries }], options);
}

function declared(stage: Stage) {
  const stream = stage.app.streams.get('readings');
  if (!stream) throw new Error('not declared');
  return stream;
}

const project = (stage: Stage, deps = stage.deps) =>
  projectLatest(scopeOfLogs(deps, { tenant: TENANT }), declared(stage), { deadline: stage.clock.now + 60_000 });
const latestOf = async (stage: Stage, key: string) =>
  (await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', key))?.id;

describe('what takes the place of what', () => {
  test.each([
    ['a newer event', event('b', 2), event('a', 1), true],
    ['a late event', event('b', 1), event('a', 2), false],
    ['of equal times the later arrival', event('b', 1), event('a', 1), true],
    ['the same event again', event('a', 1), event('a', 1), false],
    [
      'a higher revision, at an earlier time too',
      event('a', 1, { revision: '10' }),
      event('a', 2, { revision: '9' }),
      true,
    ],
    ['a lower revision', event('a', 3, { revision: '9' }), event('a', 2, { revision: '10' }), false],
    [
      'a lower revision of many digits',
      event('a', 2, { revision: '9007199254740992' }),
      event('a', 1, { revision: '9007199254740993' }),
      false,
    ],
    [
      'a higher revision of many digits',
      event('a', 1, { revision: '9007199254740993' }),
      event('a', 2, { revision: '9007199254740992' }),
      true,
    ],
    [
      'a revision that only looks like a number',
      event('a', 1, { revision: '0x1' }),
      event('a', 2, { revision: '9' }),
      true,
    ],
    ['another revision that is no number', event('a', 1, { revision: 'y' }), event('a', 2, { revision: 'z' }), true],
    ['a revision of an event without one', event('a', 1, { revision: '1' }), event('a', 2), true],
  ])('%s', (_, next, standing, expected) => {
    expect(replaces(next, standing)).toBe(expected);
  });
});

describe('the latest events', () => {
  test('of a stream that declares no key are one, also where its feed gives keys', async () => {
    const keyless = stream({ description: 'no keys', schema: Reading, time: 'at' });
    const stage = stageOf({ streams: { readings: keyless } });
    await append(stage, event('1', 10, { key: 'a' }), event('2', 5, { key: 'b' }));
    await project(stage);
    expect((await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', null))?.id).toBe('1');
    const all = await readLatestByKey(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', {
      after: null,
      limit: 10,
    });
    expect(all.events).toHaveLength(1);
  });

  test('are those newest by time for each key, over any number of runs', async () => {
    const stage = stageOf({ streams: { readings: identified() } });
    await append(stage, event('1', 10, { key: 'a' }), event('2', 5, { key: 'b' }), event('3', 9, { key: 'a' }));
    await project(stage);
    expect([await latestOf(stage, 'a'), await latestOf(stage, 'b'), await latestOf(stage, 'c')]).toEqual([
      '1',
      '2',
      undefined,
    ]);
    await append(stage, event('4', 8, { key: 'a' }), event('5', 6, { key: 'b' }));
    await project(stage);
    expect([await latestOf(stage, 'a'), await latestOf(stage, 'b')]).toEqual(['1', '5']);
  });

  test('come out the same when two project at once and one dies in between', async () => {
    const stage = stageOf({ streams: { readings: identified() } });
    const events = Array.from({ length: 400 }, (_, i) => event(`${i}`, i, { key: `k${i % 200}` }));
    await append(stage, ...events);
    const { store } = watch(stage.store, (_, number, next) =>
      number < 3 ? next() : Promise.reject(new Error('killed')),
    );
    await Promise.allSettled([project(stage, { ...stage.deps, store }), project(stage), project(stage)]);
    await project(stage);
    for (let k = 0; k < 200; k += 1) expect(await latestOf(stage, `k${k}`)).toBe(`${200 + k}`);
  });

  test('go on behind an event that an earlier release stored far ahead of the clock', async () => {
    const stage = stageOf({ streams: { readings: identified() } });
    const now = stage.clock.now;
    await append(stage, event('1', now - 2, { key: 'a' }), event('2099', Date.UTC(2099, 0, 1), { key: 'a' }));
    await append(stage, event('far', Date.UTC(2099, 0, 1), { key: 'b' }));
    await project(stage);
    expect([await latestOf(stage, 'a'), await latestOf(stage, 'b')]).toEqual(['1', 'far']);
    await append(stage, event('2', now - 1, { key: 'b' }), event('farther', Date.UTC(2100, 0, 1), { key: 'b' }));
    await project(stage);
    expect(await latestOf(stage, 'b')).toBe('2');
  });

  test('of forecasts are those furthest ahead', async () => {
    const forecasts = stream({
      description: 'forecasts',
      schema: Reading,
      key: 'sensor',
      time: 'at',
      aheadMs: 10_000_000,
    });
    const stage = stageOf({ streams: { readings: forecasts } });
    const now = stage.clock.now;
    await append(stage, event('6h', now + 9_000_000, { key: 'a' }), event('now', now, { key: 'a' }));
    await project(stage);
    expect(await latestOf(stage, 'a')).toBe('6h');
  });

  test('are read in one store call, by key in pages', async () => {
    const stage = stageOf({ streams: { readings: identified() } });
    await append(stage, ...['c', 'a', 'é', 'b'].map((key) => event(`of ${key}`, 1, { key })));
    await project(stage);
    const { deps, calls } = stage.worker();
    const first = await readLatestByKey(scopeOfLogs(deps, { tenant: TENANT }), 'readings', { after: null, limit: 3 });
    expect(calls).toEqual({ list: 1 });
    expect(first.events.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    const second = await readLatestByKey(scopeOfLogs(deps, { tenant: TENANT }), 'readings', {
      after: first.next,
      limit: 3,
    });
    expect(second).toMatchObject({ events: [{ key: 'é', stream: 'readings' }], next: null });
    await readLatest(scopeOfLogs(deps, { tenant: TENANT }), 'readings', 'a');
    expect(calls).toEqual({ list: 2, getMany: 1 });
  });

  test('end 30 days after they came, where no age is declared, and a new one takes over', async () => {
    const stage = stageOf({ streams: { readings: identified() } });
    await append(stage, event('1', 10, { key: 'a' }));
    await project(stage);
    await stage.clock.advance(LATEST_AGE_MS - 1);
    expect(await latestOf(stage, 'a')).toBe('1');
    await stage.clock.advance(1);
    expect(await latestOf(stage, 'a')).toBeUndefined();
    await append(stage, event('2', 5, { key: 'a' }));
    await project(stage);
    expect(await latestOf(stage, 'a')).toBe('2');
  });
});
