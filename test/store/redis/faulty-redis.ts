/** A Redis behind its REST front and a proxy that can break what passes, and a connection beside both. */
import { connectRedis, type RedisConnection } from '../../../infra/local/redis-connection.ts';
import { startFaultProxy, type FaultProxy } from '../../services/fault-proxy.ts';
import { startRedis, type RunningRedis } from '../../services/redis.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';

export interface FaultyRedis {
  redis: RunningRedis;
  front: UpstashFront;
  proxy: FaultProxy;
  direct: RedisConnection;
  stop: () => Promise<void>;
}

export async function startFaultyRedis(): Promise<FaultyRedis> {
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  const proxy = await startFaultProxy(front.url);
  const direct = connectRedis(redis.url);
  return {
    redis,
    front,
    proxy,
    direct,
    async stop() {
      direct.close();
      await proxy.stop();
      await front.stop();
      await redis.stop();
    },
  };
}
