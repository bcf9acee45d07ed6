/**
 * Reads entries of RSS, RDF and Atom in one shape. feedsmith reads the document. This file refuses a document type, because
 * it may declare entities, and a document that did not come whole.
 */
import { parseFeed } from 'feedsmith';
import { TidegateError } from '../../base/errors.ts';

const EXPECTED = 'RSS, RDF or Atom, whole and without a document type';
const ENDED = /<\/(?:[\w-]+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--[^>]*-->\s*)*$/i;

/** @throws TidegateError `upstream` */
export function readRss(text: string): RssEntry[] {
  checkMarkup(text);
  const read = parse(text);
  if (read.format === 'rss') return (read.feed.items ?? []).map(ofRss);
  if (read.format === 'atom') return (read.feed.entries ?? []).map(ofAtom);
  if (read.format === 'rdf') return (read.feed.items ?? []).map(ofRdf);
  throw unreadable('is a JSON Feed: declare no format, and items: items');
}

function parse(text: string): ReturnType<typeof parseFeed> {
  try {
    return parseFeed(text);
  } catch (cause) {
    throw unreadable(`cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** Passes over comments and CDATA, in which anything may stand. Linear in the text. */
function checkMarkup(text: string): void {
  for (let at = text.indexOf('<!'); at !== -1;) {
    const close = text.startsWith('<!--', at) ? '-->' : text.startsWith('<![CDATA[', at) ? ']]>' : null;
    if (close === null) throw unreadable('has a document type');
    const end = text.indexOf(close, at);
    if (end === -1) throw unreadable('is cut off');
    at = text.indexOf('<!', end);
  }
  if (text.trimStart().startsWith('<') && !ENDED.test(text.slice(-1_000))) throw unreadable('is cut off, or no feed');
}

function unreadable(problem: string, cause?: unknown): TidegateError {
  return new TidegateError('upstream', `the document ${problem}`, { field: 'format', expected: EXPECTED, cause });
}

type FeedOf<Format extends ReturnType<typeof parseFeed>['format']> = Extract<
  ReturnType<typeof parseFeed>,
  { format: Format }
>['feed'];
type RssItem = NonNullable<FeedOf<'rss'>['items']>[number];
type RdfItem = NonNullable<FeedOf<'rdf'>['items']>[number];
type AtomEntry = NonNullable<FeedOf<'atom'>['entries']>[number];

function ofRss(item: RssItem): RssEntry {
  const link = item.link ?? (item.guid?.isPermaLink === false ? null : urlOrNull(item.guid?.value));
  const published = timeOf(item.pubDate ?? item.dc?.dates?.[0]);
  const updated = timeOf(item.atom?.updated);
  return {
    id: item.guid?.value ?? link,
    time: published ?? updated,
    updated,
    title: item.title ?? null,
    link,
    summary: item.description ?? null,
    content: item.content?.encoded ?? null,
    authors: namesOf([...(item.authors ?? []), ...(item.dc?.creators ?? [])]),
    categories: present((item.categories ?? []).map(({ name }) => name)),
    enclosure: item.enclosures?.[0]?.url ?? null,
  };
}

function ofRdf(item: RdfItem): RssEntry {
  const time = timeOf(item.dc?.dates?.[0]);
  const link = item.link ?? null;
  return {
    id: item.rdf?.about ?? link,
    time,
    updated: null,
    title: item.title ?? null,
    link,
    summary: item.description ?? null,
    content: item.content?.encoded ?? null,
    authors: namesOf(item.dc?.creators ?? []),
    categories: present(item.dc?.subjects ?? []),
    enclosure: null,
  };
}

function ofAtom(entry: AtomEntry): RssEntry {
  const links = entry.links ?? [];
  const link = links.find(({ rel }) => rel === undefined || rel === 'alternate')?.href ?? links[0]?.href ?? null;
  const updated = timeOf(entry.updated);
  return {
    id: entry.id ?? link,
    time: timeOf(entry.published) ?? updated,
    updated,
    title: entry.title?.value ?? null,
    link,
    summary: entry.summary?.value ?? null,
    content: entry.content?.value ?? null,
    authors: namesOf(entry.authors ?? []),
    categories: present((entry.categories ?? []).map(({ label, term }) => label ?? term)),
    enclosure: links.find(({ rel }) => rel === 'enclosure')?.href ?? null,
  };
}

function namesOf(authors: readonly (string | { name?: string; email?: string })[]): string[] {
  return present(authors.map((author) => (typeof author === 'string' ? author : (author.name ?? author.email))));
}

function present(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.filter((text) => text !== undefined))];
}

/** Reads RFC 822 and ISO 8601; null for any other text. */
function timeOf(text: unknown): string | null {
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function urlOrNull(text: string | undefined): string | null {
  return text !== undefined && URL.canParse(text) ? text : null;
}

/** An entry of RSS 0.9 to 2.0, RDF or Atom. A field that the source leaves out is null, or an empty list. */
export interface RssEntry {
  /** The `guid` of RSS, the `id` of Atom or the `about` of RDF; else the link. */
  id: string | null;
  /** When the entry was published, or else updated: ISO 8601, UTC. */
  time: string | null;
  /** ISO 8601, UTC. */
  updated: string | null;
  title: string | null;
  link: string | null;
  /** As the source writes it, often in HTML. */
  summary: string | null;
  /** The whole text, where the source has it beside a summary. */
  content: string | null;
  authors: string[];
  categories: string[];
  /** URL of the first enclosure: an image, or an episode. */
  enclosure: string | null;
}
