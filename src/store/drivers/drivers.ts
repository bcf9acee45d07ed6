/**
 * How each driver is opened: one export a driver, each loaded only where it is used. A host that names some of them is
 * bundled with these and no others.
 */
import { type Config, sqliteFile, type StoreName } from '../../base/config.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { createLazyStore } from '../lazy.ts';
import { PORTABLE_LIMITS } from '../limits.ts';
import type * as Sqlite from './sqlite.ts';
import type { Store } from '../store.ts';

/** @param app whose data it is: apps that share an engine do not meet. */
export type OpenDriver = (config: Config, runtime: Runtime, app: string) => Promise<Store>;

/** By what `STORE` calls them. */
export type Drivers = Partial<Record<StoreName, OpenDriver>>;

/** Not a literal in its import, so that a bundler for a platform without `node:sqlite` does not find it. */
const SQLITE: string = './sqlite.ts';

export const memory: OpenDriver = async () => (await import('./memory.ts')).createMemoryStore();

export const sqlite: OpenDriver = async (config, _runtime, app) =>
  ((await import(SQLITE)) as typeof Sqlite).createSqliteStore({ path: sqliteFile(config, app) });

export const redis: OpenDriver = async (config, { log }, app) => {
  const access = needed(config.redis, 'UPSTASH_REDIS_REST_URL');
  return (await import('./redis.ts')).createRedisStore({ ...access, app, log });
};

export const dynamodb: OpenDriver = async (config, clock, app) => {
  const access = needed(config.dynamodb, 'DYNAMODB_TABLE');
  // The client takes most of a cold start.
  return createLazyStore('dynamodb', PORTABLE_LIMITS, async () =>
    (await import('./dynamodb.ts')).createDynamodbStore({ ...access, app, clock }),
  );
};

/** @throws TidegateError `invalid_config` naming the variable that is wrong, `STORE` where its driver is not among these. */
export async function openFrom(drivers: Drivers, config: Config, runtime: Runtime, app: string): Promise<Store> {
  const open = drivers[config.store];
  if (open) return open(config, runtime, app);
  throw new TidegateError('invalid_config', `STORE is ${config.store}, which this host is built without`, {
    field: 'STORE',
    expected: `one of ${Object.keys(drivers).join(', ')}, which are built in`,
    hint: 'a Worker is built with others where createWorker is given them as its stores',
  });
}

function needed<Value>(value: Value | null, field: string): Value {
  if (value !== null) return value;
  throw new TidegateError('invalid_config', `${field} is not set`, { field, expected: 'to be set' });
}
