/**
 * Where the values of secrets come from: the environment, then the file of the environment that is deployed. One that is deployed by
 * name has a file of its own, so that what is meant for this machine does not get there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { TidegateError } from '../../../base/errors.ts';

interface FoundValue {
  value: string;
  /** In words. */
  from: string;
}

export interface SecretSources {
  /** Null where it is nowhere, or empty. */
  find: (name: string) => FoundValue | null;
  /** The name of the file. */
  file: string;
}

/** @param environment of wrangler, or a stage; null: the one without a name, whose file is `.env` */
export function openSecretSources(
  folder: string,
  variables: NodeJS.ProcessEnv,
  environment: string | null,
): SecretSources {
  const file = fileOf(environment);
  const inFile = readFile(join(folder, file));
  return {
    file,
    find(name) {
      for (const [from, given] of [
        ['the environment', variables],
        [file, inFile],
      ] as const) {
        // An editor or `echo` ends a line that is no part of the value.
        const value = given[name]?.replace(/\r?\n$/, '') ?? '';
        if (value !== '') return { value, from };
      }
      return null;
    },
  };
}

/** Of the tools that deploy, which know themselves whose account and which region it is. */
const OF_TOOLS = /^(AWS|CLOUDFLARE|CDK|WRANGLER|NODE)_/;

/**
 * The variables with which an app is looked at: what it declares may depend on some of its own. Those of the environment win.
 * @param environment as above
 */
export function variablesOfApp(
  folder: string,
  variables: NodeJS.ProcessEnv,
  environment: string | null,
): NodeJS.ProcessEnv {
  const inFile = Object.entries(readFile(join(folder, fileOf(environment))));
  return { ...Object.fromEntries(inFile.filter(([name]) => !OF_TOOLS.test(name))), ...variables };
}

const fileOf = (environment: string | null) => (environment === null ? '.env' : `.env.${environment}`);

function readFile(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (thrown) {
    if ((thrown as { code?: string }).code === 'ENOENT') return {};
    const expected = 'a file of lines NAME=value that can be read';
    throw new TidegateError('invalid_config', `${path} cannot be read`, { field: path, expected, cause: thrown });
  }
}
