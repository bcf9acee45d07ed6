/** Erasing: other values stand in the place of entries at once and for good, and nothing else of a log changes. */
import { expect, test } from 'vitest';
import type { Json } from '../../base/json.ts';
import { ERASED_BYTES, READ_LIMIT } from '../limits.ts';
import type { Cursor } from '../store.ts';
import { key, NOW, values, type Kit, type StartKit } from './kit.ts';

const LONG = 3 * 130;

export function eraseRules(start: StartKit): void {
  test('values are replaced; places, cursors and append times stay', async () => {
    const kit = await filled(start);
    const before = await kit.store.read('l', null, READ_LIMIT);
    const [extent, sought] = [await kit.store.extent('l'), await kit.store.seek('l', NOW + 1)];
    await erase(kit, [0, 99, 100, 131, LONG - 1]);
    const after = await kit.second.read('l', null, READ_LIMIT);
    expect(values(after)).toEqual(numbers().map((n) => ([0, 99, 100, 131, LONG - 1].includes(n) ? gone(n) : n)));
    const places = ({ entries }: typeof after) => entries.map(({ cursor, appendedAt }) => ({ cursor, appendedAt }));
    expect(places(after)).toEqual(places(before));
    expect([await kit.store.extent('l'), await kit.store.seek('l', NOW + 1)]).toEqual([extent, sought]);
    expect(values(await kit.store.last('l', 2))).toEqual([LONG - 2, gone(LONG - 1)]);
  });

  test('a log goes on after its newest entry was erased', async () => {
    const kit = await filled(start);
    await erase(kit, [LONG - 2, LONG - 1]);
    await kit.append('l', ['next'], NOW + 5);
    expect(values(await kit.store.last('l', 3))).toEqual([gone(LONG - 2), gone(LONG - 1), 'next']);
    await erase(kit, [LONG]);
    expect(values(await kit.store.last('l', 1))).toEqual([gone(LONG)]);
  });

  test('the same erasure again changes nothing, and what was erased may be erased otherwise', async () => {
    const kit = await filled(start);
    const [cursor = ''] = await cursorsOf(kit, [7]);
    for (const value of ['once', 'once', { twice: 'grün 東京' }]) {
      await kit.store.erase('l', [{ cursor, value }]);
      expect(values(await kit.store.read('l', null, 9))[7]).toEqual(value);
    }
  });

  test('whole segments, next to each other, and many at once', async () => {
    const kit = await filled(start);
    const all = numbers();
    await erase(kit, all);
    expect(values(await kit.store.read('l', null, READ_LIMIT))).toEqual(all.map(gone));
    await kit.store.trim('l', { now: NOW, keep: 200, limit: 1_000 });
    expect(values(await kit.store.read('l', null, READ_LIMIT))).toEqual(all.slice(-200).map(gone));
  });

  test('entries that were trimmed, cursors of another epoch and logs that never were are passed over', async () => {
    const kit = await filled(start);
    const [low = '', high = ''] = await cursorsOf(kit, [3, 300]);
    await kit.append('m', [1]);
    const { end: foreign } = await kit.store.extent('m');
    await kit.store.trim('l', { now: NOW, keep: 150, limit: 1 });
    const rest = values(await kit.store.read('l', null, READ_LIMIT));
    await kit.store.erase('l', [{ cursor: low, value: 'low' }]);
    await kit.store.erase('l', [{ cursor: foreign ?? '', value: 'foreign' }]);
    await kit.store.erase('never', [{ cursor: low, value: 'never' }]);
    await kit.store.erase('l', []);
    expect(values(await kit.store.read('l', null, READ_LIMIT))).toEqual(rest);
    await kit.store.erase(
      'l',
      [low, high].map((cursor) => ({ cursor, value: 'erased' })),
    );
    expect(values(await kit.store.read('l', null, READ_LIMIT))).toEqual(rest.map((n) => (n === 300 ? 'erased' : n)));
    // What is trimmed later is found by its time, whether it was erased or not.
    await kit.store.trim('l', { now: NOW, appendedBefore: NOW + 2, limit: 1_000 });
    expect(values(await kit.store.read('l', null, 2))).toEqual([260, 261]);
  });

  test('beside appends, trims, readers and other erasures nothing is lost', async () => {
    const kit = await filled(start);
    const mine = numbers().filter((n) => n >= 200 && n % 3 === 0);
    const theirs = numbers().filter((n) => n >= 200 && n % 3 === 1);
    const appended = Array.from({ length: 20 }, (_, i) => `a${i}`);
    const reads: Json[][] = [];
    const cursors = await cursorsOf(kit, numbers());
    const piecemeal = async (places: readonly number[], by = kit.store) => {
      for (let i = 0; i < places.length; i += 10) {
        const some = places.slice(i, i + 10).map((place) => ({ cursor: cursors[place] ?? '', value: gone(place) }));
        await by.erase('l', some);
      }
    };
    await Promise.all([
      piecemeal(mine),
      piecemeal(theirs, kit.second),
      (async () => {
        for (const value of appended) await kit.append('l', [value], NOW + 5);
      })(),
      (async () => {
        for (let keep = LONG; keep > 205; keep -= 20) await kit.second.trim('l', { now: NOW, keep, limit: 30 });
      })(),
      (async () => {
        for (let i = 0; i < 10; i += 1) reads.push(values(await kit.second.read('l', null, READ_LIMIT)));
      })(),
    ]);
    const found = values(await kit.store.read('l', null, READ_LIMIT));
    const erased = new Set([...mine, ...theirs]);
    const expected = [...numbers().map((n) => (erased.has(n) ? gone(n) : n)), ...appended];
    expect(found).toEqual(expected.slice(-found.length));
    for (const read of reads) {
      const places = read.map((value) => (typeof value === 'object' ? (value as { gone: number }).gone : value));
      expect(places).toEqual(
        [...numbers(), ...appended].slice(LONG - places.length + late(places)).slice(0, places.length),
      );
    }
  });

  test('too many at once, values that are too long and cursors that are none are refused', async () => {
    const kit = await filled(start);
    const [cursor = ''] = await cursorsOf(kit, [7]);
    const refused = (erasures: Parameters<Kit['store']['erase']>[1]) =>
      kit.store.erase('l', erasures).then(
        () => null,
        (error: unknown) => (error as { code?: string }).code,
      );
    const long = 'x'.repeat(ERASED_BYTES - 2);
    expect(await refused([{ cursor, value: `${long}x` }])).toBe('too_large');
    expect(await refused(Array.from({ length: READ_LIMIT + 1 }, () => ({ cursor, value: 1 })))).toBe('invalid_input');
    expect(await refused([{ cursor: 'none', value: 1 }])).toBe('bad_cursor');
    expect(values(await kit.store.read('l', null, READ_LIMIT))).toEqual(numbers());
    expect(await refused([{ cursor, value: long }])).toBeNull();
  });

  test('a page brings the record that is asked for beside it, as every read would', async () => {
    const { store, put, append } = await start();
    const absent = { ...key('a'), value: null, version: null };
    const beside = { record: key('a'), now: NOW };
    expect(await store.read('l', null, 5, beside)).toMatchObject({ entries: [], cursor: null, beside: absent });
    expect(await store.last('l', 5, null, beside)).toMatchObject({ entries: [], cursor: null, beside: absent });
    await append('l', [1, 2]);
    expect((await store.read('l', null, 5, beside)).beside).toEqual(absent);
    await put(key('a'), { b: 1 }, { expiresAt: NOW + 10, due: { queue: 'q', at: NOW } });
    for (const now of [NOW, NOW + 10]) {
      const expected = await store.get(key('a'), now);
      const [read, last] = [
        await store.read('l', null, 5, { record: key('a'), now }),
        await store.last('l', 1, null, { record: key('a'), now }),
      ];
      expect([read.beside, last.beside]).toEqual([expected, expected]);
      expect([values(read), values(last)]).toEqual([[1, 2], [2]]);
    }
    expect(await store.read('l', null, 5)).not.toHaveProperty('beside');
  });
}

/** A log `l` of the numbers up to `LONG`, in three appends of more than one segment, a millisecond apart. */
async function filled(start: StartKit): Promise<Kit> {
  const kit = await start();
  for (let part = 0; part < 3; part += 1)
    await kit.append('l', numbers().slice(part * 130, part * 130 + 130), NOW + part);
  return kit;
}

function numbers(): number[] {
  return Array.from({ length: LONG }, (_, n) => n);
}

function gone(n: number): Json {
  return { gone: n };
}

/** How many appended values are among them. */
function late(places: readonly Json[]): number {
  return places.filter((value) => typeof value === 'string').length;
}

/** The cursors of the entries at these places; the log has not been trimmed. */
async function cursorsOf({ store }: Kit, places: readonly number[]): Promise<Cursor[]> {
  const { entries } = await store.read('l', null, READ_LIMIT);
  return places.map((place) => entries[place]?.cursor ?? '');
}

async function erase(kit: Kit, places: readonly number[]): Promise<void> {
  const cursors = await cursorsOf(kit, places);
  await kit.store.erase(
    'l',
    cursors.map((cursor, i) => ({ cursor, value: gone(places[i] ?? 0) })),
  );
}
