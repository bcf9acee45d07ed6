/** Which Node can run this repository, and what another one is told before its scripts and its tests. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');

test.each([
  ['18.20.8', false],
  ['22.17.9', false],
  ['22.18.0', true],
  ['23.5.0', false],
  ['23.6.0', true],
  ['24.0.0', true],
])('Node %s can: %s', (version, can) => {
  const as = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'${version}'}})`;
  const needed = join(ROOT, 'infra/local/needed-node.mjs');
  const { status, stderr } = spawnSync(process.execPath, ['--import', as, needed], { encoding: 'utf8' });
  const told = `This is Node ${version}, and the scripts of this repository need 22.18 or later`;
  expect([status, stderr]).toEqual(can ? [0, ''] : [1, expect.stringContaining(told)]);
});

test('the manifest asks for the same, and is checked where npm does not hold to it', () => {
  expect(manifest.engines.node).toBe('^22.18.0 || >=23.6.0');
  for (const name of ['prestart', 'pretest', 'pretest:all'] as const) {
    expect(manifest.scripts[name]).toBe('node infra/local/needed-node.mjs');
  }
  expect(readFileSync(join(ROOT, 'vitest.config.ts'), 'utf8')).toContain("import './infra/local/needed-node.mjs'");
});
