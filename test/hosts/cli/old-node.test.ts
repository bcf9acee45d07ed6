/** A Node that is too old hears what is needed: of the command line before anything else is loaded, of the package at its first use. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { isOldNode } from '../../../src/base/config/node-version.ts';
import { temporaryFolder } from '../child.ts';

const SRC = join(import.meta.dirname, '../../../src');
const CLI = readFileSync(join(SRC, 'hosts/cli/cli.ts'), 'utf8');
const JUDGE = readFileSync(join(SRC, 'base/config/node-version.ts'), 'utf8');

/** Runs a module in a process that says it is this Node. */
function runAs(version: string, folder: string, ...args: string[]) {
  const asOld = join(folder, 'as-old.mjs');
  writeFileSync(asOld, `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`);
  return spawnSync(process.execPath, ['--import', asOld, ...args], { encoding: 'utf8' });
}

/** The first file, beside a module in place of all the rest. */
function startAs(version: string): { status: number | null; stdout: string; stderr: string } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'main.ts'), `console.log('loaded');`);
  writeFileSync(join(folder, 'node-version.ts'), JUDGE);
  writeFileSync(join(folder, 'cli.mts'), CLI.replace('../../base/config/', './'));
  return runAs(version, folder, join(folder, 'cli.mts'), 'start');
}

test.each([
  ['12.22.0', true],
  ['20.20.2', true],
  ['22.12.9', true],
  ['23.3.0', true],
  ['22.13.0', false],
  ['22.18.0', false],
  ['23.4.0', false],
  ['24.0.0', false],
  ['100.1.0', false],
])('Node %s is too old: %s', (version, isOld) => {
  expect(isOldNode(version)).toBe(isOld);
});

describe('the first file', { timeout: 20_000 }, () => {
  test('says what a Node that is too old lacks', () => {
    const { status, stdout, stderr } = startAs('20.20.2');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^tidegate: this is Node .*, and Tidegate needs Node 22\.18 or later/);
  });

  test('loads the rest on another', () => {
    expect(startAs('22.13.0')).toMatchObject({ status: 0, stdout: 'loaded\n', stderr: '' });
  });

  test.each([CLI, JUDGE])('and what it imports can be parsed by Node 12: %#', (text) => {
    expect([...text.matchAll(/^import .* from '(.*)'/gm)].map(([, name]) => name)).toEqual(
      text === CLI ? ['../../base/config/node-version.ts'] : [],
    );
    const form = { loader: 'ts', format: 'esm', minifyWhitespace: true } as const;
    const { code, warnings } = transformSync(text, { ...form, target: 'node12.20' });
    expect([code, warnings]).toEqual([transformSync(text, { ...form, target: 'esnext' }).code, []]);
  });
});

/** Uses an export of a module, and prints the error that it meets. */
const useOf = (module: string, call: string) =>
  `import * as module from '${join(SRC, module)}'; Promise.resolve().then(() => ${call}).catch(({ code, field, message }) => console.log(code, field, message));`;

describe('tidegate/node', { timeout: 20_000 }, () => {
  test('refuses to make the runtime of a Node that is too old', () => {
    const { stdout } = runAs(
      '20.20.2',
      temporaryFolder(),
      '--input-type=module',
      '--eval',
      useOf('node.ts', 'module.nodeRuntime(() => {})'),
    );
    expect(stdout).toMatch(/^invalid_config node this is Node 20\.20\.2, and Tidegate needs Node 22\.18 or later/);
  });

  test('says of a Node without node:sqlite which stores it has', () => {
    const folder = temporaryFolder();
    const hooks = `export const resolve = (name, context, next) => { if (name === 'node:sqlite') throw Object.assign(new Error('No such built-in module: ' + name), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' }); return next(name, context); };`;
    writeFileSync(join(folder, 'hooks.mjs'), hooks);
    writeFileSync(
      join(folder, 'without.mjs'),
      `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);`,
    );
    const call = "module.sqlite.open({}, { app: 'x' })";
    const args = ['--import', join(folder, 'without.mjs'), '--input-type=module', '--eval', useOf('store.ts', call)];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
    expect(stdout).toMatch(/^invalid_config STORE this Node has no node:sqlite, which STORE=sqlite needs/);
  });
});
