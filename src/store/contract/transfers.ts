/** Rules of reading all that is stored, and of filling a store with it. A driver without `transfer` passes over them. */
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { RecordKey, StoredRecord, StoreTransfer } from '../store.ts';
import { transferOf } from '../driver.ts';
import { key, NOW, ODD_VALUES, type StartKit, values } from './kit.ts';

const EPOCH = 'another-epoch_0123456789';

export function transferRules(start: StartKit): void {
  const kit = async (skip: () => void) => {
    const begun = await start();
    if (begun.store.transfer === undefined) skip();
    return { ...begun, transfer: await transferOf(begun.store) };
  };

  test('all records are read, page by page, with all that is known of them', async ({ skip }) => {
    const { put, transfer } = await kit(skip);
    expect([await all(transfer, 'records', 10), await all(transfer, 'logs', 10)]).toEqual([[], []]);
    const partitions = ['p', 'p/q', 'é', '12:x', '*[a]?', '"'];
    const keys = partitions.flatMap((partition) =>
      ['a', 'b:1', '\u{1f30a}'].map((id): RecordKey => ({ partition, id })),
    );
    for (const each of keys) await put(each, each.id);
    const due = { queue: 'q/1', at: NOW + 7 };
    const version = await put(key('due'), { deep: [1, null] }, { due, expiresAt: NOW + 1_000 });
    const gone = await put(key('expired'), 1, { expiresAt: NOW + 1 });
    for (const limit of [1, 4, 1_000]) {
      const found = await all(transfer, 'records', limit);
      expect(found.length).toBe(keys.length + 2);
      expect(found).toEqual(
        expect.arrayContaining(keys.map((each) => expect.objectContaining({ ...each, value: each.id }))),
      );
      expect(found).toContainEqual({ ...key('due'), value: { deep: [1, null] }, version, expiresAt: NOW + 1_000, due });
      expect(found).toContainEqual({ ...key('expired'), value: 1, version: gone, expiresAt: NOW + 1, due: null });
    }
  });

  test('all logs are named, and nothing else is', async ({ skip }) => {
    const { put, append, store, transfer } = await kit(skip);
    const names = ['a', 'a/b', 'é', '{x}', '*', 'x'.repeat(256)];
    for (const name of names) for (const entry of [1, 2, 3]) await append(name, [entry], NOW + entry);
    await put(key('a'), 1);
    await store.trim('a', { now: NOW, keep: 1, limit: 10 });
    for (const limit of [1, 4, 1_000]) {
      expect((await all(transfer, 'logs', limit)).toSorted()).toEqual(names.toSorted());
    }
  });

  test('a log that is filled has the places, the times and the values that it had', async ({ skip }) => {
    const { store, append, transfer } = await kit(skip);
    const times = [10, 10, 10, 20, 21, 21, 40];
    const entries = times.map((appendedAt, index) => ({ value: index, appendedAt }));
    expect(await transfer.fill('l', { epoch: EPOCH, place: 100, entries: entries.slice(0, 2) })).toBe(true);
    expect(await transfer.fill('l', { epoch: EPOCH, place: 102, entries: entries.slice(2) })).toBe(true);
    const page = await store.read('l', null, 10);
    expect([values(page), page.truncated]).toEqual([[0, 1, 2, 3, 4, 5, 6], false]);
    expect(page.entries.map(({ appendedAt }) => appendedAt)).toEqual(times);
    expect(page.entries.map(({ cursor }) => decodeCursor(cursor).place)).toEqual([101, 102, 103, 104, 105, 106, 107]);
    expect(await store.extent('l')).toMatchObject({ count: 7, newestAt: 40, start: encodeCursor(EPOCH, 100) });
    for (const [time, value] of [
      [0, 0],
      [10, 0],
      [11, 3],
      [20, 3],
      [21, 4],
      [22, 6],
      [40, 6],
    ] as const) {
      expect(values(await store.read('l', await store.seek('l', time), 1))).toEqual([value]);
    }
    // A position that was known there is one here, once it has the epoch.
    expect(values(await store.read('l', encodeCursor(EPOCH, 103), 2))).toEqual([3, 4]);
    expect(await store.read('l', encodeCursor(EPOCH, 99), 1)).toMatchObject({ truncated: true });
    expect(await store.read('l', encodeCursor('other', 103), 1)).toMatchObject({ truncated: true });
    await append('l', ['more'], 30);
    const last = await store.last('l', 2);
    expect([values(last), last.entries.map(({ appendedAt }) => appendedAt)]).toEqual([
      [6, 'more'],
      [40, 40],
    ]);
    expect(await store.trim('l', { now: NOW, keep: 2, limit: 100 })).toEqual({ removed: 6, more: false });
    expect(values(await store.read('l', null, 10))).toEqual([6, 'more']);
  });

  test('a log is filled on at its end alone, and in its own epoch', async ({ skip }) => {
    const { store, append, transfer } = await kit(skip);
    const entries = [{ value: 1, appendedAt: 1 }];
    await transfer.fill('l', { epoch: EPOCH, place: 0, entries });
    for (const [epoch, place] of [
      [EPOCH, 0],
      [EPOCH, 2],
      ['other', 1],
    ] as const) {
      expect(await transfer.fill('l', { epoch, place, entries })).toBe(false);
    }
    await append('own', [1]);
    expect(await transfer.fill('own', { epoch: EPOCH, place: 1, entries })).toBe(false);
    expect([values(await store.read('l', null, 5)), values(await store.read('own', null, 5))]).toEqual([[1], [1]]);
  });

  test('a log that is dropped is gone, and another one begins in its place', async ({ skip }) => {
    const { store, append, transfer } = await kit(skip);
    const former = await append(
      'l',
      Array.from({ length: 250 }, (_, value) => value),
      NOW,
    );
    await append('l', ['newest'], NOW + 5);
    await store.trim('l', { now: NOW, keep: 120, limit: 1_000 });
    const [entry] = (await store.read('l', null, 1)).entries;
    await store.erase('l', [{ cursor: entry?.cursor ?? '', value: 0 }]);
    const kept = await append('l2', [1]);
    for (const name of ['l', 'l', 'never']) await transfer.drop(name);
    expect(await store.extent('l')).toEqual({ start: null, end: null, count: 0, newestAt: null });
    expect([await all(transfer, 'logs', 10), (await store.extent('l2')).end]).toEqual([['l2'], kept]);
    await append('l', ['anew'], NOW - 5);
    const page = await store.read('l', former, 10);
    expect([values(page), page.truncated, page.entries[0]?.appendedAt]).toEqual([['anew'], true, NOW - 5]);
    expect(values(await store.read('l', await store.seek('l', 0), 10))).toEqual(['anew']);
  });

  test('what is filled may be any JSON, and many at once', async ({ skip }) => {
    const { store, transfer } = await kit(skip);
    for (const [index, value] of [null, ...ODD_VALUES].entries()) {
      await transfer.fill('odd', { epoch: EPOCH, place: index, entries: [{ value, appendedAt: index }] });
    }
    expect(values(await store.read('odd', null, 100))).toEqual([null, ...ODD_VALUES]);
    const many = Array.from({ length: 1_000 }, (_, value) => ({ value, appendedAt: value * 3 }));
    expect(await transfer.fill('many', { epoch: EPOCH, place: 5, entries: many })).toBe(true);
    const page = await store.read('many', null, 1_000);
    expect(page.entries.map(({ value, appendedAt }) => ({ value, appendedAt }))).toEqual(many);
  });
}

async function all<Kind extends 'records' | 'logs'>(
  transfer: StoreTransfer,
  kind: Kind,
  limit: number,
): Promise<(Kind extends 'records' ? StoredRecord : string)[]> {
  const found = new Map<string, StoredRecord | string>();
  let after: string | null = null;
  do {
    const page: { records?: StoredRecord[]; logs?: string[]; next: string | null } = await transfer[kind](after, limit);
    for (const item of page.records ?? []) found.set(JSON.stringify([item.partition, item.id]), item);
    for (const name of page.logs ?? []) found.set(name, name);
    after = page.next;
  } while (after !== null);
  return [...found.values()] as (Kind extends 'records' ? StoredRecord : string)[];
}
