/** Logs: dense, in order, read from any cursor in both directions, dated by a time that never falls. */
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, shortEpoch } from '../cursor.ts';
import type { Cursor } from '../store.ts';
import { NOW, ODD_VALUES, values, type StartKit } from './kit.ts';

export function logRules(start: StartKit): void {
  test('a log that never had an entry has no cursor; any cursor into it is foreign', async () => {
    const { store, append } = await start();
    const empty = { entries: [], start: null, cursor: null, truncated: false, floor: null, end: null };
    expect(await store.read('l', null, 10)).toEqual(empty);
    expect(await store.last('l', 10)).toEqual(empty);
    expect(await store.seek('l', 0)).toBeNull();
    expect(await store.extent('l')).toEqual({ start: null, end: null, count: 0, newestAt: null });
    expect(await store.trim('l', { now: NOW, keep: 0, limit: 10 })).toEqual({ removed: 0, more: false });
    const foreign = await append('other', [1]);
    expect(await store.read('l', foreign, 10)).toEqual({ ...empty, truncated: true });
    expect(await store.last('l', 10, foreign)).toEqual({ ...empty, truncated: true });
  });

  test('entries are read in order from every cursor, by every client', async () => {
    const { store, second, append } = await start();
    const middle = await append('l', ['a', 'b']);
    const end = await append('l', ['c', 'd', 'e']);
    const all = await store.read('l', null, 10);
    expect(values(all)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(all).toMatchObject({ cursor: end, truncated: false });
    expect(all.entries[1]?.cursor).toBe(middle);
    for (const [i, entry] of all.entries.entries()) {
      const page = await second.read('l', entry.cursor, 2);
      expect(values(page)).toEqual(values(all).slice(i + 1, i + 3));
      expect(page).toMatchObject({ start: entry.cursor, truncated: false });
    }
  });

  test('pages forward meet every entry once, and the last page says where to go on', async () => {
    const { store, append } = await start();
    for (let i = 0; i < 50; i += 10) await append('l', [i, i + 1, i + 2, i + 3, i + 4]);
    const seen = [];
    const lengths = [];
    let cursor: Cursor | null = null;
    for (;;) {
      const page = await store.read('l', cursor, 7);
      lengths.push(page.entries.length);
      if (page.entries.length === 0) break;
      seen.push(...values(page));
      cursor = page.cursor;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => Math.floor(i / 5) * 10 + (i % 5)));
    // Readers rest on it that a page is short only where the log ends.
    expect(lengths).toEqual([7, 7, 7, 4, 0]);
    const idle = await store.read('l', cursor, 7);
    const { start: floor } = await store.extent('l');
    expect(idle).toEqual({ entries: [], start: cursor, cursor, truncated: false, floor, end: cursor });
    await append('l', ['new']);
    expect(values(await store.read('l', idle.cursor, 7))).toEqual(['new']);
  });

  test('pages backward meet every entry once', async () => {
    const { store, append } = await start();
    await append('l', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const seen = [];
    let before: Cursor | null = null;
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await store.last('l', 3, before);
      if (page.entries.length === 0) break;
      seen.unshift(...values(page));
      before = page.start;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await store.last('l', 3, before)).toMatchObject({ entries: [], start: before, truncated: false });
    expect(values(await store.last('l', 1_000))).toEqual(seen);
  });

  test('each page says where the log begins and ends, however little of it the page holds', async () => {
    const { store, append } = await start();
    for (let i = 0; i < 30; i += 10) await append('l', [i, i + 1, i + 2, i + 3, i + 4]);
    const pages = async () => {
      const { start: floor, end } = await store.extent('l');
      const middle = (await store.read('l', null, 7)).cursor;
      const all = [await store.read('l', null, 1), await store.read('l', middle, 2), await store.read('l', end, 9)];
      all.push(await store.last('l', 1), await store.last('l', 2, middle), await store.last('l', 3, floor));
      for (const page of all) expect([page.floor, page.end]).toEqual([floor, end]);
    };
    await pages();
    await store.trim('l', { now: NOW, keep: 11, limit: 2 });
    await pages();
    await append('l', ['new']);
    await pages();
  });

  test('a cursor is made from an epoch and a place, which each entry takes once', async () => {
    const { store, append } = await start();
    const { epoch } = decodeCursor(await append('l', [0, 1, 2]));
    await append('l', [3, 4]);
    await store.trim('l', { now: NOW, keep: 4, limit: 1 });
    for (const place of [1, 2, 3, 4]) {
      expect(values(await store.read('l', encodeCursor(epoch, place), 1))).toEqual([place]);
      expect(values(await store.last('l', 1, encodeCursor(epoch, place + 1)))).toEqual([place]);
    }
  });

  test('a cursor may have the end of its epoch in place of the whole; another end is of another epoch', async () => {
    const { store, append } = await start();
    const { epoch } = decodeCursor(await append('l', [1, 2, 3]));
    for (const characters of [1, 4, 8, epoch.length]) {
      const short = encodeCursor(shortEpoch(epoch, characters), 2);
      const page = await store.read('l', short, 5);
      expect([page.truncated, values(page), unmarked(page.start)]).toEqual([false, [3], encodeCursor(epoch, 2)]);
      const last = await store.last('l', 5, short);
      expect([last.truncated, values(last), unmarked(last.cursor)]).toEqual([false, [1, 2], encodeCursor(epoch, 2)]);
    }
    for (const other of ['~', `~x${epoch}`, `~${epoch.slice(0, -1)}`, `~${epoch.slice(-4)}\u00e9`, epoch.slice(-8)]) {
      expect(await store.read('l', encodeCursor(other, 2), 5)).toMatchObject({ truncated: true });
      expect(await store.last('l', 5, encodeCursor(other, 2))).toMatchObject({ truncated: true });
    }
  });

  test('a cursor of another log, or beyond the end, is answered as truncated', async () => {
    const { store, commits } = await start();
    const { cursors } = await commits([
      { kind: 'append', log: 'l', entries: ['a', 'b'] },
      { kind: 'append', log: 'other', entries: [1] },
    ]);
    const { epoch, place } = decodeCursor(cursors['l'] ?? '');
    for (const cursor of [cursors['other'] ?? '', encodeCursor(epoch, place + 1)]) {
      const page = await store.read('l', cursor, 1);
      expect([page.truncated, page.start, unmarked(page.cursor)]).toEqual([
        true,
        encodeCursor(epoch, 0),
        encodeCursor(epoch, 1),
      ]);
      expect(values(page)).toEqual(['a']);
      const last = await store.last('l', 1, cursor);
      expect([last.truncated, values(last)]).toEqual([true, ['b']]);
    }
  });

  test.for(['', 'x', '1', '.', '1.', '.e', '-1.e', '01.e', '1.5.e', 'zzzzzzzzzzzz.e', 'A.e', `1.${'e'.repeat(200)}`])(
    'the malformed cursor %j is refused',
    async (cursor) => {
      const { store, append } = await start();
      await append('l', [1]);
      // '1.5.e' is well formed: the epoch may have any characters. It is another log's.
      if (cursor === '1.5.e') return expect(await store.read('l', cursor, 1)).toMatchObject({ truncated: true });
      await expect(store.read('l', cursor, 1)).rejects.toMatchObject({ code: 'bad_cursor' });
      await expect(store.last('l', 1, cursor)).rejects.toMatchObject({ code: 'bad_cursor' });
    },
  );

  test('append times never fall, also when the clock of an appender does', async () => {
    const { store, append } = await start();
    await append('l', [1], NOW);
    await append('l', [2], NOW - 5_000);
    await append('l', [3], NOW + 10);
    const { entries } = await store.read('l', null, 10);
    expect(entries.map((entry) => entry.appendedAt)).toEqual([NOW, NOW, NOW + 10]);
    expect((await store.extent('l')).newestAt).toBe(NOW + 10);
  });

  test('seek finds the first entry appended at or after a time, also among equal ones', async () => {
    const { store, append } = await start();
    for (const [time, entries] of [
      [10, ['a', 'b']],
      [20, ['c', 'd', 'e']],
      [20, ['f']],
      [30, ['g']],
    ] as const) {
      await append('l', entries, time);
    }
    for (const [time, expected] of [
      [0, 'a'],
      [10, 'a'],
      [11, 'c'],
      [20, 'c'],
      [21, 'g'],
      [30, 'g'],
      [31, undefined],
    ] as const) {
      const cursor = await store.seek('l', time);
      expect([time, values(await store.read('l', cursor, 1))[0]]).toEqual([time, expected]);
    }
    expect(await store.seek('l', 31)).toBe(unmarked((await store.extent('l')).end));
  });

  test('every JSON value comes back as it was, null too', async () => {
    const { store, append } = await start();
    await append('l', [null, ...ODD_VALUES]);
    expect(values(await store.read('l', null, 100))).toEqual([null, ...ODD_VALUES]);
    expect(values(await store.last('l', 2))).toEqual(ODD_VALUES.slice(-2));
  });

  test('logs are kept apart, whatever is in their names', async () => {
    const { store, commits } = await start();
    const logs = ['a', 'a:b', 'a\u0000', '{a}', 'é', '\u{1f30a}', '"', '1', 'x'.repeat(256)];
    await commits(logs.map((log) => ({ kind: 'append', log, entries: [log] })));
    for (const log of logs) expect(values(await store.read(log, null, 10))).toEqual([log]);
  });
}

/** A cursor without what it knows of the entry before it. */
function unmarked(cursor: Cursor | null): Cursor | null {
  if (cursor === null) return null;
  const { epoch, place } = decodeCursor(cursor);
  return encodeCursor(epoch, place);
}
