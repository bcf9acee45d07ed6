/**
 * The operator's own CDK, over the file of their folder that makes the stack. It is never on a terminal; approvals were given with the
 * plan.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AWS_FILE } from '../../platforms/aws-entry.ts';
import { TidegateError } from '../../../base/errors.ts';
import type { DeployOptions } from './deploy-options.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { packageFolder, userPackage } from './user-package.ts';
import { type ProgramEnd, runProgram } from './run-program.ts';

export interface Cdk {
  run: (args: readonly string[], tell?: (text: string) => void) => Promise<ProgramEnd>;
  /** The templates that a synthesis makes, by the names of their stacks. @throws TidegateError `invalid_config` with what it says */
  synthesize: () => Promise<ReadonlyMap<string, string>>;
}

/** What the file needs beside the command. */
const NEEDED = ['aws-cdk-lib', 'constructs', 'esbuild'];

/** @param file makes the stack: a path from the folder, without spaces. @param stage null: the one without a name. @throws TidegateError `invalid_config` where something is not installed */
export function openCdk(
  { folder, variables: environment, environment: stage }: Pick<DeployOptions, 'folder' | 'variables' | 'environment'>,
  file: string,
): Cdk {
  const missing = ['aws-cdk', ...NEEDED].filter((name) => packageFolder(folder, name) === null);
  if (missing.length > 0) {
    throw new TidegateError('invalid_config', `${missing.join(', ')} are not installed in ${folder}`, {
      field: missing[0] ?? 'aws-cdk',
      expected: `npm install --save-dev ${missing.join(' ')}`,
    });
  }
  const { command } = userPackage(folder, 'aws-cdk', 'cdk');
  const shared = [
    `--app="${process.execPath}" ${file}`,
    '--no-notices',
    '--no-version-reporting',
    ...(stage === null ? [] : [`--context=stage=${stage}`]),
  ];
  const run = (args: readonly string[], tell?: (text: string) => void, more: NodeJS.ProcessEnv = {}) =>
    runProgram(command, [...shared, ...args], {
      folder,
      environment: { ...environment, ...more, NO_COLOR: '1' },
      ...(tell === undefined ? {} : { tell }),
    });
  return {
    run,
    async synthesize() {
      const folder = temporaryFolder('tidegate-synth-');
      try {
        const output = join(folder.path, 'out');
        // What the file makes beside it, such as the code of the functions, goes with it.
        const aside = join(folder.path, 'aside');
        mkdirSync(aside);
        const end = await run(['synth', '--quiet', `--output=${output}`], undefined, { TMPDIR: aside });
        if (end.status === 0) return templatesIn(output);
        throw new TidegateError('invalid_config', `the stack cannot be made:\n${saidByCdk(end)}`, {
          field: AWS_FILE,
          expected: 'a stack that CDK makes',
        });
      } finally {
        folder.remove();
      }
    },
  };
}

function templatesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.template.json'));
  return new Map(names.map((name) => [name.replace('.template.json', ''), readFileSync(join(folder, name), 'utf8')]));
}

/** Without what CDK adds of the program that it ran. */
export function saidByCdk({ stderr, stdout }: Pick<ProgramEnd, 'stderr' | 'stdout'>): string {
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trimEnd());
  return lines
    .filter((line) => line.trim() !== '' && !/Subprocess exited|^\s+at |\(node:\d+\)/.test(line))
    .slice(0, 12)
    .join('\n');
}
