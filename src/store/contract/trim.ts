/** Trimming: the floor rises at once, removal follows, the newest entry stays, and readers learn what they missed. */
import { expect, test } from 'vitest';
import { NOW, values, type Kit, type StartKit } from './kit.ts';

export function trimRules(start: StartKit): void {
  test('to a count', async () => {
    const kit = await tenEntries(start);
    expect(await kit.store.trim('l', { now: NOW, keep: 4, limit: 100 })).toEqual({ removed: 6, more: false });
    expect(await state(kit)).toEqual({ count: 4, entries: [6, 7, 8, 9] });
    expect(await kit.store.trim('l', { now: NOW, keep: 4, limit: 100 })).toEqual({ removed: 0, more: false });
    expect(await kit.store.trim('l', { now: NOW, keep: 100, limit: 100 })).toEqual({ removed: 0, more: false });
  });

  test('to an age; entries of that very time stay', async () => {
    const kit = await tenEntries(start);
    expect(await kit.store.trim('l', { now: NOW, appendedBefore: NOW + 3, limit: 100 })).toMatchObject({ removed: 3 });
    expect(await state(kit)).toEqual({ count: 7, entries: [3, 4, 5, 6, 7, 8, 9] });
    await kit.store.trim('l', { now: NOW, appendedBefore: 0, limit: 100 });
    expect((await state(kit)).count).toBe(7);
  });

  test('to a count and an age: whatever either lets go may go', async () => {
    const kit = await tenEntries(start);
    await kit.store.trim('l', { now: NOW, keep: 8, appendedBefore: NOW + 5, limit: 100 });
    expect(await state(kit)).toEqual({ count: 5, entries: [5, 6, 7, 8, 9] });
    await kit.store.trim('l', { now: NOW, keep: 2, appendedBefore: NOW + 6, limit: 100 });
    expect(await state(kit)).toEqual({ count: 2, entries: [8, 9] });
  });

  test('the newest entry is never removed', async () => {
    const kit = await tenEntries(start);
    await kit.store.trim('l', { now: NOW, keep: 0, appendedBefore: NOW + 10 ** 9, limit: 100 });
    expect(await state(kit)).toEqual({ count: 1, entries: [9] });
    expect(await kit.store.extent('l')).toMatchObject({ newestAt: NOW + 9 });
    await kit.append('l', [10], NOW);
    expect((await kit.store.last('l', 1)).entries[0]).toMatchObject({ value: 10, appendedAt: NOW + 9 });
  });

  test('what lies below the floor is unreadable at once, also where removing it takes several calls', async () => {
    const kit = await tenEntries(start);
    expect(await kit.store.trim('l', { now: NOW, keep: 1, limit: 4 })).toEqual({ removed: 4, more: true });
    expect(await state(kit)).toEqual({ count: 1, entries: [9] });
    expect(values(await kit.store.last('l', 10))).toEqual([9]);
    expect(await kit.store.seek('l', 0)).toBe((await kit.store.extent('l')).start);
    expect(await kit.store.trim('l', { now: NOW, limit: 4 })).toEqual({ removed: 4, more: true });
    expect(await kit.store.trim('l', { now: NOW, limit: 4 })).toEqual({ removed: 1, more: false });
    expect(await state(kit)).toEqual({ count: 1, entries: [9] });
  });

  test('a reader below the floor is told so and begins at the oldest; one at the floor missed nothing', async () => {
    const kit = await tenEntries(start);
    const { entries } = await kit.store.read('l', null, 10);
    await kit.store.trim('l', { now: NOW, keep: 4, limit: 2 });
    const below = await kit.store.read('l', entries[4]?.cursor ?? null, 2);
    expect([below.truncated, values(below)]).toEqual([true, [6, 7]]);
    const floor = await kit.store.read('l', entries[5]?.cursor ?? null, 2);
    expect([floor.truncated, values(floor)]).toEqual([false, [6, 7]]);
    const above = await kit.store.read('l', entries[6]?.cursor ?? null, 2);
    expect([above.truncated, values(above)]).toEqual([false, [7, 8]]);
    const backwards = await kit.store.last('l', 3, entries[2]?.cursor ?? null);
    const { start: floorCursor } = await kit.store.extent('l');
    expect(backwards).toMatchObject({ entries: [], start: floorCursor, cursor: floorCursor, truncated: true });
    const edge = await kit.store.last('l', 3, entries[7]?.cursor ?? null);
    expect([edge.truncated, values(edge)]).toEqual([false, [6, 7]]);
  });

  test('places go on where they were: a cursor from before the trim still fits', async () => {
    const kit = await tenEntries(start);
    const { end } = await kit.store.extent('l');
    await kit.store.trim('l', { now: NOW, keep: 1, limit: 100 });
    await kit.append('l', ['next']);
    expect(values(await kit.store.read('l', end, 10))).toEqual(['next']);
  });
}

/** A log `l` of 0 to 9, one a millisecond. */
async function tenEntries(start: StartKit): Promise<Kit> {
  const kit = await start();
  for (let i = 0; i < 10; i += 1) await kit.append('l', [i], NOW + i);
  return kit;
}

async function state({ store }: Kit) {
  const { start, count } = await store.extent('l');
  const page = await store.read('l', null, 100);
  expect(page).toMatchObject({ start, truncated: false });
  return { count, entries: values(page) };
}
