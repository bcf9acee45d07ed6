/** The cases of feedparser: each file has its expectation, and the headers that it came with, in a comment. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RssEntry } from '../../src/feeds/rss/entry.ts';
import type { Case } from './rss.ts';
import { type Expectation, expectationsIn } from './python-literal.ts';

/** Cases of another trade: feedparser cleans HTML for a browser, and writes it in a form of its own. */
const CLEANS_HTML =
  /^wellformed\/(?:sanitize|sgml)\/|^wellformed\/namespace\/.*(?:svg|math|xlink)|item_description_(?:br|not_a)|qna|demoronize-3/;

export function* feedparserCases(root: string): Generator<Case> {
  const tests = join(root, 'tests');
  for (const name of readdirSync(tests, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!name.endsWith('.xml')) continue;
    const bytes = new Uint8Array(readFileSync(join(tests, name)));
    const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
    const code = /Expect:\s*(.*?)\s*-->/s.exec(text)?.[1] ?? '';
    const headers = new Headers();
    for (const [, key = '', value = ''] of text.matchAll(/^Header:\s+([^:]+):(.*)$/gm)) {
      try {
        headers.set(key.trim(), value.trim());
      } catch {
        // The case is about a header that HTTP does not allow.
      }
    }
    const isHttp = name.includes('http');
    const url = isHttp ? `http://127.0.0.1:8097/tests/${name}` : null;
    const checks = CLEANS_HTML.test(name) ? [] : expectationsIn(code).flatMap(checkOf);
    yield { name, bytes, url: headers.get('content-location') ?? url, headers, checks, text };
  }
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xfe || (bytes[0] === 0 && bytes[1] === 0x3c)) return 'utf-16be';
  if ((bytes[0] === 0xff && bytes[2] !== 0) || (bytes[0] === 0x3c && bytes[1] === 0 && bytes[2] !== 0))
    return 'utf-16le';
  return 'utf-8';
}

function checkOf(expectation: Expectation | null): Case['checks'] {
  const [list, index = '', ...rest] = expectation?.path.split('.') ?? [];
  if (expectation === null || list !== 'entries') return [];
  const read = READERS[rest.map((part) => (/^\d+$/.test(part) ? '#' : part)).join('.')];
  if (read === undefined) return [];
  const place = Number(rest.find((part) => /^\d+$/.test(part)) ?? 0);
  const { value } = expectation;
  const expected = Array.isArray(value) ? isoOf(value) : rest[0] === 'author' ? nameOf(value as string) : value;
  return [
    {
      field: rest.join('.'),
      expected: expected as string | null,
      found: (entries: readonly RssEntry[]) => {
        const entry = entries[Number(index)];
        const found = entry === undefined ? null : read(entry, place);
        return isTime(rest) && typeof value === 'string' && Date.parse(value) === Date.parse(found ?? '')
          ? value
          : found;
      },
    },
  ];
}

type Read = (entry: RssEntry, place: number) => string | null;

const author: Read = (entry, place) => entry.authors[place] ?? null;
const category: Read = (entry, place) => entry.categories[place] ?? null;
const updated: Read = (entry) => entry.updated ?? entry.time;
const READERS: Readonly<Record<string, Read>> = {
  id: (entry) => entry.id,
  guid: (entry) => entry.id,
  link: (entry) => entry.link,
  title: (entry) => entry.title,
  'title_detail.value': (entry) => entry.title,
  summary: (entry) => entry.summary,
  description: (entry) => entry.summary,
  'summary_detail.value': (entry) => entry.summary,
  'content.#.value': (entry) => entry.content,
  author,
  'author_detail.name': author,
  'authors.#.name': author,
  'tags.#.term': category,
  'tags.#.label': category,
  category,
  'enclosures.#.href': (entry) => entry.enclosure,
  'enclosures.#.url': (entry) => entry.enclosure,
  published: (entry) => entry.time,
  published_parsed: (entry) => entry.time,
  created: (entry) => entry.time,
  created_parsed: (entry) => entry.time,
  updated,
  updated_parsed: updated,
};

const isTime = ([name = '']: readonly string[]) => /^(?:published|updated|created)/.test(name);

function isoOf([year = 0, month = 1, ...rest]: readonly number[]): string {
  return new Date(Date.UTC(year, month - 1, ...(rest.slice(0, 4) as [number]))).toISOString();
}

/** `Ann (ann@example.org)`: an entry has the name alone. */
function nameOf(text: string): string {
  return text.replace(/\s+\(\S+@\S+\)$/, '');
}
