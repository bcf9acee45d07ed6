/** The drivers that there are, one line each, for a host that has them all; and how such a host reads its configuration. */
import { type Config, readEnvironment } from '../../base/config.ts';
import type { Runtime } from '../../base/runtime.ts';
import { openFrom, type StoreDriver } from '../driver.ts';
import type { Store } from '../store.ts';
import { dynamodb } from './dynamodb-driver.ts';
import { memory } from './memory-driver.ts';
import { redis } from './redis-driver.ts';
import { sqlite } from './sqlite-driver.ts';

export const DRIVERS: readonly StoreDriver[] = [memory, sqlite, redis, dynamodb];

/** @param standard what `STORE` is where it is not set. Errors as `readEnvironment`. */
export function readConfig(environment: Record<string, string | undefined>, standard: string): Config {
  return readEnvironment(environment, { drivers: DRIVERS, standard });
}

/**
 * @param app whose data it is: apps that share an engine do not meet.
 * @throws TidegateError `invalid_config` naming the variable that is wrong.
 */
export function openStore(config: Pick<Config, 'store'>, runtime: Runtime, app: string): Promise<Store> {
  return openFrom(DRIVERS, config, runtime, app);
}
