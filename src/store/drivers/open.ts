/** Opens the store that the configuration names, on a host that has them all: one line a driver. */
import type { Config } from '../../base/config.ts';
import type { Runtime } from '../../base/runtime.ts';
import { type Drivers, dynamodb, memory, openFrom, redis, sqlite } from './drivers.ts';
import type { Store } from '../store.ts';

const DRIVERS: Required<Drivers> = {
  memory,
  sqlite,
  redis,
  dynamodb,
};

/**
 * @param app whose data it is: apps that share an engine do not meet.
 * @throws TidegateError `invalid_config` naming the variable that is wrong.
 */
export function openStore(config: Config, runtime: Runtime, app: string): Promise<Store> {
  return openFrom(DRIVERS, config, runtime, app);
}
