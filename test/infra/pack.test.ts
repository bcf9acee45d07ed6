/**
 * The package as it is published. Every export leads to a file with its types and loads where Node can load it, and every link of a README
 * leads to a file of the package.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { packedPackage } from '../services/packed.ts';

/** Only Cloudflare's runtime has what it imports. */
const ELSEWHERE = './worker';

let packed: string;
let manifest: Record<'bin' | 'exports' | 'dependencies' | 'peerDependencies', Record<string, string>> & {
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

beforeAll(async () => {
  packed = await packedPackage();
  manifest = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as typeof manifest;
}, 90_000);

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

test('the registry of MCP servers is told of this package, in this version', () => {
  const told = JSON.parse(readFileSync(join(import.meta.dirname, '../../server.json'), 'utf8')) as {
    name: string;
    version: string;
    packages: { identifier: string; version: string }[];
  };
  const { name, version, mcpName } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  expect([told.name, told.version]).toEqual([mcpName, version]);
  expect(told.packages.map(({ identifier, version: of }) => [identifier, of])).toEqual([[name, version]]);
});
