/** The driver `redis`: a database that speaks Upstash's REST protocol. */
import * as z from 'zod';
import { urlVariable } from '../../base/config/config.ts';
import type { StoreDriver } from '../driver.ts';

const variables = {
  UPSTASH_REDIS_REST_URL: urlVariable(['https:', 'http:']),
  UPSTASH_REDIS_REST_TOKEN: z.string().min(1),
};

export const redis: StoreDriver<typeof variables> = {
  name: 'redis',
  variables,
  open: async (
    { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token },
    { app, runtime: { log, afterTurn } },
  ) => (await import('./store.ts')).createRedisStore({ url, token, app, log, afterTurn }),
  address: () => ({
    field: 'UPSTASH_REDIS_REST_URL',
    expected: "the address of a database that answers, over Upstash's REST protocol",
  }),
};
