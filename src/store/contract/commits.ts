/** Commits: all or nothing, on expected versions, once, however often they are sent; and counters. */
import { expect, test } from 'vitest';
import { randomId } from '../../base/runtime.ts';
import type { Operation } from '../store.ts';
import { key, NOW, values, type StartKit } from './kit.ts';

export function commitRules(start: StartKit): void {
  test('operations of every kind take effect together', async () => {
    const { store, put, commits } = await start();
    const lease = await put(key('lease'), 'mine', { expiresAt: NOW + 1_000 });
    const old = await put(key('old'), 1);
    const result = await commits([
      { kind: 'check', ...key('lease'), expects: lease },
      { kind: 'put', ...key('new'), value: 2, expects: null },
      { kind: 'delete', ...key('old'), expects: old },
      { kind: 'append', log: 'l1', entries: ['a', 'b'] },
      { kind: 'append', log: 'l2', entries: ['c'] },
    ]);
    const [leased, created, deleted] = await store.getMany([key('lease'), key('new'), key('old')], NOW);
    expect(leased).toMatchObject({ value: 'mine', version: lease });
    expect(created).toMatchObject({ value: 2, version: result.version });
    expect(deleted).toMatchObject({ value: null, version: null });
    expect(result.cursors).toEqual({ l1: (await store.extent('l1')).end, l2: (await store.extent('l2')).end });
    expect([values(await store.read('l1', null, 10)), values(await store.read('l2', null, 10))]).toEqual([
      ['a', 'b'],
      ['c'],
    ]);
  });

  test('where one expectation fails nothing is written, and each that failed is named with what stands there', async () => {
    const { store, put, commit } = await start();
    const version = await put(key('a'), { n: 1 });
    const result = await commit([
      { kind: 'append', log: 'l', entries: [1] },
      { kind: 'put', ...key('new'), value: 1, expects: null },
      { kind: 'put', ...key('a'), value: 2, expects: 'another' },
      { kind: 'delete', ...key('gone'), expects: version },
      { kind: 'check', ...key('never'), expects: version },
    ]);
    expect(result).toEqual({
      status: 'conflict',
      conflicts: [
        { operation: 2, found: { ...key('a'), value: { n: 1 }, version, expiresAt: null, due: null } },
        { operation: 3, found: { ...key('gone'), value: null, version: null } },
        { operation: 4, found: { ...key('never'), value: null, version: null } },
      ],
    });
    expect((await store.get(key('a'), NOW)).value).toEqual({ n: 1 });
    expect((await store.get(key('new'), NOW)).value).toBeNull();
    expect((await store.extent('l')).end).toBeNull();
  });

  test('a check fences: once the lease is expired or taken, whoever held it writes nothing', async () => {
    const { put, commit, commits, store } = await start();
    const lease = await put(key('lease'), 'first', { expiresAt: NOW + 30_000 });
    const work: Operation[] = [
      { kind: 'check', ...key('lease'), expects: lease },
      { kind: 'append', log: 'l', entries: ['work'] },
    ];
    await commits(work, { now: NOW + 29_999 });
    expect(await commit(work, { now: NOW + 30_000 })).toMatchObject({
      status: 'conflict',
      conflicts: [{ operation: 0, found: { value: null, version: lease } }],
    });
    await put(key('lease'), 'second', { expects: lease, now: NOW + 30_000 });
    // By its own, slower clock the first holder still believes in its lease.
    expect(await commit(work, { now: NOW + 29_000 })).toMatchObject({ status: 'conflict' });
    expect((await store.extent('l')).count).toBe(1);
  });

  test('a retry is committed, with the same answer, and writes nothing twice', async () => {
    const { commits, store, second } = await start();
    const id = randomId();
    const operations: Operation[] = [
      { kind: 'put', ...key('a'), value: 1, expects: null },
      { kind: 'append', log: 'l', entries: [1, 2] },
    ];
    const first = await commits(operations, { id });
    expect(first.version).toEqual((await store.get(key('a'), NOW)).version);
    expect(await commits(operations, { id, by: second })).toEqual(first);
    expect(await commits(operations, { id, now: NOW + 60_000 })).toEqual(first);
    expect((await store.extent('l')).count).toBe(2);
  });

  test('a retry is committed also after others have overwritten and deleted what it wrote', async () => {
    const { commits, put, append, store } = await start();
    const id = randomId();
    const operations: Operation[] = [
      { kind: 'put', ...key('a'), value: 'mine', expects: null },
      { kind: 'put', ...key('b'), value: 'mine', expects: null },
      { kind: 'append', log: 'l', entries: ['mine'] },
    ];
    const first = await commits(operations, { id });
    await put(key('a'), 'theirs', { expects: first.version });
    await commits([{ kind: 'delete', ...key('b'), expects: first.version }]);
    await append('l', ['theirs']);
    expect(await commits(operations, { id, now: NOW + 60_000 })).toEqual(first);
    expect((await store.get(key('a'), NOW)).value).toBe('theirs');
    expect((await store.get(key('b'), NOW)).value).toBeNull();
    expect(values(await store.read('l', null, 10))).toEqual(['mine', 'theirs']);
  });

  test('the same commit sent many times at once takes effect once', async () => {
    const { commits, store, second } = await start();
    const id = randomId();
    const operations: Operation[] = [
      { kind: 'put', ...key('a'), value: 1, expects: null },
      { kind: 'append', log: 'l', entries: [1] },
    ];
    const sent = Array.from({ length: 8 }, (_, i) => commits(operations, { id, by: i % 2 ? store : second }));
    const answers = await Promise.all(sent);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect((await store.extent('l')).count).toBe(1);
  });

  test('a commit whose deadline is over before it is sent is unknown, writes nothing, and may be sent again', async () => {
    const { store, commits } = await start();
    const operations: Operation[] = [{ kind: 'put', ...key('a'), value: 1, expects: null }];
    const id = randomId();
    for (const deadline of [NOW, NOW - 1, 10]) {
      expect(await store.commit(operations, { id, now: NOW, deadline })).toMatchObject({ status: 'unknown' });
    }
    // Not even by one that is on its way.
    await commits([{ kind: 'append', log: 'l', entries: [1] }]);
    expect(await store.get(key('a'), NOW)).toMatchObject({ value: null, version: null });
    expect((await commits(operations, { id })).version).toBe((await store.get(key('a'), NOW)).version);
  });

  test('a counter stops at what a double holds exactly, either way, and goes on from there', async () => {
    const { store } = await start();
    const most = Number.MAX_SAFE_INTEGER;
    const options = { now: NOW, expiresAt: NOW + 100 };
    for (const sign of [1, -1]) {
      const counter = `bounded ${sign}`;
      expect(await store.add(counter, sign * most, options)).toBe(sign * most);
      expect(await store.add(counter, sign, options)).toBe(sign * most);
      expect(await store.add(counter, sign * most, options)).toBe(sign * most);
      expect(await store.add(counter, -sign * 2, options)).toBe(sign * (most - 2));
    }
    await expect(store.add('k', 1, { ...options, expiresAt: NOW + 0.5 })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  test('a counter begins at nothing, adds, and begins anew when it has expired', async () => {
    const { store, second } = await start();
    const expiresAt = NOW + 100;
    expect(await store.add('k', 2, { now: NOW, expiresAt })).toBe(2);
    expect(await second.add('k', 40, { now: NOW + 99, expiresAt: NOW + 500 })).toBe(42);
    expect(await store.add('k', -1, { now: NOW + 99, expiresAt: NOW + 900 })).toBe(41);
    expect(await store.add('k', 5, { now: NOW + 100, expiresAt: NOW + 200 })).toBe(5);
    expect(await store.add('other \u{1f30a}', 1, { now: NOW, expiresAt })).toBe(1);
    expect(await store.add('big', 2 ** 52, { now: NOW, expiresAt })).toBe(2 ** 52);
    expect(await store.add('big', 1, { now: NOW, expiresAt })).toBe(2 ** 52 + 1);
    await expect(store.add('k', 0.5, { now: NOW, expiresAt })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('it answers that it is there', async () => {
    const { store } = await start();
    await store.ping();
    expect(store.name).toMatch(/^[a-z]+$/);
  });
}
