/** What is there once a store is closed and opened again, as after a restart: all of it, or nothing where the driver says so. */
import { expect, test } from 'vitest';
import { isPresent } from '../store.ts';
import { eventually, key, NOW, type StartKit, values } from './kit.ts';

export function reopeningRules(start: StartKit): void {
  test('all that was stored is there, with its versions and cursors, and goes on; or the driver says that nothing is', async () => {
    const { store, reopen, commit, commits, put, append } = await start();
    const due = { queue: 'q', at: NOW };
    const version = await put(key('a'), { deep: [1, null] }, { due, expiresAt: NOW + 60_000 });
    const removed = await put(key('b'), 1);
    await commits([{ kind: 'delete', ...key('b'), expects: removed }]);
    const cursor = await append('l', ['one', 'two']);
    await store.add('counter', 5, { now: NOW, expiresAt: NOW + 60_000 });
    const operation = { kind: 'put', ...key('c'), value: 1, expects: null } as const;
    const answer = await commit([operation], { id: 'answered' });
    const before = await Promise.all([
      store.get(key('a'), NOW),
      store.list('p', { now: NOW, limit: 10 }),
      store.extent('l'),
    ]);

    if (reopen === null) {
      const { store: another } = await start();
      expect(isPresent(await another.get(key('a'), NOW))).toBe(false);
      return;
    }
    const again = await reopen();
    const after = await Promise.all([
      again.get(key('a'), NOW),
      again.list('p', { now: NOW, limit: 10 }),
      again.extent('l'),
    ]);
    expect(after).toEqual(before);
    expect(after[0]).toMatchObject({ version });
    const isDue = { ...key('a'), dueAt: NOW };
    await eventually(() => again.due('q', { now: NOW, limit: 10, from: 0 }), [isDue]);
    expect(await again.add('counter', 1, { now: NOW, expiresAt: NOW + 60_000 })).toBe(6);
    // A commit that is asked once more, because its answer was lost with the process, is not done twice.
    expect(await commit([operation], { id: 'answered', by: again })).toEqual(answer);
    await commits([{ kind: 'append', log: 'l', entries: ['three'] }], { by: again });
    expect(values(await again.read('l', cursor, 10))).toEqual(['three']);
    expect(values(await again.read('l', null, 10))).toEqual(['one', 'two', 'three']);
    expect((await commit([{ kind: 'check', ...key('a'), expects: version }], { by: again })).status).toBe('committed');
  });
}
