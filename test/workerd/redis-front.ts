/** Vitest's global setup of the workerd project: it runs in Node, and lends a Redis behind a REST front to the tests inside workerd. */
import type { TestProject } from 'vitest/node';
import { requireService } from '../services/available.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null where this machine has no redis-server. */
    redisFront: { url: string; token: string } | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!requireService('redis')) {
    project.provide('redisFront', null);
    return async () => {};
  }
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  project.provide('redisFront', { url: front.url, token: front.token });
  return async () => {
    await front.stop();
    await redis.stop();
  };
}
