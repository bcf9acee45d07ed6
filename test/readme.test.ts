/**
 * The READMEs say what is so: their code stands in files that run, their links lead somewhere (in the package too), and the
 * paths, commands, dependencies and variables that they name are there. What the tables of numbers say is tested beside
 * what they are about.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { appFile } from '../src/hosts/cli/init/templates/app-file.ts';
import { packageFile, tsconfigFile } from '../src/hosts/cli/init/templates/settings.ts';
import { readConfig } from '../src/store/drivers/open.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const readmes = ['README.md', ...['src', 'test', 'infra'].flatMap(readmesIn)];
const rooms = foldersOf('src');

function foldersOf(path: string): string[] {
  const found = readdirSync(join(ROOT, path), { withFileTypes: true });
  return found.filter((each) => each.isDirectory()).map(({ name }) => name);
}

function readmesIn(folder: string): string[] {
  const found = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return found.filter((name) => name.endsWith('README.md')).map((name) => join(folder, name));
}

/** Blocks of TypeScript with the file that each is of, and the region of it; no region: the whole file. */
const blocks = readmes.flatMap((readme) =>
  [...read(readme).matchAll(/<!-- ([^\s#]+)(?:#(\S+))? -->\n```ts\n([\s\S]*?)```/g)].map(
    ([, file = '', region = '', code = '']) => ({ readme, file, region, code }),
  ),
);

/** Links to what is not elsewhere: the file from the root on, and the anchor in it. */
const links = readmes.flatMap((readme) =>
  [...read(readme).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path = '', anchor = null]) => ({
    readme,
    target: path === '' ? readme : normalize(join(dirname(readme), path)),
    anchor,
  })),
);

/** As code hosts make it of a heading. */
function anchorsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('the README at the top is short', () => {
  expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(8_192);
});

test.each(rooms)('the room %s has a README, to which that of the rooms leads', (room) => {
  const targets = links.filter(({ readme }) => readme === 'src/README.md').map(({ target }) => target);
  expect(targets).toContain(`src/${room}/README.md`);
});

test('every README can be reached from the one at the top', () => {
  const reached = new Set(['README.md']);
  for (const readme of reached) {
    for (const link of links) if (link.readme === readme && link.target.endsWith('README.md')) reached.add(link.target);
  }
  expect(readmes.filter((readme) => !reached.has(readme))).toEqual([]);
});

test('every block of TypeScript names its file', () => {
  expect(blocks.length).toBeGreaterThan(10);
  const all = readmes.flatMap((readme) => read(readme).match(/```ts\n/g) ?? []);
  expect(all).toHaveLength(blocks.length);
});

test.each(blocks)('$file#$region is what $readme shows', ({ file, region, code }) => {
  const source = read(file);
  const [, inRegion] = new RegExp(`// #region ${region}\\n([\\s\\S]*?)// #endregion`).exec(source) ?? [];
  expect(code).toBe(region === '' ? source : inRegion);
});

test('every link leads to a file, and to a heading of it', () => {
  expect(links.length).toBeGreaterThan(30);
  const broken = links.filter(
    ({ target, anchor }) => !existsSync(join(ROOT, target)) || (anchor !== null && !anchorsOf(target).includes(anchor)),
  );
  expect(broken).toEqual([]);
});

test('what a README shows or leads to is in the package', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: ROOT });
  const [packed] = JSON.parse(String(output)) as { files: { path: string }[] }[];
  const files = new Set(packed?.files.map(({ path }) => path));
  const wanted = ['LICENSE', 'CHANGELOG.md', ...readmes];
  const all = [...wanted, ...links.map(({ target }) => target), ...blocks.map(({ file }) => file)];
  expect([...new Set(all)].filter((path) => !files.has(path))).toEqual([]);
  expect([...files].filter((path) => path.startsWith('test/examples/') && path.endsWith('.test.ts'))).toEqual([]);
});

test('every path that a README names is there', () => {
  const named = readmes.flatMap((readme) =>
    [...read(readme).matchAll(/`((?:src|test|infra)\/[\w./-]+)`/g)].map(([, path = '']) => ({ readme, path })),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every seam has its line', () => {
  const index = read('test/seams/README.md');
  expect(foldersOf('test/seams').filter((name) => !index.includes(`| \`${name}\` |`))).toEqual([]);
});

test('every example has its line', () => {
  const index = read('test/examples/README.md');
  const examples = foldersOf('test/examples');
  expect(examples.filter((name) => !index.includes(`| \`${name}\` |`))).toEqual([]);
  for (const name of examples) {
    const source = read(`test/examples/${name}/app.ts`);
    const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, from = '']) => from);
    const foreign = imported.filter((from) => !/^(tidegate(\/\w+)?|zod|\.\/.+)$/.test(from));
    expect(foreign, name).toEqual([]);
  }
});

test('the app of the declaring page is a valid declaration', async () => {
  const { default: app } = await import('./examples/plant/app.ts');
  expect([...app.streams.keys()]).toEqual(['temperatures', 'quotes', 'orders']);
  expect([...app.feeds.keys()]).toEqual(['plant', 'quotes', 'orders']);
});

const first = { name: 'first', appName: 'first', kinds: ['http', 'push'] as const, topic: '' };
const newManifest = JSON.parse(packageFile(first, `^${manifest.version}`)) as typeof manifest;

test('what a new app is made with is what this package is tested with', () => {
  const { dependencies, devDependencies, engines } = newManifest;
  expect(dependencies).toEqual({ tidegate: `^${manifest.version}`, zod: `^${manifest.dependencies.zod}` });
  for (const name of ['typescript', 'vitest'] as const) {
    expect(devDependencies[name]).toBe(`^${manifest.devDependencies[name]}`);
  }
  expect(engines).toEqual(manifest.engines);
  const { compilerOptions } = JSON.parse(tsconfigFile()) as { compilerOptions: Record<string, unknown> };
  expect(JSON.parse(read('tsconfig.json')).compilerOptions).toMatchObject(compilerOptions);
  expect(appFile(first)).toBe(read('test/examples/first/app.ts'));
});

test('every command that is named is a script', () => {
  const named = readmes.flatMap((readme) =>
    [...read(readme).matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name ?? ''),
  );
  expect(named.length).toBeGreaterThan(5);
  const scripts = { ...newManifest.scripts, ...manifest.scripts };
  for (const name of named) expect(scripts).toHaveProperty([name]);
});

test('every export has its line', () => {
  const [, table = ''] = /## Exports\n([\s\S]*?)\n## /.exec(read('src/README.md')) ?? [];
  const told = [...table.matchAll(/^\| `tidegate(\/[\w./]+)?` \|/gm)].map(([, path = '']) => `.${path}`);
  expect(told.toSorted()).toEqual(Object.keys(manifest.exports).toSorted());
});

test('every dependency has its line', () => {
  const table = read('src/README.md').split('## Dependencies')[1] ?? '';
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const missing = packages.filter((name) => !name.startsWith('@types/') && !table.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

test('every variable of the configuration is read', () => {
  const [, section = ''] = /## Configuration\n([\s\S]*)/.exec(read('src/hosts/README.md')) ?? [];
  const named = [...section.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name ?? '');
  expect(named.length).toBeGreaterThan(10);
  const wrong: string[] = [];
  // A value that nothing accepts is refused by name, where the variable is known and not free text.
  const aws = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
  const free = new Set(['HOST', 'SQLITE_PATH', 'UPSTASH_REDIS_REST_TOKEN', ...aws]);
  for (const name of new Set(named)) {
    if (free.has(name)) continue;
    try {
      readConfig({ [name]: '\u0000' }, 'memory');
      wrong.push(name);
    } catch (error) {
      expect(error).toMatchObject({ field: name });
    }
  }
  expect(wrong).toEqual([]);
});
