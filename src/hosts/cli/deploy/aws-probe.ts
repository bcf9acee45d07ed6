/**
 * The module that makes the stack: that of the folder, or, where it has none, one that would be written. To be run before, such a module
 * stands in a folder of its own for as long as it is looked at.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidegateError } from '../../../base/errors.ts';
import { AWS_FILE, awsEntry } from '../../platforms/aws-entry.ts';
import { importPath } from './cloudflare-probe.ts';

export interface StackProbe {
  /** What is run, from the folder. */
  file: string;
  /** The text of the module that a deployment writes first. Null: the folder has one. */
  written: string | null;
  end: () => void;
}

const FILES = [AWS_FILE, 'aws.mts', 'aws.js', 'aws.mjs'];

/** @param auth a word of `AUTH` for a new module */
export function probeStack(folder: string, appFile: string, auth: string): StackProbe {
  const file = FILES.find((name) => existsSync(join(folder, name)));
  if (file !== undefined) return { file, written: null, end: () => {} };
  const probed = mkdtempSync(join(folder, '.tidegate-'));
  const path = join(probed, AWS_FILE);
  writeFileSync(path, awsEntry(importPath(probed, appFile), auth));
  return {
    file: importPath(folder, path),
    written: awsEntry(importPath(folder, appFile), auth),
    end: () => rmSync(probed, { recursive: true, force: true }),
  };
}

/** @throws TidegateError `invalid_config` where the folder has no such module */
export function stackFile(folder: string): string {
  const file = FILES.find((name) => existsSync(join(folder, name)));
  if (file !== undefined) return file;
  const expected = 'the folder from which it was deployed, with the module that makes its stack';
  throw new TidegateError('invalid_config', `there is no ${AWS_FILE} in ${folder}`, { field: AWS_FILE, expected });
}
