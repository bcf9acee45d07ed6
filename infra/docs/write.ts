/** `npm run docs`: writes the option tables of every README anew. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withTables } from './tables.ts';

const ROOT = resolve(import.meta.dirname, '../..');

for (const file of globSync(['README.md', '{src,infra,test}/**/README.md'], { cwd: ROOT })) {
  const path = join(ROOT, file);
  const before = readFileSync(path, 'utf8');
  const after = withTables(before);
  if (after !== before) writeFileSync(path, after);
}
