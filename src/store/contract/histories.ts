/**
 * Histories that went back: after a restore, or where a replica takes over that was behind, other entries stand in places
 * that cursors have passed. A cursor knows what stood before it.
 */
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, MARK_CHARACTERS, shortEpoch, wentBack } from '../cursor.ts';
import type { Cursor } from '../store.ts';
import { type Kit, NOW, type StartKit, values } from './kit.ts';

/** Entries of one append that fill several segments, and what comes before and after them. */
const MANY = Array.from({ length: 230 }, (_, n) => n);

export function historyRules(start: StartKit): void {
  test('every cursor behind an entry knows what stands before it, and reads on from there', async () => {
    const kit = await start();
    for (const cursor of await cursorsOf(await filled(kit))) {
      expect(decodeCursor(cursor).mark).toHaveLength(MARK_CHARACTERS);
      const { place } = decodeCursor(cursor);
      const page = await kit.store.read('l', cursor, 2);
      expect([page.truncated, decodeCursor(page.start ?? '').place]).toEqual([false, place]);
      const last = await kit.store.last('l', 2, cursor);
      expect([last.truncated, decodeCursor(last.cursor ?? '').place]).toEqual([false, place]);
    }
  });

  test('a cursor before which another entry stood is truncated: a read begins at the oldest, a last ends at the newest', async () => {
    const kit = await start();
    for (const cursor of await cursorsOf(await filled(kit))) {
      const { epoch, place, mark = '' } = decodeCursor(cursor);
      const other = mark === 'zzzz' ? 'yyyy' : 'zzzz';
      for (const given of [epoch, shortEpoch(epoch, 4)]) {
        const page = await kit.store.read('l', encodeCursor(given, place, other), 3);
        expect([place, page.truncated, page.start, values(page)]).toEqual([place, true, page.floor, ['a', 'b', 0]]);
        const last = await kit.store.last('l', 2, encodeCursor(given, place, other));
        expect([place, last.truncated, last.cursor, values(last)]).toEqual([place, true, last.end, ['y', 'z']]);
        const same = await kit.store.read('l', encodeCursor(given, place, mark), 3);
        expect(same.truncated).toBe(false);
        const asked = encodeCursor(given, place, other);
        expect([wentBack(page, asked), wentBack(last, asked), wentBack(same, asked)]).toEqual([true, true, false]);
      }
    }
  });

  test('cursors of one append have one mark, and those of two appends have two', async () => {
    const { append, store } = await start();
    const marks = new Set<string | undefined>();
    for (let n = 0; n < 20; n += 1) marks.add(decodeCursor(await append('l', [n, n])).mark);
    expect(marks.size).toBe(20);
    const { entries } = await store.read('l', null, 40);
    expect(entries.map(({ cursor }) => decodeCursor(cursor).mark)).toEqual([...marks].flatMap((mark) => [mark, mark]));
  });

  test('erased entries keep what cursors know of them, and trimmed ones are not known any more', async () => {
    const kit = await start();
    await filled(kit);
    const before = await cursorsOf(kit);
    const { entries } = await kit.store.read('l', null, 300);
    await kit.store.erase(
      'l',
      [entries[1], entries[120], entries[231]].flatMap((entry) =>
        entry ? [{ cursor: entry.cursor, value: 'x' }] : [],
      ),
    );
    expect(await cursorsOf(kit)).toEqual(before);
    for (const cursor of before) expect((await kit.store.read('l', cursor, 1)).truncated).toBe(false);
    await kit.store.trim('l', { now: NOW, keep: 100, limit: 1_000 });
    const { floor, end } = await kit.store.read('l', null, 1);
    const { epoch, place } = decodeCursor(floor ?? '');
    // Nobody knows any more what stood before the oldest entry.
    for (const cursor of [encodeCursor(epoch, place, 'zzzz'), encodeCursor(epoch, place)]) {
      expect((await kit.store.read('l', cursor, 1)).truncated).toBe(false);
    }
    // What was trimmed is gone by retention, and not because the log went back; what lies beyond its end is.
    const trimmed = encodeCursor(epoch, place - 1, 'zzzz');
    expect(wentBack(await kit.store.read('l', trimmed, 1), trimmed)).toBe(false);
    const beyond = encodeCursor(epoch, decodeCursor(end ?? '').place + 1);
    expect(wentBack(await kit.store.read('l', beyond, 1), beyond)).toBe(true);
    expect(end).toBe(before.at(-1));
    expect((await kit.store.read('l', end, 1)).truncated).toBe(false);
  });
}

async function filled(kit: Kit): Promise<Kit> {
  await kit.append('l', ['a']);
  await kit.append('l', ['b']);
  await kit.append('l', MANY);
  await kit.append('l', ['y']);
  await kit.append('l', ['z']);
  return kit;
}

/** All that a store answers as a cursor, but those at the log's beginning. */
async function cursorsOf({ store }: Kit): Promise<Cursor[]> {
  const all = await store.read('l', null, 300);
  const [middle, extent] = [await store.last('l', 1, all.entries[50]?.cursor), await store.extent('l')];
  const places = [0, 1, 2, 50, 101, 102, 201, 231, 232, 233];
  const behind = places.flatMap((place) => all.entries[place]?.cursor ?? []);
  return [...behind, middle.start, middle.cursor, all.end, all.cursor, extent.end].filter((cursor) => cursor !== null);
}
