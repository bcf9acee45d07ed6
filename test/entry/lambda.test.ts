/**
 * The entry suite on Lambda: the bundle as it is deployed, in processes of its own, with the environment that the
 * template gives it; once behind a function URL, which streams, and once behind an HTTP API.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { bundleTemporarily } from '../../infra/aws/bundle.ts';
import { startLambda } from '../../infra/local/lambda.ts';
import { environmentOf, synthesize } from '../infra/template.ts';
import { requireService } from '../services/available.ts';
import { startRedis } from '../services/redis.ts';
import { startRelay } from '../services/relay.ts';
import { startUpstash } from '../services/upstash.ts';
import { type EntryHost, entrySuite, type Upstreams } from './suite.ts';

const ENTRIES = {
  'lambda-http': join(import.meta.dirname, 'lambda-http-app.ts'),
  'lambda-scheduled': join(import.meta.dirname, 'lambda-scheduled-app.ts'),
};

describe.skipIf(!requireService('redis'))('Lambda (needs redis-server)', () => {
  const template = synthesize();
  let folder: string;
  beforeAll(() => {
    folder = bundleTemporarily(ENTRIES);
  });
  afterAll(() => rmSync(dirname(folder), { recursive: true, force: true }));

  async function start(handler: string, given: Upstreams): Promise<EntryHost> {
    const redis = await startRedis();
    const front = await startUpstash(redis.url);
    const relay = await startRelay(Number(new URL(front.url).port));
    const store = {
      STORE: 'redis',
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${relay.port}`,
      UPSTASH_REDIS_REST_TOKEN: front.token,
    };
    const run = (name: string, timeoutMs: number) => {
      const environment = { ...environmentOf(template, name, () => 'table'), ...given, ...store };
      return startLambda({ folder, handler: name, environment, timeoutMs });
    };
    const http = await run(handler, 30_000);
    const scheduled = await run('lambda-scheduled.scheduled', 20_000);
    return {
      url: () => http.url,
      schedule: () =>
        scheduled.invoke({}).then(
          () => true,
          () => false,
        ),
      async replace() {
        await http.recycle();
        await scheduled.recycle();
      },
      loseStore: () => relay.cut(),
      findStore: () => relay.mend(),
      async stop() {
        await http.stop();
        await scheduled.stop();
        await relay.stop();
        await front.stop();
        await redis.stop();
      },
    };
  }

  entrySuite('a function URL', { store: 'redis', noMqtt: null, notLive: null }, (given) =>
    start('lambda-http.stream', given),
  );
  const notLive = 'an HTTP API answers at once';
  entrySuite('an HTTP API', { store: 'redis', noMqtt: null, notLive }, (given) => start('lambda-http.buffered', given));
});
