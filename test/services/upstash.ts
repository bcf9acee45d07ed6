/** For tests: the same as in development. */
export { startUpstash, type UpstashFront, type UpstashOptions } from '../../infra/local/upstash.ts';
