/** The engines that benchmarks run on, started for one of them and ended with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../infra/local/redis.ts';
import { startUpstash } from '../../infra/local/upstash.ts';

export const ENGINES = ['sqlite', 'redis'] as const;
export type Engine = (typeof ENGINES)[number];

/** Runs `work` with the environment that opens a fresh store on the engine. */
export async function onEngine<T>(
  engine: Engine,
  work: (environment: Record<string, string>) => Promise<T>,
): Promise<T> {
  if (engine === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
    try {
      return await work({ STORE: 'sqlite', SQLITE_PATH: join(folder, 'bench.db') });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  try {
    return await work({ STORE: 'redis', UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token });
  } finally {
    await front.stop();
    await redis.stop();
  }
}
