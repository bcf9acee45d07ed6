/**
 * Whether a command that works on a store may take the built-in demo, because no app is named and none stands in the folder. Whoever forgot
 * to go to the folder of the app would else back up, or delete from, another one than they mean.
 */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TidegateError } from '../../../base/errors.ts';
import { driverOf } from '../../../store/driver.ts';
import { DRIVERS } from '../../../store/drivers/open.ts';
import { readNodeConfig } from '../../platforms/node-config.ts';
import { builtName } from './app-file.ts';

/** The name of the demo, which names its file too. */
const DEMO = 'tidegate';

/** @throws TidegateError `invalid_config` where neither this repository is the folder, nor a store of the demo is named or stands here */
export function checkDemoMeant(environment: NodeJS.ProcessEnv, folder = process.cwd()): void {
  const builtIn = fileURLToPath(builtName('../../../app.ts'));
  if (resolve(folder, 'src/app.ts') === builtIn) return;
  const config = readNodeConfig(environment);
  const file = driverOf(DRIVERS, config).file?.(config.store.values, DEMO);
  if (file !== undefined && basename(file) === `${DEMO}.db` && existsSync(resolve(folder, file))) return;
  throw new TidegateError('invalid_config', 'there is no app in this folder', {
    field: '--app',
    expected: 'the app whose store this is about: --app FILE, or the folder of the app (app.ts, src/app.ts)',
    hint: `nothing was done; the built-in demo is --app ${builtIn}`,
  });
}
