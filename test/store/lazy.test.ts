import { expect, test } from 'vitest';
import { createLazyStore } from '../../src/store/lazy.ts';
import { PORTABLE_LIMITS } from '../../src/store/limits.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

test('the driver is opened by the first call, once, and again where that failed', async () => {
  let opened = 0;
  const store = createLazyStore('memory', PORTABLE_LIMITS, async () => {
    opened += 1;
    if (opened === 1) throw new Error('not yet');
    return createMemoryStore();
  });
  await store.close();
  expect(opened).toBe(0);
  await expect(store.ping()).rejects.toThrow('not yet');
  await Promise.all([store.ping(), store.extent('log'), store.get({ partition: 'p', id: 'i' }, 0)]);
  expect(opened).toBe(2);
});
