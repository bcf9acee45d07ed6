/**
 * The package as it is published: `npm pack` of a copy of this tree, unpacked. Every export leads to a file with its types
 * and loads where Node can load it, and every link of a README leads to a file of the package. Nothing is installed: what
 * it depends on is found in this tree.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
/** What a pack reads. A copy, because it builds, and rewrites the manifest while it runs. */
const READ = ['src', 'infra', 'test', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const SHOWN = ['README.md', 'CHANGELOG.md', 'LICENSE'];
/** Only Cloudflare's runtime has what it imports. */
const ELSEWHERE = './worker';

let folder: string;
let packed: string;
let manifest: Record<'bin' | 'exports' | 'dependencies' | 'peerDependencies', Record<string, string>> & {
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-pack-'));
  const tree = join(folder, 'tree');
  for (const path of [...READ, ...SHOWN]) cpSync(join(ROOT, path), join(tree, path), { recursive: true });
  // Beside both the copy and what is unpacked.
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const env = { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false' };
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: tree, env, stdio: 'pipe' });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  mkdirSync(join(folder, 'unpacked'));
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', join(folder, 'unpacked')]);
  packed = join(folder, 'unpacked/package');
  manifest = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as typeof manifest;
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every export, and the command, is a file of the package', () => {
  expect(Object.keys(manifest.exports)).toEqual(
    expect.arrayContaining(['.', './node', './store/contract', './testing']),
  );
  const files = Object.values(manifest.exports).flatMap((path) => [path, path.replace(/\.js$/, '.d.ts')]);
  expect(manifest.exports['./package.json']).toBe('./package.json');
  expect([...files, ...Object.values(manifest.bin)].filter((path) => !existsSync(join(packed, path)))).toEqual([]);
});

/** What a script of that kind prints, as it is run beside the package. */
function printedBy(kind: 'module' | 'commonjs', script: string): Record<string, unknown> {
  const args = [`--input-type=${kind}`, '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: packed, encoding: 'utf8' })) as Record<string, unknown>;
}

test.each([
  ['module', 'await import(name)'],
  ['commonjs', 'require(name)'],
] as const)('every export loads by its name, in %s', (kind, load) => {
  const names = Object.keys(manifest.exports).filter((name) => ![ELSEWHERE, './package.json'].includes(name));
  const sizes = printedBy(
    kind,
    `const sizes = {};
    for (const each of ${JSON.stringify(names)}) {
      const name = 'tidegate' + each.slice(1);
      sizes[each] = Object.keys(${load}).length;
    }
    console.log(JSON.stringify(sizes));`,
  );
  expect(Object.keys(sizes)).toEqual(names);
  expect(names.filter((name) => sizes[name] === 0)).toEqual([]);
});

test('tools read its manifest by its name', () => {
  const read = printedBy('commonjs', `console.log(JSON.stringify(require('tidegate/package.json')))`);
  expect(read).toEqual(manifest);
});

test('zod is the app’s own copy, and is installed where an app has none', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
  expect([Object.keys(dependencies).includes('zod'), Object.keys(dependencies).includes('hono')]).toEqual([
    false,
    true,
  ]);
  expect(peerDependencies['zod']).toBe('^4.4.0');
  expect(peerDependenciesMeta['zod']).toBeUndefined();
});

test('every link of its READMEs leads to a file of it', () => {
  const readmes = readdirSync(packed, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const links = readmes.flatMap((readme) =>
    [...readFileSync(join(packed, readme), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) =>
      join(dirname(readme), path),
    ),
  );
  expect(links.length).toBeGreaterThan(30);
  expect([...new Set(links)].filter((path) => !existsSync(join(packed, path)))).toEqual([]);
});
