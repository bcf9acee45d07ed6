/** Two callers and more, on two clients of one engine, at once: what each is promised must hold for all. */
import { expect, test } from 'vitest';
import { randomId } from '../../base/runtime.ts';
import { isPresent, type Cursor, type Operation } from '../store.ts';
import { key, NOW, values, type Kit, type StartKit } from './kit.ts';

const CALLERS = Array.from({ length: 12 }, (_, i) => i);

export function raceRules(start: StartKit): void {
  test('of many who put the same record, exactly one wins, and the others learn who', async () => {
    const kit = await start();
    const results = await Promise.all(
      CALLERS.map((n) => kit.commit([{ kind: 'put', ...key('a'), value: n, expects: null }], { by: client(kit, n) })),
    );
    const winners = results.filter((result) => result.status === 'committed');
    expect(winners).toHaveLength(1);
    const { version } = await kit.present(key('a'));
    expect(winners[0]?.version).toBe(version);
    for (const result of results) {
      if (result.status === 'conflict') expect(result.conflicts[0]?.found.version).toBe(version);
    }
  });

  test('of many who take over an expired lease, exactly one wins', async () => {
    const kit = await start();
    const expects = await kit.put(key('lease'), 'old', { expiresAt: NOW });
    const results = await Promise.all(
      CALLERS.map((n) => kit.commit([{ kind: 'put', ...key('lease'), value: n, expects }], { by: client(kit, n) })),
    );
    expect(results.filter((result) => result.status === 'committed')).toHaveLength(1);
  });

  test('read, change and put again: no change is lost', async () => {
    const kit = await start();
    await kit.put(key('sum'), 0);
    const addOne = async (n: number) => {
      for (;;) {
        const reading = await client(kit, n).get(key('sum'), NOW);
        if (!isPresent(reading)) throw new Error('the record is gone');
        const value = Number(reading.value) + 1;
        const operation: Operation = { kind: 'put', ...key('sum'), value, expects: reading.version };
        if ((await kit.commit([operation], { by: client(kit, n) })).status === 'committed') return;
      }
    };
    await Promise.all(CALLERS.map(addOne));
    expect((await kit.present(key('sum'))).value).toBe(CALLERS.length);
  });

  test('appends take dense places, each commit its own stretch, none is lost', async () => {
    const kit = await start();
    const cursors = await Promise.all(
      CALLERS.map(async (n) => {
        const operations: Operation[] = [{ kind: 'append', log: 'l', entries: [`${n}a`, `${n}b`, `${n}c`] }];
        const { cursors } = await kit.commits(operations, { by: client(kit, n), now: NOW - n });
        return cursors['l'];
      }),
    );
    const { entries } = await kit.store.read('l', null, 100);
    expect(entries).toHaveLength(CALLERS.length * 3);
    for (let i = 0; i < entries.length; i += 3) {
      const n = Number.parseInt(JSON.stringify(entries[i]?.value).slice(1), 10);
      expect(entries.slice(i, i + 3).map((entry) => entry.value)).toEqual([`${n}a`, `${n}b`, `${n}c`]);
      expect(entries[i + 2]?.cursor).toBe(cursors[n]);
    }
    const times = entries.map((entry) => entry.appendedAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('a fenced holder writes nothing after its lease was taken', async () => {
    const kit = await start();
    const lease = await kit.put(key('lease'), 'first', { expiresAt: NOW + 1_000 });
    const work = CALLERS.map((n) =>
      kit.commit(
        [
          { kind: 'check', ...key('lease'), expects: lease },
          { kind: 'append', log: 'l', entries: [n] },
        ],
        { by: client(kit, n) },
      ),
    );
    const taken = kit.commits([
      { kind: 'put', ...key('lease'), value: 'second', expects: lease },
      { kind: 'append', log: 'l', entries: ['taken'] },
    ]);
    const done = await Promise.all([taken, ...work]);
    const written = values(await kit.store.read('l', null, 100));
    expect(written.at(-1)).toBe('taken');
    expect(written).toHaveLength(done.filter((result) => result.status === 'committed').length);
  });

  test('a follower beside appends and trims sees no hole: what it misses, it is told', async () => {
    const kit = await start();
    const last = 60;
    const appending = (async () => {
      for (let i = 0; i <= last; i += 1) await kit.append('l', [i]);
    })();
    const trimming = (async () => {
      for (let i = 0; i < 20; i += 1) await kit.second.trim('l', { now: NOW, keep: 3, limit: 2 });
    })();
    let cursor: Cursor | null = null;
    let expected = 0;
    for (let rounds = 0; rounds < 10_000 && expected <= last; rounds += 1) {
      const page = await kit.second.read('l', cursor, 4);
      for (const value of values(page) as number[]) {
        if (page.truncated || cursor === null) expected = Math.max(expected, value);
        expect(value).toBe(expected);
        expected = value + 1;
      }
      cursor = page.cursor;
    }
    await Promise.all([appending, trimming]);
    expect(expected).toBe(last + 1);
  });

  test('counters lose nothing that was answered', async () => {
    const kit = await start();
    const answers = await Promise.all(
      CALLERS.map((n) => client(kit, n).add('k', 1, { now: NOW, expiresAt: NOW + 1_000 })),
    );
    expect(answers.toSorted((a, b) => a - b)).toEqual(CALLERS.map((n) => n + 1));
  });

  test('commits over several records and logs are all or nothing under contention', async () => {
    const kit = await start();
    const ids = ['x', 'y', 'z'];
    const versions = await Promise.all(ids.map((id) => kit.put(key(id), 0)));
    const results = await Promise.all(
      CALLERS.map((n) => {
        // Each takes two of the three, in its own order.
        const chosen = [n % 3, (n + 1) % 3];
        const operations: Operation[] = chosen.map((i) => ({
          kind: 'put',
          ...key(ids[i] ?? ''),
          value: n + 1,
          expects: versions[i] ?? '',
        }));
        operations.push({ kind: 'append', log: 'l', entries: [n + 1] });
        return kit.commit(operations, { id: `${n}-${randomId()}`, by: client(kit, n) });
      }),
    );
    const winners = results.flatMap((result, n) => (result.status === 'committed' ? [n + 1] : []));
    expect(winners).toHaveLength(1);
    expect(values(await kit.store.read('l', null, 100))).toEqual(winners);
    const read = await kit.store.getMany(
      ids.map((id) => key(id)),
      NOW,
    );
    expect(read.filter((reading) => reading.value === winners[0])).toHaveLength(2);
  });
}

/** Callers are spread over both clients. */
function client(kit: Kit, n: number) {
  return n % 2 === 0 ? kit.store : kit.second;
}
