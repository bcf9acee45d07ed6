/**
 * The entry suite in workerd, with Redis behind the REST front, on what a deployment from an operator's own folder uploads: the app is built
 * with the packed package. Its queue fires as its schedule does.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { startRedis } from '../../services/redis.ts';
import { type Relay, startRelay } from '../../services/relay.ts';
import { startUpstash } from '../../services/upstash.ts';
import { connectClient } from '../clients.ts';
import { entrySuite } from '../suite.ts';
import { type BuiltWorker, buildDeployed } from './deployed.ts';

const TRAITS = { store: 'redis', notLive: null };
const LIMIT_MS = 90_000;

interface RunningStore {
  relay: Relay;
  variables: Record<string, string>;
  stop: () => Promise<void>;
}

async function startStore(): Promise<RunningStore> {
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  const relay = await startRelay(Number(new URL(front.url).port));
  return {
    relay,
    variables: {
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${relay.port}`,
      UPSTASH_REDIS_REST_TOKEN: front.token,
      TIDEGATE_SECRET: 'what is put as a secret of the Worker',
    },
    stop: async () => {
      await relay.stop();
      await front.stop();
      await redis.stop();
    },
  };
}

describe.skipIf(!requireService('redis'))('workerd (needs redis-server)', () => {
  entrySuite('workerd with redis', TRAITS, async (upstreams) => {
    const built = await buildDeployed('test/end-to-end/app.ts');
    const { relay, variables, stop } = await startStore();
    const start = (more = {}) => built.start({ ...variables, ...upstreams, ...more });
    let worker = await start();
    return {
      url: () => worker.url,
      schedule: () => worker.cron(),
      async replace(more) {
        await worker.stop();
        worker = await start(more);
      },
      loseStore: () => relay.cut(),
      findStore: () => relay.mend(),
      async stop() {
        await worker.stop();
        await stop();
        built.remove();
      },
    };
  });

  describe('an app with tasks', { timeout: LIMIT_MS }, () => {
    let built: BuiltWorker;
    beforeAll(async () => {
      built = await buildDeployed('test/hosts/workers/sleeping-app.ts');
    }, LIMIT_MS);
    afterAll(() => built?.remove());

    test('what sleeps goes on through its queue, and no schedule is called', async () => {
      const { variables, stop } = await startStore();
      onTestFinished(stop);
      const worker = await built.start(variables);
      onTestFinished(() => worker.stop());
      const client = await connectClient(worker.url);
      onTestFinished(() => client.close());
      const begun = await client.call('sleeps', { ms: 1_200 });
      expect(begun).toMatchObject({ status: 'working' });
      const { task } = begun as { task: string };
      await expect
        .poll(() => client.call('get_task', { task }), { timeout: 20_000, interval: 400 })
        .toMatchObject({ status: 'completed' });
    });
  });
});
