/** Removals beside writers, crashes and other removals, and in logs that are too long to be erased at once. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createTestApp } from '../../../src/hosts/testing/test-app.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { eraseRemoved } from '../../../src/streams/removing/erase-removed.ts';
import { latestEvent, latestKey } from '../../../src/streams/log/latest.ts';
import { MOST_REMOVALS } from '../../../src/streams/removing/remove.ts';
import { removals, removalsKey } from '../../../src/streams/log/removals.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { weaken } from '../../store/weaknesses.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const AT = Date.UTC(2026, 4, 1);
const NOW = AT + 3_600_000;
const schema = z.object({ id: z.string(), key: z.string(), at: z.number() });
const app = defineApp({
  name: 'races',
  version: '1.0.0',
  description: 'One stream',
  streams: {
    readings: stream({ description: 'readings', schema, key: 'key', time: 'at', id: 'id' }),
    plain: stream({ description: 'without ids', schema, key: 'key', time: 'at' }),
  },
});
const LOG = streamLog('public', 'readings');

function on(store: Store) {
  return createTestApp(app, { store, at: NOW });
}

const event = (id: string, n = 0, key = 'a') => ({ id, key, at: AT + n });

async function idsIn({ streams }: ReturnType<typeof on>): Promise<string[]> {
  const { events } = await streams.history('readings', { from: 0, limit: 1_000 });
  return events.filter(({ meta }) => !meta?.gap).map(({ id }) => id);
}

/** Appends straight to the log, `READ_LIMIT` events a commit. */
async function fill(store: Store, from: number, to: number, key: string): Promise<void> {
  for (let n = from; n < to; n += 1_000) {
    const entries = Array.from({ length: Math.min(1_000, to - n) }, (_, i) => {
      const data = event(`e${n + i}`, n + i, key);
      return { id: data.id, key, time: data.at, data };
    });
    await store.commit([{ kind: 'append', log: LOG, entries }], { id: `fill ${n}`, now: NOW, deadline: NOW + 1_000 });
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'an id that is appended by many while it is removed is not there afterwards, and nothing else is lost: seed %i',
  async (seed) => {
    const inner = createMemoryStore();
    const random = seededRandom(seed);
    const stages = Array.from({ length: 4 }, () => on(weaken(inner, { random, unknown: 0.1, halfVisible: true })));
    const [first, ...others] = stages as [ReturnType<typeof on>, ...ReturnType<typeof on>[]];
    const healthy = on(inner);
    await healthy.streams.append('readings', event('keeps', 1));
    const under = { way: true };
    const work = Promise.all([
      ...others.flatMap(({ streams }, i) => [
        streams.append('readings', event('goes', 9)),
        streams.append('readings', event(`other${i}`, i)),
      ]),
      first.streams.remove('readings', { id: 'goes' }),
      first.streams.remove('readings', { id: 'nobody' }),
    ]).finally(() => (under.way = false));
    for (let moves = 0; moves < 300 && under.way; moves += 1) for (const stage of stages) await stage.advance(20);
    await work;
    await healthy.sweep();
    expect((await idsIn(healthy)).toSorted()).toEqual(['keeps', 'other0', 'other1', 'other2']);
    expect(await healthy.streams.latest('readings', 'a')).toMatchObject({ time: AT + 2, id: 'other2' });
  },
);

test('a process that ends after the commit of a removal leaves the rest to the sweep', async () => {
  const store = createMemoryStore();
  const healthy = on(store);
  for (const n of [1, 2]) await healthy.streams.append('readings', event(`e${n}`, n));
  let isDead = false;
  const dying = on({
    ...store,
    async commit(...args) {
      if (isDead) throw new Error('killed');
      const result = await store.commit(...args);
      isDead = args[0].some((operation) => operation.kind === 'put' && operation.partition === 'public/removals');
      return result;
    },
  });
  await expect(dying.streams.remove('readings', { id: 'e2' })).rejects.toThrow('killed');
  expect(await idsIn(healthy)).toEqual(['e1']);
  await healthy.sweep();
  expect(await healthy.streams.latest('readings', 'a')).toMatchObject({ id: 'e1' });
  const { value } = await store.get(removalsKey('public', 'readings'), NOW);
  expect(value).toMatchObject({ active: [{ settled: true, doneAt: NOW, erased: 1 }], pass: null, orphans: [] });
});

test('a follower that read before a removal cannot bring back a latest event', async () => {
  const store = createMemoryStore();
  const healthy = on(store);
  await healthy.streams.append('readings', event('e1', 1));
  await fill(store, 5, 6, 'a');
  let removed = false;
  const slow = on({
    ...store,
    async commit(...args) {
      if (!removed && args[0].some((operation) => operation.kind === 'put' && operation.id === 'k:a')) {
        removed = true;
        await healthy.streams.remove('readings', { id: 'e5' });
      }
      return store.commit(...args);
    },
  });
  await slow.sweep();
  expect(removed).toBe(true);
  const reading = await store.get(latestKey('public', 'readings', 'a'), NOW);
  expect(latestEvent.read(reading)?.id).toBe('e1');
});

test('in a long log the sweep erases on and finds the latest event that is left; nothing removed is seen meanwhile', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  await stage.streams.append('readings', event('first', 500_000, 'rare'));
  await fill(store, 0, 10_600, 'common');
  await stage.streams.append('readings', event('last', 600_000, 'rare'));
  expect(await stage.streams.remove('readings', { id: 'last' })).toEqual({ removed: 1, complete: false });
  expect(await stage.streams.latest('readings', 'rare')).toBeNull();
  expect(await stage.streams.remove('readings', { from: AT, to: AT + 10_500 })).toMatchObject({ complete: false });
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const query = { from: AT, to: AT + 10_510, ...(cursor === undefined ? {} : { cursor }) };
    const page: Awaited<ReturnType<typeof stage.streams.history>> = await stage.streams.history('readings', query);
    ids.push(...page.events.map(({ id }) => id));
    ({ cursor } = page);
  }
  expect(ids).toEqual(Array.from({ length: 10 }, (_, i) => `e${10_500 + i}`));
  await stage.sweep();
  expect(await stage.streams.latest('readings', 'rare')).toMatchObject({ id: 'first' });
  const { value } = await store.get(removalsKey('public', 'readings'), NOW);
  const standing = removals.decode(value ?? {});
  expect(standing.active.map(({ erased, doneAt }) => [erased, doneAt])).toEqual([
    [1, NOW],
    [10_500, NOW],
  ]);
  expect(await stage.streams.latest('readings', 'common')).toMatchObject({ id: 'e10599' });
});

test('two sweeps at once do no harm, and one that is killed in between is gone on with', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  await fill(store, 0, 11_500, 'common');
  await stage.streams.remove('readings', { from: AT, to: AT + 11_490 });
  let reads = 0;
  const dying = on({
    ...store,
    async last(...args) {
      reads += 1;
      if (reads > 1) throw new Error('killed');
      return store.last(...args);
    },
  });
  expect((await dying.sweep()).error).not.toBeNull();
  await Promise.all([stage.sweep(), on(store).sweep()]);
  const page = await stage.streams.read('readings', null, 1_000);
  expect(page.events.filter(({ meta }) => !meta?.gap).map(({ id }) => id)[0]).toBe('e11490');
  const stored = await store.read(LOG, null, 1_000);
  expect(JSON.stringify(stored.entries)).not.toContain('common');
});

test('too many removals that wait are refused, until the sweep has worked them off', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  await stage.streams.append('readings', event('keeps', 1));
  for (let n = 0; n < MOST_REMOVALS; n += 1) await stage.streams.remove('readings', { id: `e${n}` });
  await expect(stage.streams.remove('readings', { id: 'more' })).rejects.toMatchObject({ code: 'rate_limited' });
  await stage.advance(61_000);
  await stage.sweep();
  expect(await stage.streams.remove('readings', { id: 'keeps' })).toEqual({ removed: 1, complete: true });
});

test('removals that are full by the bytes of what they name are refused in the same way', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  await stage.streams.append('readings', event('keeps', 1));
  // As JSON each of these bytes takes six.
  const bulky = '\u0001'.repeat(250);
  let made = 0;
  const untilFull = async () => {
    for (; made < MOST_REMOVALS; made += 1) await stage.streams.remove('readings', { key: bulky + made });
  };
  await expect(untilFull()).rejects.toMatchObject({ code: 'rate_limited' });
  expect(made).toBeLessThan(MOST_REMOVALS / 2);
  await stage.advance(61_000);
  expect(await stage.streams.remove('readings', { id: 'keeps' })).toEqual({ removed: 1, complete: true });
});

test('a pass comes to its end however many removals come while it is under way', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  await fill(store, 0, 12_000, 'a');
  expect(await stage.streams.remove('readings', { id: 'e3' })).toEqual({ removed: 0, complete: false });
  const runtime = { ...systemRuntime(() => {}), now: () => NOW };
  const scope = scopeOfLogs({ store, runtime }, { tenant: 'public' });
  for (let n = 0; n < 5; n += 1) {
    await eraseRemoved(scope, findStream(app, 'readings'), { reads: 3, deadline: NOW + 10_000 });
    expect(await stage.streams.remove('readings', { id: `e${11_000 + n}` })).toEqual({ removed: 1, complete: false });
  }
  const { value } = await store.get(removalsKey('public', 'readings'), NOW);
  const [first, ...others] = removals.decode(value ?? {}).active;
  expect(first).toMatchObject({ erased: 1, doneAt: NOW });
  expect(others.map(({ doneAt }) => doneAt)).toEqual([null, null, null, null, null]);
  await stage.sweep();
  const standing = removals.read(await store.get(removalsKey('public', 'readings'), NOW));
  expect(standing?.active.every(({ erased, doneAt }) => erased === 1 && doneAt === NOW)).toBe(true);
});

/** Each call takes a few turns, by chance, so that others come in between. */
function slow(store: Store, random: () => number): Store {
  const turns = async () => {
    for (let n = Math.floor(random() * 12); n > 0; n -= 1) await Promise.resolve();
  };
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        await turns();
        const answer: unknown = await (member as (...args: unknown[]) => unknown)(...args);
        await turns();
        return answer;
      };
    },
  });
}

test.each([1, 2, 3])(
  'each of many removals at once answers when its event is erased and the latest of its key is what is left: seed %i',
  async (seed) => {
    const inner = createMemoryStore();
    const random = seededRandom(seed);
    const stages = [0, 1, 2].map(() => on(slow(inner, random)));
    const healthy = on(inner);
    const keys = Array.from({ length: 24 }, (_, n) => `k${n}`);
    for (const key of keys) {
      await healthy.streams.append('readings', event(`first of ${key}`, 1, key));
      await healthy.streams.append('readings', event(`second of ${key}`, 2, key));
    }
    const answers = await Promise.all(
      keys.map(async (key, n) => {
        const answer = await stages[n % 3]?.streams.remove('readings', { id: `second of ${key}` });
        return { ...answer, latest: (await healthy.streams.latest('readings', key))?.id };
      }),
    );
    expect(answers).toEqual(keys.map((key) => ({ removed: 1, complete: true, latest: `first of ${key}` })));
  },
);

test('an event of another century that an older release stored does not come back as the latest', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  const data = { id: 'far', key: 'a', at: Date.UTC(2099, 0, 1) };
  const entries = [{ id: 'far', key: 'a', time: data.at, data }];
  await store.commit([{ kind: 'append', log: LOG, entries }], { id: 'far', now: NOW, deadline: NOW + 1_000 });
  for (const n of [1, 2]) await stage.streams.append('readings', event(`e${n}`, n));
  expect(await stage.streams.latest('readings', 'a')).toMatchObject({ id: 'e2' });
  await stage.streams.remove('readings', { id: 'e2' });
  expect(await stage.streams.latest('readings', 'a')).toMatchObject({ id: 'e1' });
  await stage.streams.remove('readings', { id: 'e1' });
  expect(await stage.streams.latest('readings', 'a')).toMatchObject({ id: 'far' });
});

test('the sweep finds the latest events of more keys than the record of removals has room for', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  const keys = Array.from({ length: 1_100 }, (_, n) => `k${n}`);
  for (const [round, at] of [AT, AT + 1_000].entries()) {
    for (const part of [keys.slice(0, 600), keys.slice(600)]) {
      const entries = part.map((key) => {
        const data = { id: `${key} ${round}`, key, at };
        return { id: data.id, key, time: at, data };
      });
      const options = { id: `${round} ${part[0]}`, now: NOW, deadline: NOW + 1_000 };
      await store.commit([{ kind: 'append', log: LOG, entries }], options);
    }
  }
  await stage.sweep();
  expect(await stage.streams.remove('readings', { from: AT + 1_000 })).toEqual({ removed: 1_100, complete: true });
  const latest = async () => {
    const pages = [await stage.streams.latestByKey('readings', { limit: 1_000 })];
    const after = pages[0]?.next;
    if (after) pages.push(await stage.streams.latestByKey('readings', { limit: 1_000, after }));
    return pages.flatMap(({ events }) => events.map(({ id }) => id));
  };
  expect((await latest()).every((id) => id.endsWith(' 0'))).toBe(true);
  await stage.sweep();
  expect((await latest()).toSorted()).toEqual(keys.map((key) => `${key} 0`).toSorted());
  await stage.advance(61_000);
  await stage.sweep();
  for (const partition of ['public/orphans/readings', 'public/removals']) {
    expect((await store.list(partition, { now: NOW, limit: 10 })).records).toEqual([]);
  }
});

test('a record of removals of a newer release stops readers, and is left alone', async () => {
  const store = createMemoryStore();
  const stage = on(store);
  await stage.streams.append('readings', event('e1', 1));
  const value = { $v: 2, value: { what: 'unknown' } };
  const put = { kind: 'put' as const, ...removalsKey('public', 'readings'), value, expects: null };
  await store.commit([put], { id: 'newer', now: NOW, deadline: NOW + 1_000 });
  for (const work of [
    () => idsIn(stage),
    () => stage.streams.remove('readings', { id: 'e1' }),
    () => stage.streams.append('readings', event('e2')),
  ]) {
    await expect(work()).rejects.toMatchObject({ code: 'newer_version' });
  }
  expect(await store.get(removalsKey('public', 'readings'), NOW)).toMatchObject({ value });
});
