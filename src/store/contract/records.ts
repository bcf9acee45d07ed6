/** Records: what is put is read, on its version, until it expires; lists in the order of bytes. */
import { expect, test } from 'vitest';
import { LIST_BYTES, RECORD_BYTES } from '../limits.ts';
import { key, NOW, ODD_VALUES, type Kit, type StartKit } from './kit.ts';

export function recordRules(start: StartKit): void {
  test('a record that never was is absent, without a version', async () => {
    const { store } = await start();
    expect(await store.get(key('a'), NOW)).toEqual({ ...key('a'), value: null, version: null });
    expect(await store.list('p', { now: NOW, limit: 10 })).toEqual({ records: [], next: null });
  });

  test('what is put is read by every client, with its version, expiry and due time', async () => {
    const { store, second, put } = await start();
    const more = { expiresAt: NOW + 1, due: { queue: 'q', at: NOW + 5 } };
    const version = await put(key('a'), { n: 1 }, more);
    for (const client of [store, second]) {
      expect(await client.get(key('a'), NOW)).toEqual({ ...key('a'), value: { n: 1 }, version, ...more });
    }
  });

  test('every JSON value comes back as it was', async () => {
    const { commits, store } = await start();
    for (const [index, value] of ODD_VALUES.entries()) {
      await commits([{ kind: 'put', ...key(`v${index}`), value, expects: null }]);
      expect((await store.get(key(`v${index}`), NOW)).value).toEqual(value);
    }
    const keys = ODD_VALUES.map((_, index) => key(`v${index}`));
    expect((await store.getMany(keys, NOW)).map((reading) => reading.value)).toEqual(ODD_VALUES);
  });

  test('names are kept apart, whatever is in them', async () => {
    const { commits, store } = await start();
    const names = [
      'a',
      'a:b',
      'b:a',
      'a\u0000b',
      'a b',
      '{a}',
      '"',
      '\\',
      '\n',
      'é',
      'e\u0301',
      '\u{1f30a}',
      'a/b|c,1',
      '*',
    ];
    const keys = names.flatMap((partition) => names.map((id) => ({ partition, id })));
    keys.push({ partition: 'ab', id: 'c' }, { partition: 'a', id: 'bc' }, { partition: '1', id: '23' });
    keys.push({ partition: '12', id: '3' }, { partition: 'p'.repeat(256), id: 'i'.repeat(512) });
    for (let i = 0; i < keys.length; i += 90) {
      const some = keys.slice(i, i + 90);
      await commits(some.map((each, n) => ({ kind: 'put', ...each, value: i + n, expects: null })));
    }
    for (let i = 0; i < keys.length; i += 100) {
      const read = await store.getMany(keys.slice(i, i + 100), NOW);
      expect(read.map((reading) => reading.value)).toEqual(read.map((_, n) => i + n));
    }
    const listed = await store.list('a\u0000b', { now: NOW, limit: 100 });
    expect(listed.records.map((record) => record.id).toSorted()).toEqual(names.toSorted());
  });

  test('getMany answers in the order of its keys, absent ones too', async () => {
    const { store, put } = await start();
    const version = await put(key('b'), 1);
    const read = await store.getMany([key('c'), key('b'), key('b', 'other'), key('b')], NOW);
    expect(read.map((reading) => reading.version)).toEqual([null, version, null, version]);
    expect(await store.getMany([], NOW)).toEqual([]);
  });

  test('a version is never used again: after delete and put, the old one stands nowhere', async () => {
    const { commits, commit, put } = await start();
    const old = await put(key('a'), 1);
    await commits([{ kind: 'delete', ...key('a'), expects: old }]);
    const again = await put(key('a'), 1);
    expect(again).not.toBe(old);
    expect(await commit([{ kind: 'put', ...key('a'), value: 2, expects: old }])).toMatchObject({
      status: 'conflict',
      conflicts: [{ operation: 0, found: { version: again, value: 1 } }],
    });
  });

  test('an expired record is absent with its version, from that very millisecond, by the clock of who asks', async () => {
    const { store, put, commit } = await start();
    const version = await put(key('a'), 1, { expiresAt: NOW + 100, due: { queue: 'q', at: NOW } });
    const absent = { ...key('a'), value: null, version };
    for (const now of [NOW + 100, NOW + 1_000]) {
      expect(await store.get(key('a'), now)).toEqual(absent);
      expect(await store.getMany([key('a')], now)).toEqual([absent]);
      expect(await store.list('p', { now, limit: 1 })).toMatchObject({ records: [] });
    }
    expect(await store.get(key('a'), NOW + 99)).toMatchObject({ value: 1, version });
    expect(await commit([{ kind: 'put', ...key('a'), value: 2, expects: null }], { now: NOW + 100 })).toEqual({
      status: 'conflict',
      conflicts: [{ operation: 0, found: absent }],
    });
  });

  test('an expired record is taken over by a put that expects its version, or deleted', async () => {
    const { store, put, commits } = await start();
    const version = await put(key('a'), 1, { expiresAt: NOW + 100 });
    const later = { now: NOW + 200 };
    const taken = await commits([{ kind: 'put', ...key('a'), value: 2, expects: version }], later);
    expect(await store.get(key('a'), NOW + 200)).toMatchObject({ value: 2, version: taken.version, expiresAt: null });
    const other = await put(key('b'), 1, { expiresAt: NOW + 100 });
    await commits([{ kind: 'delete', ...key('b'), expects: other }], later);
    expect(await store.get(key('b'), NOW + 200)).toMatchObject({ value: null, version: null });
  });

  test('what stood there before leaves nothing behind: expiry and due time are those of the last put', async () => {
    const { store, put } = await start();
    const first = await put(key('a'), 1, { expiresAt: NOW + 100, due: { queue: 'q', at: NOW } });
    const version = await put(key('a'), 2, { expects: first });
    expect(await store.get(key('a'), NOW + 10 ** 9)).toEqual({
      ...key('a'),
      value: 2,
      version,
      expiresAt: null,
      due: null,
    });
  });

  test('collecting leaves what is live, and for a day what has expired', async () => {
    const { store, put } = await start();
    await put(key('live'), 1);
    await put(key('lease'), 1, { expiresAt: NOW + 3 * 86_400_000 });
    const version = await put(key('expired'), 1, { expiresAt: NOW + 100 });
    await store.collect(NOW + 86_400_000, 1_000);
    expect(await store.get(key('live'), NOW)).toMatchObject({ value: 1 });
    expect(await store.get(key('lease'), NOW)).toMatchObject({ value: 1 });
    expect(await store.get(key('expired'), NOW + 100)).toMatchObject({ value: null, version });
  });

  test('collecting may take what is fleeting once it has expired, and not before', async () => {
    const { store, commit } = await start();
    const value = 'x'.repeat(1_000);
    await commit([{ kind: 'put', ...key('page'), value, expects: null, expiresAt: NOW + 60_000, fleeting: true }]);
    await store.collect(NOW + 59_000, 1_000);
    expect(await store.get(key('page'), NOW + 59_000)).toMatchObject({ value });
    await store.collect(NOW + 60_000, 1_000);
    expect(await store.get(key('page'), NOW + 60_000)).toMatchObject({ value: null });
  });

  test('lists are in the order of UTF-8 bytes, also beyond the basic plane', async () => {
    const kit = await start();
    // As UTF-16 the emoji (d83c…) would come before U+FF5E.
    const ordered = ['!', 'A', 'B', 'a', 'aa', 'a\u{1f30a}', 'b', '~', 'é', '東', '\uff5e', '\u{1f30a}', '\u{10fffd}'];
    await fill(kit, ordered.toReversed());
    expect(await idsOf(kit, {}, 100)).toEqual(ordered);
    expect(await idsOf(kit, {}, 1)).toEqual(ordered);
    expect(await idsOf(kit, { prefix: 'a' }, 2)).toEqual(['a', 'aa', 'a\u{1f30a}']);
    expect(await idsOf(kit, { prefix: '\u{1f30a}' }, 2)).toEqual(['\u{1f30a}']);
    expect(await idsOf(kit, { after: 'b' }, 3)).toEqual(['~', 'é', '東', '\uff5e', '\u{1f30a}', '\u{10fffd}']);
    expect(await idsOf(kit, { after: 'aaa', prefix: 'a' }, 3)).toEqual(['a\u{1f30a}']);
    expect(await idsOf(kit, { after: 'b', prefix: 'a' }, 3)).toEqual([]);
    expect(await idsOf(kit, { prefix: 'none' }, 3)).toEqual([]);
    // What no id can begin with comes from whoever types: it is no mistake of the caller's.
    expect(await idsOf(kit, { prefix: 'a'.repeat(5_000) }, 3)).toEqual([]);
    expect(await idsOf(kit, { prefix: '\ud83c' }, 3)).toEqual([]);
  });

  test('a page of large records ends behind a bound of bytes, and the next one goes on', async () => {
    const kit = await start();
    const value = 'x'.repeat(RECORD_BYTES - 100);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const id of ids) await kit.put(key(id), value);
    const most = Math.ceil(LIST_BYTES / value.length);
    expect((await kit.store.list('p', { now: NOW, limit: 100 })).records.length).toBeLessThanOrEqual(most);
    expect(await idsOf(kit, {}, 100)).toEqual(ids);
  });

  test('names that no record and no queue has are refused', async () => {
    const { store } = await start();
    for (const name of ['', 'p'.repeat(513), '\ud800']) {
      const refused = { code: 'invalid_input' };
      await expect(store.list(name, { now: NOW, limit: 1 })).rejects.toMatchObject(refused);
      await expect(store.due(name, { now: NOW, limit: 1, from: 0 })).rejects.toMatchObject(refused);
      const beside = key('a', name);
      await expect(store.list('p', { now: NOW, limit: 1, beside })).rejects.toMatchObject(refused);
    }
  });

  test('a page brings the record that is asked for beside it, as every read would', async () => {
    const kit = await start();
    const [page, beside] = [{ now: NOW, limit: 5 }, key('beside', 'p2')];
    const absent = { ...beside, value: null, version: null };
    expect(await kit.store.list('p', { ...page, beside })).toEqual({ records: [], next: null, beside: absent });
    await fill(kit, ['a', 'b']);
    await kit.put(beside, { b: 1 }, { expiresAt: NOW + 10, due: { queue: 'q', at: NOW } });
    for (const now of [NOW, NOW + 10]) {
      const expected = await kit.store.get(beside, now);
      for (const options of [{}, { prefix: 'b' }, { after: 'a' }, { after: 'b', prefix: 'a' }, { prefix: '\ud83c' }]) {
        const { beside: found, ...rest } = await kit.store.list('p', { now, limit: 5, ...options, beside });
        expect(found).toEqual(expected);
        expect(rest).toEqual(await kit.store.list('p', { now, limit: 5, ...options }));
      }
    }
    expect(await kit.store.list('p', page)).not.toHaveProperty('beside');
  });

  test('pages reach every live record once, past stretches of expired and deleted ones', async () => {
    const kit = await start();
    const ids = Array.from({ length: 60 }, (_, i) => `r${String(i).padStart(2, '0')}`);
    for (const [i, id] of ids.entries()) {
      const version = await kit.put(key(id), i, { expiresAt: i >= 10 && i < 30 ? NOW + 100 : null });
      if (i >= 30 && i < 50) await kit.commits([{ kind: 'delete', ...key(id), expects: version }]);
    }
    const live = ids.filter((_, i) => i < 10 || i >= 50);
    for (const limit of [1, 7, 20, 1_000]) expect(await idsOf(kit, {}, limit, NOW + 100)).toEqual(live);
  });
}

async function fill(kit: Kit, ids: readonly string[]): Promise<void> {
  await kit.commits(ids.map((id) => ({ kind: 'put', ...key(id), value: id, expects: null })));
  await kit.put(key('elsewhere', 'p2'), 1);
}

/** All ids, page by page; a page may be empty and have a next one. */
async function idsOf(
  kit: Kit,
  range: { prefix?: string; after?: string },
  limit: number,
  now = NOW,
): Promise<string[]> {
  const ids: string[] = [];
  let after = range.after;
  for (let pages = 0; pages < 500; pages += 1) {
    const options = { now, limit, ...(range.prefix === undefined ? {} : { prefix: range.prefix }) };
    const page = await kit.store.list('p', after === undefined ? options : { ...options, after });
    expect(page.records.length).toBeLessThanOrEqual(limit);
    ids.push(...page.records.map((record) => record.id));
    if (page.next === null) return ids;
    after = page.next;
  }
  throw new Error('the list never ended');
}
