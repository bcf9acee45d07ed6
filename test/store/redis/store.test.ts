import { afterAll, beforeAll, describe } from 'vitest';
import { randomId } from '../../../src/base/runtime.ts';
import { createRedisStore } from '../../../src/store/redis/store.ts';
import { requireService } from '../../services/available.ts';
import { startRedis, type RunningRedis } from '../../services/redis.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';
import { storeContract } from '../../../src/store/contract/suite.ts';

/** As on Node. */
const afterTurn = (call: () => void) => void setImmediate(call);

describe.skipIf(!requireService('redis'))('redis (needs redis-server)', () => {
  let redis: RunningRedis;
  let front: UpstashFront;

  beforeAll(async () => {
    redis = await startRedis();
    front = await startUpstash(redis.url);
  });
  afterAll(async () => {
    await front.stop();
    await redis.stop();
  });

  storeContract('redis', {
    async open() {
      const options = { url: front.url, token: front.token, app: `test-${randomId()}`, log: () => {} };
      const reopen = () => createRedisStore(options);
      return { store: await reopen(), second: await reopen(), reopen, close: async () => {} };
    },
  });

  storeContract('redis, where calls of one turn share a request', {
    async open() {
      const options = { url: front.url, token: front.token, app: `test-${randomId()}`, log: () => {}, afterTurn };
      const reopen = () => createRedisStore(options);
      const ofOneCaller = (await createRedisStore({ ...options, afterTurn: undefined })).observed?.(() => {});
      return { store: await reopen(), second: ofOneCaller ?? (await reopen()), reopen, close: async () => {} };
    },
  });
});
