import { describe, expect, inject, test } from 'vitest';
import { randomId } from '../../src/base/runtime.ts';
import { createRedisStore } from '../../src/store/redis/store.ts';
import { storeContract } from '../../src/store/contract/suite.ts';

const front = inject('redisFront');

describe.skipIf(front === null)('in workerd (needs redis-server)', () => {
  test('this is workerd', () => {
    expect(navigator.userAgent).toBe('Cloudflare-Workers');
  });

  storeContract('redis in workerd', {
    async open() {
      const options = { url: '', token: '', ...front, app: `workerd-${randomId()}`, log: () => {} };
      const reopen = () => createRedisStore(options);
      return { store: await reopen(), second: await reopen(), reopen, close: async () => {} };
    },
  });
});
