/** The options of `deploy` and `destroy`, and the app that they are about. */
import { resolve } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import type { App } from '../../../declare/app.ts';
import { STAGE, STAGE_EXPECTED } from '../../platforms/aws-names.ts';
import { usualAppFile } from '../kit/app-file.ts';
import type { CommandCall } from '../kit/command.ts';
import { readArguments, unknownWord } from '../kit/arguments.ts';
import { type Asker, createAsker } from './ask.ts';
import { variablesOfApp } from './secret-values.ts';

const TARGETS = ['cloudflare', 'aws'] as const;
export type Target = (typeof TARGETS)[number];

export interface DeployOptions {
  target: Target;
  /** Path of the app's module. */
  appFile: string;
  app: App;
  /** Where the command is run. */
  folder: string;
  /** Of wrangler, or the stage. Null: the one without a name. */
  environment: string | null;
  dryRun: boolean;
  fix: boolean;
  yes: boolean;
  json: boolean;
  withQueue: boolean;
  variables: NodeJS.ProcessEnv;
  asker: Asker;
  print: (line: string) => void;
  /** What programs say as they go. */
  tell: (text: string) => void;
}

const SHARED = {
  app: { type: 'string' },
  env: { type: 'string' },
  stage: { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
  json: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
} as const;
const OPTIONS = {
  deploy: { ...SHARED, fix: { type: 'boolean' }, 'no-queue': { type: 'boolean' } },
  destroy: SHARED,
} as const;

/** What the call means; a number is the exit status of a wrong one. @throws TidegateError for an app that is none */
export async function readDeployOptions(
  command: 'deploy' | 'destroy',
  { args, loadApp, environment, misused, print = (line) => console.log(line) }: CommandCall,
): Promise<DeployOptions | number> {
  const read = readArguments(args, OPTIONS[command], command);
  if (read.wrong !== null) return misused(read.wrong);
  const { values, positionals } = read;
  const [word, extra] = positionals;
  const target = TARGETS.find((known) => known === word);
  if (target === undefined) {
    return misused(
      word === undefined ? `${command} needs one of ${TARGETS.join(', ')}` : unknownWord(word, TARGETS, null),
    );
  }
  if (extra !== undefined) return misused(unknownWord(extra, [], `${command} ${target}`));
  const [own, other] = target === 'aws' ? (['stage', 'env'] as const) : (['env', 'stage'] as const);
  if (values[other] !== undefined) return misused(`--${other} is not for ${target}: expected --${own} NAME`);
  const alone = target === 'aws' ? (['fix', 'no-queue'] as const).find((name) => values[name] === true) : undefined;
  if (alone !== undefined) return misused(`--${alone} is not for aws: its stack says what is made`);
  const name = values[own];
  if (typeof name === 'string' && !STAGE.test(name)) {
    return misused(`--${own} ${name}: expected ${STAGE_EXPECTED}`);
  }
  const folder = process.cwd();
  const appFile = appFileOf(folder, typeof values['app'] === 'string' ? values['app'] : null);
  const isJson = values['json'] === true;
  const stage = typeof name === 'string' ? name : null;
  const variables = { ...environment };
  Object.assign(environment, variablesOfApp(folder, variables, stage));
  return {
    target,
    appFile: resolve(folder, appFile),
    app: await loadApp(appFile),
    folder,
    environment: stage,
    dryRun: values['dry-run'] === true,
    fix: values['fix'] === true,
    yes: values['yes'] === true,
    json: isJson,
    withQueue: values['no-queue'] !== true,
    variables,
    asker: createAsker(),
    print,
    tell: (text) => process.stderr.write(text),
  };
}

function appFileOf(folder: string, given: string | null): string {
  const found = given ?? usualAppFile(folder);
  if (found !== null) return found;
  const expected = '--app FILE, or a module app.ts in this folder';
  throw new TidegateError('invalid_config', `there is no app.ts in ${folder}`, { field: '--app', expected });
}
