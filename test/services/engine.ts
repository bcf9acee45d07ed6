/** An engine of its own for a test or a benchmark: its server, where it has one, and the environment that opens a store on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDynamo } from './dynamodb.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { startUpstash } from '../../infra/local/upstash.ts';

/** The engines that several processes can share. */
export const ENGINES = ['sqlite', 'redis', 'dynamodb'] as const;
export type Engine = (typeof ENGINES)[number];

export interface RunningEngine {
  /** What `readConfig` is given. */
  environment: Record<string, string>;
  /** Ends it and removes what it kept. */
  stop: () => Promise<void>;
}

const START: Record<Engine, () => Promise<RunningEngine>> = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-sqlite-'));
    return {
      environment: { STORE: 'sqlite', SQLITE_PATH: join(folder, 'store.db') },
      stop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  async redis() {
    const redis = await startRedis();
    const front = await startUpstash(redis.url);
    return {
      environment: { STORE: 'redis', UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token },
      async stop() {
        await front.stop();
        await redis.stop();
      },
    };
  },
  async dynamodb() {
    const dynamo = await startDynamo();
    return {
      environment: {
        STORE: 'dynamodb',
        DYNAMODB_TABLE: dynamo.table,
        AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
        AWS_REGION: dynamo.region,
        AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
      },
      stop: () => dynamo.stop(),
    };
  },
};

export function startEngine(engine: Engine): Promise<RunningEngine> {
  return START[engine]();
}
