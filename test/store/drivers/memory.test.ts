import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { CommitResult, Operation } from '../../../src/store/store.ts';
import { storeContract } from '../../../src/store/contract/suite.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { weaken } from '../weaknesses.ts';

storeContract('memory', {
  async open() {
    const store = createMemoryStore();
    return { store, second: store, reopen: null, close: () => store.close() };
  },
});

let seed = 1;
storeContract('memory, as weak as is allowed', {
  async open() {
    seed += 1;
    const weaknesses = { random: seededRandom(seed), unknown: 0.4, staleDue: 0.5, halfVisible: true };
    const store = weaken(createMemoryStore(), weaknesses);
    return { store, second: store, reopen: null, close: () => store.close() };
  },
});

test('narrower limits are held, as those of an engine', async () => {
  const store = createMemoryStore({ limits: { commitOperations: 2, commitBytes: 400 } });
  const append: Operation = { kind: 'append', log: 'l', entries: ['x'.repeat(400)] };
  await expect(store.commit([append], options('c'))).rejects.toMatchObject({ code: 'too_large' });
  expect(store.limits.commitBytes).toBe(400);
});

function put(id: string, value: string, expects: string | null): Operation {
  return { kind: 'put', partition: 'p', id, value, expects, due: { queue: 'q', at: 0 } };
}

function options(id: string) {
  return { id, now: 0, deadline: 1 };
}

/** Each weakness must really occur; otherwise tests that rely on it prove nothing. */
describe('the simulated weaknesses', () => {
  test('an unknown commit has taken effect, has not, or does so after a later one', async () => {
    const store = weaken(createMemoryStore(), { random: seededRandom(7), unknown: 0.6 });
    const seen = new Set<string>();
    for (let i = 0; i < 200; i += 1) {
      const result: CommitResult = await store.commit([put(`r${i}`, 'x', null)], options(`c${i}`));
      if (result.status !== 'unknown') continue;
      const isThere = async () => (await store.get({ partition: 'p', id: `r${i}` }, 0)).value !== null;
      if (await isThere()) seen.add('after');
      else {
        let next: CommitResult;
        let tries = 0;
        do next = await store.commit([put(`other${i}`, 'x', null)], options(`other${i}-${(tries += 1)}`));
        while (next.status === 'unknown');
        seen.add((await isThere()) ? 'later' : 'never');
      }
    }
    expect([...seen].toSorted()).toEqual(['after', 'later', 'never']);
  });

  test('due is stale both ways', async () => {
    const store = weaken(createMemoryStore(), { random: seededRandom(3), staleDue: 0.5 });
    const seen = new Set<string>();
    const ask = async () => (await store.due('q', { now: 0, limit: 10, from: 0 })).length;
    for (let i = 0; i < 50; i += 1) {
      await ask();
      await store.commit([put('a', 'x', null)], options(`put${i}`));
      seen.add(`${await ask()} of 1`);
      await store.commit([{ kind: 'delete', partition: 'p', id: 'a', expects: `put${i}` }], options(`delete${i}`));
      seen.add(`${await ask()} of 0`);
    }
    expect([...seen].toSorted()).toEqual(['0 of 0', '0 of 1', '1 of 0', '1 of 1']);
  });

  test.for(['getMany', 'list'] as const)('%s sees one half of a commit and not yet the other', async (read) => {
    const store = weaken(createMemoryStore(), { random: seededRandom(5), halfVisible: true });
    await store.commit([put('a', 'old', null), put('b', 'old', null)], options('c0'));
    const keys = ['a', 'b'].map((id) => ({ partition: 'p', id }));
    const seen = new Set<string>();
    for (let i = 0; i < 100; i += 1) {
      const reading = read === 'list' ? store.list('p', { now: 0, limit: 9 }) : store.getMany(keys, 0);
      for (let turns = i % 8; turns > 0; turns -= 1) await Promise.resolve();
      await store.commit([put('a', `${i}`, `c${i}`), put('b', `${i}`, `c${i}`)], options(`c${i + 1}`));
      const answer = await reading;
      const records = Array.isArray(answer) ? answer : answer.records;
      seen.add(records.map((record) => (record.version === `c${i + 1}` ? 'new' : 'old')).join(' '));
    }
    expect(seen).toContain('old new');
    expect(seen).toContain('new old');
  });
});
