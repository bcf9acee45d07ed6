/** The cases of miniflux: tests in Go, each with a document in its text and comparisons with what is read of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RssEntry } from '../../src/index.ts';
import type { Case, Check } from './rss.ts';

const FILES = ['rss/parser_test.go', 'rdf/parser_test.go', 'atom/atom_03_test.go', 'atom/atom_10_test.go'];
const TEXT = '"(?:[^"\\\\]|\\\\.)*"|`[^`]*`';
const COMPARISON = new RegExp(
  `feed\\.Entries\\[(\\d+)\\]\\.(URL|Title|Author|Content|Enclosures\\[0\\]\\.URL) != (${TEXT})`,
  'g',
);

type Read = (entry: RssEntry) => string | null;
const READERS: Readonly<Record<string, Read>> = {
  URL: ({ link }) => link,
  Title: ({ title }) => title,
  Author: ({ authors }) => authors.join(', '),
  Content: ({ content, summary }) => content ?? summary,
  'Enclosures[0].URL': ({ enclosure }) => enclosure,
};

export function* minifluxCases(root: string): Generator<Case> {
  for (const file of FILES) {
    const [, ...functions] = readFileSync(join(root, 'internal/reader', file), 'utf8').split(/^func Test/m);
    for (const code of functions) {
      const [, name = ''] = /^(\w+)/.exec(code) ?? [];
      const [, text] = /data := `([^`]*)`/.exec(code) ?? [];
      if (text === undefined) continue;
      const [, url = null] = /Parse\("([^"]+)"/.exec(code) ?? [];
      const bytes = new TextEncoder().encode(text);
      yield { name: `${file} ${name}`, bytes, url, headers: new Headers(), text, checks: checksIn(code) };
    }
  }
}

function checksIn(code: string): Check[] {
  const checks = [...code.matchAll(COMPARISON)].map(([, index, field = '', literal = '']): Check => {
    const expected = literal.startsWith('`') ? literal.slice(1, -1) : (JSON.parse(literal) as string);
    const read = READERS[field];
    return {
      field,
      expected,
      found: (entries) => {
        const entry = entries[Number(index)];
        return entry === undefined || read === undefined ? null : (read(entry) ?? '');
      },
    };
  });
  const [, count] = /len\(feed\.Entries\) != (\d+)/.exec(code) ?? [];
  const counted: Check[] =
    count === undefined ? [] : [{ field: 'entries', expected: count, found: (entries) => String(entries.length) }];
  return [...counted, ...checks];
}
