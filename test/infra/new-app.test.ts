/** A new user's way with the package as it is published, as far as it goes without a network: `npm run scaffold` goes it whole. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runDev } from '../scaffold/dev-run.ts';
import { packedPackage } from '../services/packed.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CREATE = join(ROOT, 'infra/create-tidegate');

let folder: string;
let packed: string;

beforeAll(async () => {
  packed = await packedPackage();
  folder = mkdtempSync(join(tmpdir(), 'tidegate-new-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  symlinkSync(packed, join(modules, 'tidegate'));
  cpSync(CREATE, join(modules, 'create-tidegate'), { recursive: true });
  for (const name of ['zod', 'vitest', 'typescript', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifestOf = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest;
interface Manifest {
  version: string;
  engines: object;
  bin: Record<string, string>;
}

test('what npm create calls has the version of the package', () => {
  const { version, engines } = manifestOf(ROOT);
  expect(manifestOf(CREATE)).toMatchObject({ version, engines, dependencies: { tidegate: `^${version}` } });
});

test('an app that npm create makes has right types, passes its test, and is served anew after a change', async () => {
  const { NODE_COMPILE_CACHE, PATH } = process.env;
  const env = { PATH, NODE_COMPILE_CACHE, HOME: folder };
  const run = (file: string, args: readonly string[], cwd: string) =>
    execFileSync(process.execPath, [file, ...args], { cwd, env, stdio: 'pipe', encoding: 'utf8' });
  const create = join(folder, 'node_modules/create-tidegate/index.js');
  const said = run(create, ['my house', '--feed', 'push,http,mqtt,websocket', '--no-install'], folder);
  expect(said).toContain('cd "my house"');
  const app = join(folder, 'my house');
  run(join(ROOT, 'node_modules/typescript/bin/tsc'), [], app);
  expect(run(join(ROOT, 'node_modules/vitest/vitest.mjs'), ['run'], app)).toMatch(/4 passed/);
  const dev = await runDev(process.execPath, join(packed, manifestOf(packed).bin['tidegate'] ?? ''), app, env);
  expect(dev).toMatchObject({ served: ['1.0.0', '1.0.1'], wentOn: true, status: 0 });
}, 60_000);
