/** The package as it is published: every export leads to a file that the build makes, and loads on Node where it is for Node. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { published } from '../../infra/pack/manifest.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Only Cloudflare's runtime has what it imports. */
const ELSEWHERE = './worker';

test('every export of the built package loads', { timeout: 90_000 }, () => {
  // Below node_modules, so that what it depends on is found.
  const folder = mkdtempSync(join(ROOT, 'node_modules/.packed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')], { cwd: ROOT });
  const { exports } = published(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
  expect(Object.keys(exports)).toEqual(expect.arrayContaining(['.', './node', './store/contract', './testing']));
  for (const [name, path] of Object.entries(exports)) {
    const file = join(folder, path);
    expect(existsSync(file), `${name} is at ${path}`).toBe(true);
    if (name === ELSEWHERE) continue;
    const script = `console.log(Object.keys(await import(${JSON.stringify(file)})).length)`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(Number(printed), `${name} exports something`).toBeGreaterThan(0);
  }
});
