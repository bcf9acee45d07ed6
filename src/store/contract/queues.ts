/** Queues of due records: hints that come true, in order within a shard, from any shard on. */
import { expect, test } from 'vitest';
import { eventually, key, NOW, type Kit, type StartKit } from './kit.ts';

const IDS = Array.from({ length: 40 }, (_, i) => `id-${i}`);

export function queueRules(start: StartKit): void {
  test('a record is due from its time on, in its queue only', async () => {
    const kit = await start();
    await kit.put(key('a'), 1, { due: { queue: 'q', at: NOW + 10 } });
    expect(await dueIds(kit, NOW + 9)).toEqual([]);
    await eventually(() => dueIds(kit, NOW + 10), ['a']);
    expect(await kit.store.due('other', { now: NOW + 10, limit: 10, from: 0 })).toEqual([]);
    expect(await kit.store.due('q', { now: NOW + 10, limit: 10, from: 3 })).toEqual([{ ...key('a'), dueAt: NOW + 10 }]);
  });

  test('it is no longer due after a put without a due time, a later one, a delete, or its expiry', async () => {
    const kit = await start();
    const due = { queue: 'q', at: NOW };
    const versions = await Promise.all(['put', 'later', 'delete'].map((id) => kit.put(key(id), 1, { due })));
    const [put = '', later = '', gone = ''] = versions;
    await kit.put(key('expiring'), 1, { due, expiresAt: NOW + 100 });
    await eventually(async () => (await dueIds(kit, NOW)).toSorted(), ['delete', 'expiring', 'later', 'put']);
    await kit.commits([
      { kind: 'put', ...key('put'), value: 2, expects: put },
      { kind: 'put', ...key('later'), value: 2, expects: later, due: { queue: 'q', at: NOW + 101 } },
      { kind: 'delete', ...key('delete'), expects: gone },
    ]);
    await eventually(() => dueIds(kit, NOW + 100), []);
    await eventually(() => dueIds(kit, NOW + 101), ['later']);
  });

  test('what becomes due later than a time is found, however far ahead', async () => {
    const kit = await start();
    const far = NOW + 400 * 86_400_000;
    await kit.put(key('due'), 1, { due: { queue: 'q', at: NOW } });
    await kit.put(key('soon'), 1, { due: { queue: 'q', at: NOW + 10 } });
    await kit.put(key('far'), 1, { due: { queue: 'q', at: far } });
    await kit.put(key('gone'), 1, { due: { queue: 'q', at: far }, expiresAt: NOW });
    await kit.put(key('none'), 1);
    const later = async (after: number) =>
      (await kit.store.due('q', { now: NOW, limit: 10, from: 2, after })).map(({ id }) => id).toSorted();
    await eventually(() => later(NOW), ['far', 'soon']);
    await eventually(() => later(NOW + 10), ['far']);
    await eventually(() => later(far), []);
    await eventually(() => later(NOW - 1), ['due', 'far', 'soon']);
  });

  test('it moves from one queue to another', async () => {
    const kit = await start();
    const version = await kit.put(key('a'), 1, { due: { queue: 'other', at: NOW } });
    await kit.put(key('a'), 1, { expects: version, due: { queue: 'q', at: NOW } });
    await eventually(() => dueIds(kit, NOW), ['a']);
    await eventually(() => kit.store.due('other', { now: NOW, limit: 10, from: 0 }), []);
  });

  test('any first shard reaches all; different ones begin elsewhere; the longest due of a shard comes first', async () => {
    const kit = await start();
    await kit.commits(
      IDS.map((id, i) => ({
        kind: 'put',
        ...key(id),
        value: i,
        expects: null,
        due: { queue: 'q', at: NOW - ((i * 7) % 40) },
      })),
    );
    const firsts = new Set<string>();
    for (let from = 0; from < 16; from += 1) {
      await eventually(async () => (await dueIds(kit, NOW, from)).toSorted(), IDS.toSorted());
      firsts.add((await dueIds(kit, NOW, from))[0] ?? '');
    }
    expect(firsts.size).toBeGreaterThanOrEqual(8);
    const all = await kit.store.due('q', { now: NOW, limit: 100, from: 5 });
    // The order falls back only where a new shard begins.
    const falls = all.filter((record, i) => i > 0 && record.dueAt < (all[i - 1]?.dueAt ?? 0));
    expect(falls.length).toBeLessThanOrEqual(15);
    expect(await kit.store.due('q', { now: NOW, limit: 100, from: 5 + 16 })).toEqual(all);
    expect(await kit.store.due('q', { now: NOW, limit: 100, from: 5 - 16 })).toEqual(all);
  });

  test('what expired takes no place of the limit, however much of it there is', async () => {
    const kit = await start();
    // Enough for several in each shard; they expired just now, and were due before the living.
    const expiring = Array.from({ length: 80 }, (_, i) => `expiring ${i}`);
    const put = (ids: readonly string[], at: number, expiresAt: number | null) =>
      kit.commits(
        ids.map((id) => ({ kind: 'put', ...key(id), value: 1, expects: null, expiresAt, due: { queue: 'q', at } })),
      );
    await put(expiring, NOW - 20, NOW - 1);
    await put(IDS, NOW - 10, null);
    for (let from = 0; from < 16; from += 1) {
      await eventually(async () => (await kit.store.due('q', { now: NOW, limit: 1, from })).length, 1);
      await eventually(async () => (await dueIds(kit, NOW, from)).toSorted(), IDS.toSorted());
    }
  });

  test('a limit is kept, and what it left is found after the first were claimed', async () => {
    const kit = await start();
    const operations = IDS.map(
      (id) => ({ kind: 'put', ...key(id), value: 1, expects: null, due: { queue: 'q', at: NOW } }) as const,
    );
    await kit.commits(operations);
    const claimed = new Set<string>();
    for (let rounds = 0; rounds < 500 && claimed.size < IDS.length; rounds += 1) {
      const found = await kit.store.due('q', { now: NOW, limit: 3, from: rounds });
      expect(found.length).toBeLessThanOrEqual(3);
      for (const { partition, id } of found) {
        const { version, value } = await kit.present({ partition, id });
        if (value === 1) await kit.put({ partition, id }, 2, { expects: version });
        claimed.add(id);
      }
    }
    expect([...claimed].toSorted()).toEqual(IDS.toSorted());
  });
}

async function dueIds(kit: Kit, now: number, from = 0): Promise<string[]> {
  return (await kit.store.due('q', { now, limit: 100, from })).map((record) => record.id);
}
