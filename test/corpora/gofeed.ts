/** The cases of gofeed: beside each document stands what its parser or its translator has to answer, as JSON. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RssEntry } from '../../src/feeds/rss/entry.ts';
import type { Case, Check } from './rss.ts';

interface Person {
  name?: string;
  email?: string;
}
interface Expected {
  items?: Item[];
  entries?: Item[];
}
/** What the models of RSS, of Atom and of both have. */
interface Item {
  id?: string;
  guid?: string | { value?: string };
  title?: string;
  link?: string;
  links?: (string | { href?: string; rel?: string })[];
  description?: string;
  summary?: string;
  content?: string | { value?: string };
  published?: string;
  publishedParsed?: string;
  pubDate?: string;
  pubDateParsed?: string;
  updated?: string;
  updatedParsed?: string;
  author?: string | Person;
  authors?: Person[];
  categories?: (string | { value?: string; term?: string; label?: string })[];
  enclosure?: { url?: string };
  enclosures?: { url?: string }[];
}

export function* gofeedCases(root: string): Generator<Case> {
  const folder = join(root, 'testdata');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!name.endsWith('.xml')) continue;
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const beside = join(folder, name.replace(/\.xml$/, '.json'));
    const expected = existsSync(beside) ? (JSON.parse(readFileSync(beside, 'utf8')) as Expected) : {};
    const checks = (expected.items ?? expected.entries ?? []).flatMap(checksOf);
    yield { name, bytes, url: null, headers: new Headers(), checks, text: new TextDecoder().decode(bytes) };
  }
}

function checksOf(item: Item, index: number): Check[] {
  const link = typeof item.links?.[0] === 'string' ? item.links[0] : undefined;
  const published = item.publishedParsed ?? item.pubDateParsed;
  const people = item.authors ?? (item.author === undefined ? [] : [item.author]);
  const wanted: Record<string, string | undefined> = {
    id: item.id ?? (typeof item.guid === 'object' ? item.guid.value : item.guid),
    title: item.title,
    link: item.link ?? link ?? alternateIn(item.links),
    summary: item.summary ?? item.description,
    content: typeof item.content === 'object' ? item.content.value : item.content,
    time: published,
    updated: item.updatedParsed,
    enclosure: item.enclosures?.[0]?.url ?? item.enclosure?.url,
    authors: joined(people.map((one) => (typeof one === 'string' ? one : (one.name ?? one.email)))),
    categories: joined(
      (item.categories ?? []).map((one) => (typeof one === 'string' ? one : (one.value ?? one.label ?? one.term))),
    ),
  };
  return Object.entries(wanted).flatMap(([field, value]): Check[] => {
    if (value === undefined || value === '') return [];
    const isTime = field === 'time' || field === 'updated';
    return [
      {
        field,
        expected: isTime ? new Date(value).toISOString() : value,
        found: (entries) => read(entries[index], field),
      },
    ];
  });
}

function alternateIn(links: Item['links']): string | undefined {
  for (const link of links ?? []) {
    if (typeof link === 'object' && (link.rel ?? 'alternate') === 'alternate') return link.href;
  }
  return undefined;
}

const joined = (texts: readonly (string | undefined)[]) => texts.filter((text) => text).join(' | ');

function read(entry: RssEntry | undefined, field: string): string | null {
  const value = entry?.[field as keyof RssEntry] ?? null;
  return Array.isArray(value) ? value.join(' | ') : value;
}
