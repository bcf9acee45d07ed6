/** The list of all drivers, and how a host that offers all of them reads its configuration and opens its store. */
import { type Config, readEnvironment } from '../../base/config/config.ts';
import type { Runtime } from '../../base/runtime.ts';
import { openFrom, type StoreDriver } from '../driver.ts';
import type { Store } from '../store.ts';
import { dynamodb } from '../dynamodb/driver.ts';
import { memory } from './memory-driver.ts';
import { redis } from '../redis/driver.ts';
import { sqlite } from '../sqlite/driver.ts';

export const DRIVERS: readonly StoreDriver[] = [memory, sqlite, redis, dynamodb];

/** @param standard the driver that is used where `STORE` is not set. Errors as `readEnvironment`. */
export function readConfig(environment: Record<string, string | undefined>, standard: string): Config {
  return readEnvironment(environment, { drivers: DRIVERS, standard });
}

/**
 * @param app whose data it is. Apps that share an engine do not see each other's data; a file belongs to one app.
 * @throws TidegateError `invalid_config` naming the variable that is wrong.
 */
export function openStore(config: Pick<Config, 'store'>, runtime: Runtime, app: string): Promise<Store> {
  return openFrom(DRIVERS, config, runtime, app);
}
