/** Opens the store that the configuration names: one line a driver, each loaded only where it is used. */
import { type Config, sqliteFile, type StoreName } from '../core/config.ts';
import { TidegateError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { createLazyStore } from './lazy.ts';
import { PORTABLE_LIMITS } from './limits.ts';
import type * as Sqlite from './sqlite.ts';
import type { Store } from './store.ts';

type Open = (config: Config, runtime: Runtime, app: string) => Promise<Store>;

/** Not a literal in its import, so that a bundler for a platform without `node:sqlite` does not find it. */
const SQLITE: string = './sqlite.ts';

const DRIVERS: Record<StoreName, Open> = {
  memory: async () => (await import('./memory.ts')).createMemoryStore(),
  sqlite: async (config, _runtime, app) => (await importSqlite()).createSqliteStore({ path: sqliteFile(config, app) }),
  redis: async ({ redis }, { log }, app) =>
    (await import('./redis.ts')).createRedisStore({ ...needed(redis, 'UPSTASH_REDIS_REST_URL'), app, log }),
  dynamodb: async ({ dynamodb }, clock, app) => {
    const access = needed(dynamodb, 'DYNAMODB_TABLE');
    // The client takes most of a cold start.
    return createLazyStore('dynamodb', PORTABLE_LIMITS, async () =>
      (await import('./dynamodb.ts')).createDynamodbStore({ ...access, app, clock }),
    );
  },
};

/**
 * @param app whose data it is: apps that share an engine do not meet.
 * @throws TidegateError `invalid_config` naming the variable that is wrong.
 */
export function openStore(config: Config, runtime: Runtime, app: string): Promise<Store> {
  return DRIVERS[config.store](config, runtime, app);
}

function importSqlite(): Promise<typeof Sqlite> {
  return import(SQLITE) as Promise<typeof Sqlite>;
}

function needed<Value>(value: Value | null, field: string): Value {
  if (value !== null) return value;
  throw new TidegateError('invalid_config', `${field} is not set`, { field, expected: 'to be set' });
}
