/** Finds a package that the operator has installed beside the app: the deployment runs with theirs, and brings none. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TidegateError } from '../../../../base/errors.ts';

interface UserPackage {
  folder: string;
  version: string;
  /** The file that its command runs. */
  command: string;
}

/**
 * The package in the `node_modules` of a folder or of one above it.
 * @param command of its `bin`
 * @throws TidegateError `invalid_config` with the line that installs it
 */
export function userPackage(folder: string, name: string, command: string): UserPackage {
  const found = packageFolder(folder, name);
  if (found === null) {
    throw new TidegateError('invalid_config', `${name} is not installed in ${folder}`, {
      field: name,
      expected: `npm install --save-dev ${name}`,
    });
  }
  const { version, bin } = JSON.parse(readFileSync(join(found, 'package.json'), 'utf8')) as {
    version: string;
    bin: string | Record<string, string>;
  };
  const file = typeof bin === 'string' ? bin : bin[command];
  return { folder: found, version, command: join(found, file ?? '') };
}

export function packageFolder(folder: string, name: string): string | null {
  const here = resolve(folder);
  const found = join(here, 'node_modules', name);
  if (existsSync(join(found, 'package.json'))) return found;
  return dirname(here) === here ? null : packageFolder(dirname(here), name);
}
