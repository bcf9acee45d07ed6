/** Nothing of what is removed from a stream stays in what its triggers tell, or have yet to tell. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { judged } from './judged.ts';
import { each, high, is, shop } from './shop.ts';

const BEGUN = 1_700_000_000_000;

test('an occurrence over all keys that holds an event of the removed key is removed', async () => {
  const when = { kind: 'aggregate', of: 'count', above: 1, overMs: 60_000, perKey: false } as const;
  const { app, event, logged } = shop({ when });
  await event('secret-name');
  await event('secret-name');
  await app.scheduled();
  expect(await logged()).toContain('secret-name');
  await app.streams.remove('orders', { key: 'secret-name' });
  await app.scheduled();
  expect(await logged()).not.toContain('secret-name');
});

test('what was found of a removed key, and not told yet, is not told', () => {
  const removal = { id: 'gone', time: BEGUN, meta: { gap: { reason: 'removed' }, removal: { key: 'secret-name' } } };
  const entries = [
    { stream: 's', event: { id: 'one', key: 'secret-name', time: BEGUN, data: { n: 40 } }, at: BEGUN },
    { stream: 's', event: { id: 'two', key: 'other', time: BEGUN, data: { n: 40 } }, at: BEGUN },
    { stream: 's', event: removal as never, at: BEGUN },
  ];
  const asked = { streams: ['s'], lateMs: 0, cooldownMs: 0, begunAt: BEGUN - 1, knownTo: BEGUN + 60_000 };
  const { moments } = judged(entries, { ...asked, when: high });
  expect(moments.map(({ key }) => key)).toEqual(['other']);
});

test('what is owed of a removed key is not told, and what is owed of the others is', async () => {
  const memory = createMemoryStore();
  /** How many more commits of the trigger get through. */
  let commitsLeft = Number.POSITIVE_INFINITY;
  const store: Store = {
    ...memory,
    async commit(operations, ...rest) {
      if (operations.some(({ kind, ...at }) => kind === 'put' && JSON.stringify(at).includes('owedPieces'))) {
        commitsLeft -= 1;
        if (commitsLeft < 0)
          return { status: 'conflict', conflicts: [{ operation: 0, found: { value: null, version: null } as never }] };
      }
      return memory.commit(operations, ...rest);
    },
  };
  const when = { kind: 'all', of: [high, { ...is('go'), perKey: false }] } as const;
  const { app, event, told, logged } = shop({ when }, store);
  await each(300, (id) => event(id));
  await app.scheduled();
  await event('go', { what: 'go', n: 1 });
  commitsLeft = 1;
  await app.scheduled();
  const before = await told();
  expect(before.length).toBeGreaterThan(0);
  expect(before.length).toBeLessThan(100);
  commitsLeft = Number.POSITIVE_INFINITY;
  const gone = ['k80', 'k299'];
  for (const key of gone) {
    expect(before).not.toContain(`holding ${key}`);
    await app.streams.remove('orders', { key });
  }
  for (let rounds = 0; rounds < 3; rounds += 1) await app.scheduled();
  expect(await told()).toHaveLength(298);
  for (const key of gone) expect(await logged()).not.toContain(`"${key}"`);
});
