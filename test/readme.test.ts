/** The code in the README is code that runs: each block stands in a file, in the region that the comment above it names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { readConfig } from '../src/base/config.ts';

const ROOT = join(import.meta.dirname, '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/<!-- (\S+)#(\S+) -->\n```ts\n([\s\S]*?)```/g)];

test('every block of TypeScript names its file', () => {
  expect(blocks.length).toBeGreaterThan(0);
  expect(readme.match(/```ts\n/g)).toHaveLength(blocks.length);
});

test.each(blocks.map(([, file = '', region = '', code = '']) => ({ file, region, code })))(
  '$file#$region is what the README shows',
  ({ file, region, code }) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    const [, inRegion] = new RegExp(`// #region ${region}\\n([\\s\\S]*?)// #endregion`).exec(source) ?? [];
    expect(code).toBe(inRegion);
  },
);

test('the app that it shows is a valid declaration', async () => {
  const { default: app } = await import('./examples/plant/app.ts');
  expect([...app.streams.keys()]).toEqual(['temperatures', 'quotes', 'orders']);
  expect([...app.feeds.keys()]).toEqual(['plant', 'quotes', 'orders']);
});

test('every command that it names is a script', () => {
  const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name ?? '');
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(manifest.scripts).toHaveProperty([name]);
});

test('every dependency has its line', () => {
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const missing = packages.filter((name) => !name.startsWith('@types/') && !readme.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

test('every variable that it names is read', () => {
  const [, section = ''] = /## Configuration\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const named = [...section.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name ?? '');
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
