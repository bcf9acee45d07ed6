/** The option tables of the READMEs are those of the specifications, and every option says what it is for. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { optionTable } from '../../../infra/docs/option-table.ts';
import { rowsOf, TABLES, withTables } from '../../../infra/docs/tables.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const readmes = globSync(['README.md', '{src,infra,test}/**/README.md'], { cwd: ROOT });

test.each(readmes)('%s: its option tables are as `npm run docs` writes them', (file) => {
  const readme = readFileSync(join(ROOT, file), 'utf8');
  expect(withTables(readme)).toBe(readme);
});

test.each(Object.keys(TABLES))('%s: each option says what it is for', (name) => {
  const silent = rowsOf(name).filter(({ text }) => text === '');
  expect(silent.map(({ option }) => option)).toEqual([]);
});

test.each(Object.keys(TABLES))('%s: what a docstring says of a default is what the specification has', (name) => {
  for (const { option, fallback, specified, defaultTag } of rowsOf(name)) {
    if (specified) expect(`${option}: ${defaultTag}`).toBe(`${option}: ${fallback.replaceAll('`', '')}`);
  }
});

test('a table has name, text, default and bounds', () => {
  const row = rowsOf('mqtt').filter(({ option }) => option === 'lingerMs');
  expect(optionTable(row).split('\n').at(-1)).toMatch(/^\| `lingerMs` \| How long .* \| 50 ms \| 0 to 60,000 ms \|$/);
  expect(withTables('a\n<!-- options: mqtt-route -->\nold\n<!-- /options -->\nb')).toMatch(/^a\n.*`keyLevel`.*\nb$/s);
  expect(() => withTables('<!-- options: mqt -->\n<!-- /options -->')).toThrow(/mqtt/);
});
