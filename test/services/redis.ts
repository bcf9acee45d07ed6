/** For tests: the same as in development. */
export { startRedis, type RunningRedis } from '../../infra/local/redis.ts';
