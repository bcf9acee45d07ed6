/** The first file of the command line: a Node that is too old hears what is needed, and loads nothing else. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../child.ts';

const CLI = join(import.meta.dirname, '../../../src/hosts/cli/cli.ts');
const text = readFileSync(CLI, 'utf8');

/** Runs that file, beside a module in place of all the rest, in a process that says it is this Node. */
function runAs(version: string): { status: number | null; stdout: string; stderr: string } {
  const folder = temporaryFolder();
  const asOld = join(folder, 'as-old.mjs');
  writeFileSync(asOld, `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`);
  writeFileSync(join(folder, 'main.ts'), `console.log('loaded');`);
  writeFileSync(join(folder, 'cli.mjs'), text);
  return spawnSync(process.execPath, ['--import', asOld, join(folder, 'cli.mjs'), 'start'], { encoding: 'utf8' });
}

describe('the first file', { timeout: 20_000 }, () => {
  test.each(['12.22.0', '18.20.8', '20.20.2', '22.12.0', '23.3.0'])('Node %s is told what it needs', (version) => {
    const { status, stdout, stderr } = runAs(version);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^tidegate: this is Node .*, and Tidegate needs 22\.18 or later/);
  });

  test.each(['22.13.0', '23.4.0', '24.0.0', '100.1.0'])('Node %s loads the rest', (version) => {
    expect(runAs(version)).toMatchObject({ status: 0, stdout: 'loaded\n', stderr: '' });
  });

  test('can be parsed by Node 12: it imports nothing, and has no later syntax', () => {
    expect(text).not.toMatch(/^import /m);
    const { code, warnings } = transformSync(text, { target: 'node12.20', format: 'esm', minifyWhitespace: true });
    const asItStands = transformSync(text, { target: 'esnext', format: 'esm', minifyWhitespace: true });
    expect([code, warnings]).toEqual([asItStands.code, []]);
  });
});
