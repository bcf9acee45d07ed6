/**
 * The module that makes the stack: that of the folder, or, where it has none, one that would be written. To be run before, such a module
 * stands in a folder of its own for as long as it is looked at.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import { AWS_FILE, awsEntry } from '../../platforms/aws-entry.ts';
import { importPath } from './cloudflare-probe.ts';
import { temporaryFolder } from './programs/temporary-folder.ts';

export interface StackProbe {
  /** What is run, from the folder. */
  file: string;
  /** The text of the module that a deployment writes first. Null: the folder has one. */
  written: string | null;
  end: () => void;
}

/** What a server keeps on this machine is there too; a new app's repository leaves it out. */
const OWN_FOLDER = '.tidegate';
const FILES = [AWS_FILE, 'aws.mts', 'aws.js', 'aws.mjs'];

/** @param auth a word of `AUTH` for a new module */
export function probeStack(folder: string, appFile: string, auth: string): StackProbe {
  const file = FILES.find((name) => existsSync(join(folder, name)));
  if (file !== undefined) return { file, written: null, end: () => {} };
  const probed = temporaryFolder('deploy-', join(folder, OWN_FOLDER));
  const path = join(probed.path, AWS_FILE);
  writeFileSync(path, awsEntry(importPath(probed.path, appFile), auth));
  return {
    file: importPath(folder, path),
    written: awsEntry(importPath(folder, appFile), auth),
    end: probed.remove,
  };
}

/** @throws TidegateError `invalid_config` where the folder has no such module */
export function stackFile(folder: string): string {
  const file = FILES.find((name) => existsSync(join(folder, name)));
  if (file !== undefined) return file;
  const expected = 'the folder from which it was deployed, with the module that makes its stack';
  throw new TidegateError('invalid_config', `there is no ${AWS_FILE} in ${folder}`, { field: AWS_FILE, expected });
}
