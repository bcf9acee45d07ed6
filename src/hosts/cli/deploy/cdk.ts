/**
 * The operator's own CDK, over the file of their folder that makes the stack. It is never on a terminal; approvals were given with the
 * plan.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AWS_FILE } from '../../platforms/aws-entry.ts';
import { AWS_PACKAGES } from '../../platforms/packages.ts';
import { TidegateError } from '../../../base/errors.ts';
import type { DeployOptions } from './deploy-options.ts';
import { variablesOfApp } from './secret-values.ts';
import { temporaryFolder } from './programs/temporary-folder.ts';
import { packageFolder, userPackage } from './programs/user-package.ts';
import { type ProgramEnd, runProgram } from './programs/run-program.ts';

export interface SynthesizedStack {
  name: string;
  template: string;
  /** Where it goes; null: where the credentials say. */
  region: string | null;
}

export interface Cdk {
  run: (args: readonly string[], tell?: (text: string) => void) => Promise<ProgramEnd>;
  /** What a synthesis makes, by the names of the stacks. @throws TidegateError `invalid_config` with what it says */
  synthesize: () => Promise<ReadonlyMap<string, SynthesizedStack>>;
}

/** @param file makes the stack: a path from the folder, without spaces. @param stage null: the one without a name. @throws TidegateError `invalid_config` where something is not installed */
export function openCdk(
  { folder, variables: environment, environment: stage }: Pick<DeployOptions, 'folder' | 'variables' | 'environment'>,
  file: string,
): Cdk {
  const missing = AWS_PACKAGES.filter((name) => packageFolder(folder, name) === null);
  if (missing.length > 0) {
    throw new TidegateError('invalid_config', `not installed in ${folder}: ${missing.join(', ')}`, {
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
      environment: { ...variablesOfApp(folder, environment, stage), ...more, NO_COLOR: '1' },
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
        if (end.status === 0) return stacksIn(output);
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

const Manifest = z.object({
  artifacts: z.record(z.string(), z.object({ type: z.string(), environment: z.string().optional() })),
});

function stacksIn(folder: string): Map<string, SynthesizedStack> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.template.json'));
  const { artifacts } = Manifest.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  return new Map(
    names.map((file) => {
      const name = file.replace('.template.json', '');
      // aws://account/region
      const region = artifacts[name]?.environment?.split('/').at(-1) ?? null;
      const template = readFileSync(join(folder, file), 'utf8');
      return [name, { name, template, region: region === 'unknown-region' ? null : region }];
    }),
  );
}

const MOST_LINES = 12;

/** Without what CDK adds of the program that it ran, and without warnings. The reason stands at the end of what is said. */
export function saidByCdk({ stderr, stdout }: Pick<ProgramEnd, 'stderr' | 'stdout'>): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trimEnd());
  return lines
    .filter(
      (line) => line.trim() !== '' && !/Subprocess exited|^\s+at |\(node:\d+\)|^Node\.js v|^\[?warning\b/i.test(line),
    )
    .slice(-MOST_LINES)
    .join('\n');
}
