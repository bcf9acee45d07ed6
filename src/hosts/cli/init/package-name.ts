/** Names of packages that npm takes, and the one that a folder suggests. Pure. */
import { builtinModules } from 'node:module';
import { TidegateError } from '../../../base/errors.ts';
import { APP_PACKAGES } from './templates/settings.ts';

const PART = '[a-z0-9~-][a-z0-9._~-]*';
const NAME = new RegExp(`^(?:@${PART}/)?${PART}$`);
const MOST_CHARACTERS = 214;
/** A Worker's queues are called after the app, and may have 63 characters. */
const MOST_APP_CHARACTERS = 50;
/** Of the app itself, and of what it depends on: npm does not install a package into one of the same name. */
const TAKEN: ReadonlySet<string> = new Set([
  'node_modules',
  'favicon.ico',
  'tidegate',
  ...Object.keys(APP_PACKAGES),
  ...builtinModules,
]);
const FALLBACK = 'my-app';

export interface AppNames {
  /** Of the package. */
  name: string;
  /** Of the app, which has no scope, dots or tildes. */
  appName: string;
}

/** @throws TidegateError `invalid_input` for a name that npm refuses, or of which no name of an app can be made */
export function namesOf(name: string): AppNames {
  const appName = appNameOf(name);
  const isFree = !TAKEN.has(name) && !TAKEN.has(appName);
  if (name.length <= MOST_CHARACTERS && NAME.test(name) && isFree && appName !== '') return { name, appName };
  const expected = isFree
    ? 'a name that npm takes: small letters, digits and - . _, such as plant or @me/plant, of at most 214 characters'
    : 'a name that is not that of a package that the app needs, or of Node’s own';
  const near = suggestedName(name);
  const hint = near === FALLBACK || near === name ? {} : { hint: `--name ${near} is one` };
  throw new TidegateError('invalid_input', `--name ${name}: expected ${expected}`, {
    field: '--name',
    expected,
    ...hint,
  });
}

/** The name that a folder's own name suggests. */
export function suggestedName(folder: string): string {
  const name = folder
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MOST_APP_CHARACTERS)
    .replace(/-+$/, '');
  return name === '' || TAKEN.has(name) ? FALLBACK : name;
}

function appNameOf(name: string): string {
  return name
    .replace(/^@[^/]*\//, '')
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MOST_APP_CHARACTERS)
    .replace(/-+$/, '');
}
