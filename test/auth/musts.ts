/** The table of what the specification asks of a server for authorization, made from the names of the tests that show it. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** `<revision> <page>, <revision> <page> "<section>": <what is shown>`. */
const NAMED = /test(?:\.each\([^)]*\))?\(\s*'((?:20\d\d-\d\d-\d\d [\w-]+(?:, )?)+) "([^"]+)": ((?:[^'\\]|\\.)+)'/g;

export interface Must {
  page: string;
  section: string;
  shown: string;
  file: string;
}

/** What the names of all tests show, by page and section. */
export function mustsShown(): Must[] {
  const found: Must[] = [];
  for (const file of globSync('test/**/*.test.ts', { cwd: ROOT }).toSorted()) {
    for (const [, pages = '', section = '', shown = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(NAMED)) {
      for (const page of pages.split(', ')) found.push({ page, section, shown, file });
    }
  }
  return found.toSorted((a, b) => revisionOf(b).localeCompare(revisionOf(a)) || keyOf(a).localeCompare(keyOf(b)));
}

const revisionOf = ({ page }: Must) => page.slice(0, 10);
const keyOf = ({ page, section, shown }: Must) => [page, section, shown].join('\n');

export function mustsTable(): string {
  const rows = mustsShown().map(({ page, section, shown, file }) => {
    // Tests are not in the package, so nothing leads there.
    const place = `\`${file}\``;
    return `| ${page} | ${section} | ${shown.replaceAll('|', '\\|')} | ${place} |`;
  });
  return [
    '# What the specification asks of a server',
    '',
    'Each MUST and SHOULD of the pages on authorization that binds a server, by revision, page and section, with the test that shows it.',
    'The table is made from the names of the tests: `vitest run -u test/auth/musts-table.test.ts` writes it anew.',
    '',
    '| page | section | what is shown | test |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'Left out is what binds clients, authorization servers and proxies: this server issues no tokens, registers no clients, and passes',
    'no token on.',
    '',
  ].join('\n');
}
