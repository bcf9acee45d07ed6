/** The entry suite in workerd, with Redis behind the REST front. */
import { describe } from 'vitest';
import { requireService } from '../../services/available.ts';
import { startRedis } from '../../services/redis.ts';
import { startRelay } from '../../services/relay.ts';
import { startUpstash } from '../../services/upstash.ts';
import { entrySuite } from '../suite.ts';
import { startWorker } from './workerd.ts';

const TRAITS = { store: 'redis', notLive: null };

describe.skipIf(!requireService('redis'))('workerd (needs redis-server)', () => {
  entrySuite('workerd with redis', TRAITS, async (upstreams) => {
    const redis = await startRedis();
    const front = await startUpstash(redis.url);
    const relay = await startRelay(Number(new URL(front.url).port));
    const variables = {
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${relay.port}`,
      UPSTASH_REDIS_REST_TOKEN: front.token,
      TIDEGATE_SECRET: 'what is put as a secret of the Worker',
      ...upstreams,
    };
    const start = () => startWorker(variables, 'test/hosts/workers/app.ts');
    let worker = await start();
    return {
      url: () => worker.url,
      schedule: () => worker.cron(),
      async replace() {
        await worker.stop();
        worker = await start();
      },
      loseStore: () => relay.cut(),
      findStore: () => relay.mend(),
      async stop() {
        await worker.stop();
        await relay.stop();
        await front.stop();
        await redis.stop();
      },
    };
  });
});
