import { expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../src/base/errors.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { FAILED_AGAIN_MS, PASS_OVER_MS, workOnDue, workOnEachDue } from '../../src/store/due.ts';
import { record } from '../../src/store/record.ts';

const key = { partition: 'p', id: 'a' };
const job = record('job', () => z.string());
const nextJob = record('job', () => z.object({ name: z.string() }), {
  version: 2,
  upgrade: { 1: (name) => ({ name }) },
});

async function dueAtOneSecond() {
  let now = 1_000;
  let ids = 0;
  const store = createMemoryStore();
  const runtime = { now: () => now, newId: () => `commit-${(ids += 1)}`, log: () => {} };
  const put = nextJob.put(key, { name: 'a' }, { expects: null, expiresAt: 9e9, due: { queue: 'q', at: 1_000 } });
  await store.commit([put], { id: 'c1', now, deadline: 9e9 });
  const due = () => store.due('q', { now, limit: 10, from: 0 });
  return { store, runtime, due, at: (time: number) => void (now = time) };
}

test('a due record of a newer release is passed over for ten minutes, and its value stays', async () => {
  const { store, runtime, due, at } = await dueAtOneSecond();
  const read = async () => job.read(await store.get(key, runtime.now()));
  const before = await store.get(key, 1_000);
  expect(await workOnDue({ store, runtime }, [key], 9e9, read)).toBe('newer');
  expect(await due()).toEqual([]);
  expect(await store.get(key, 1_000)).toEqual({
    ...before,
    version: expect.not.stringMatching(String(before.version)),
    due: { queue: 'q', at: 1_000 + PASS_OVER_MS },
  });
  at(1_000 + PASS_OVER_MS);
  expect(await due()).toHaveLength(1);
  const now = async () => nextJob.read(await store.get(key, runtime.now()));
  expect(await workOnDue({ store, runtime }, [key], 9e9, now)).toEqual({ name: 'a' });
});

test('who knows the record and took it meanwhile keeps it', async () => {
  const { store, runtime } = await dueAtOneSecond();
  const held = await workOnDue({ store, runtime }, [key], 9e9, async () => {
    const reading = await store.get(key, 1_000);
    const put = nextJob.replace(reading, { name: 'a' }, { due: { queue: 'q', at: 31_000 } });
    await store.commit([put], { id: 'c2', now: 1_000, deadline: 9e9 });
    return job.read(reading);
  });
  expect(held).toBe('newer');
  expect(await store.get(key, 1_000)).toMatchObject({ version: 'c2', due: { at: 31_000 } });
});

test('what else the work throws is thrown, and all that is due for it is put off', async () => {
  const { store, runtime, due, at } = await dueAtOneSecond();
  const other = { partition: 'p', id: 'b' };
  const put = job.put(other, 'x', { expects: null, due: { queue: 'q', at: 1_000 } });
  await store.commit([put], { id: 'b', now: 1_000, deadline: 9e9 });
  const error = new TidegateError('store_unavailable', 'gone');
  await expect(workOnDue({ store, runtime }, [key, other], 9e9, () => Promise.reject(error))).rejects.toBe(error);
  expect(await due()).toEqual([]);
  expect(await store.get(other, 1_000)).toMatchObject({ value: 'x', due: { at: 1_000 + FAILED_AGAIN_MS } });
  at(1_000 + FAILED_AGAIN_MS);
  expect(await due()).toHaveLength(2);
  const gone = { ...store, get: () => Promise.reject(new TidegateError('store_unavailable', 'gone too')) };
  await expect(workOnDue({ store: gone, runtime }, [key], 9e9, () => Promise.reject(error))).rejects.toBe(error);
  expect(await due()).toHaveLength(2);
});

test('of due records one that fails is put off, and the others have their turn', async () => {
  const { store, runtime, due, at } = await dueAtOneSecond();
  for (const id of ['b', 'c']) {
    const put = job.put({ partition: 'p', id }, 'x', { expects: null, expiresAt: 9e9, due: { queue: 'q', at: 1_000 } });
    await store.commit([put], { id, now: 1_000, deadline: 9e9 });
  }
  const worked: string[] = [];
  const work = async ({ id }: { id: string }) => {
    worked.push(id);
    if (id === 'a') throw new TidegateError('newer_version', 'of a newer release');
    if (id === 'b') throw new TidegateError('rate_limited', 'too many', { retryAfterMs: 1 });
  };
  const { error, more } = await workOnEachDue({ store, runtime }, await due(), 9e9, 'it failed', work);
  expect([worked.toSorted(), more]).toEqual([['a', 'b', 'c'], false]);
  expect(['newer_version', 'rate_limited']).toContain(error?.code);
  expect((await due()).map(({ id }) => id)).toEqual(['c']);
  at(1_000 + FAILED_AGAIN_MS);
  expect((await due()).map(({ id }) => id).toSorted()).toEqual(['b', 'c']);
  at(1_000 + PASS_OVER_MS);
  expect(await due()).toHaveLength(3);
});

test('no work on due records begins after the deadline, and a store that takes nothing ends none of it', async () => {
  const { store, runtime, due } = await dueAtOneSecond();
  const records = await due();
  expect(await workOnEachDue({ store, runtime }, records, 1_000, 'it failed', async () => {})).toMatchObject({
    more: true,
  });
  const gone = { ...store, commit: () => Promise.reject(new TidegateError('store_full', 'full')) };
  const upstream = new TidegateError('upstream', 'gone');
  const failing = () => Promise.reject(upstream);
  const both = [...records, ...records];
  const { error, more } = await workOnEachDue({ store: gone, runtime }, both, 9e9, 'it failed', failing);
  expect([error?.code, more]).toEqual(['upstream', false]);
});
