/** A store that ends with the command that opened it: what a command writes there is lost, and what it reads is nothing. */
import type { Config } from '../../../base/config/config.ts';
import { TidegateError } from '../../../base/errors.ts';
import { driverOf } from '../../../store/driver.ts';
import { DRIVERS } from '../../../store/drivers/open.ts';

/** @throws TidegateError `invalid_config` where no server can share the store with this command */
export function refuseVolatile(config: Config, hint: string): void {
  if (driverOf(DRIVERS, config).isVolatile !== true) return;
  const message = `STORE is ${config.store.name}, which this command shares with no server`;
  throw new TidegateError('invalid_config', message, { field: 'STORE', expected: 'the store of the server', hint });
}
