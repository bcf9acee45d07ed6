/** Reads the entries of RSS, RDF and Atom in one shape. */
import { TidegateError } from '../../base/errors.ts';
import { atomEntry } from './atom-entry.ts';
import type { RssEntry } from './entry.ts';
import { elementFields, type KeyOf } from './fields.ts';
import { resolved } from './links.ts';
import { rssEntry } from './rss-entry.ts';
import { createElementKeys } from './spaces.ts';
import { elementText } from './text.ts';
import { readTree, type XmlElement } from './tree.ts';

const ROOTS = new Set(['rss', 'rdf', 'channel', 'feed', 'entry']);
const DOCUMENT_START = /<\?xml\s|<!doctype\s+(?!html)|<(?:[\w-]+:)?(?:rss|rdf|channel|feed|entry)[\s>]/i;
const ITEMS = new Set(['item', 'entry']);
/** Fields whose text may be markup that the source did not escape. */
const WITH_MARKUP =
  /^(?:(?:\w+:)?(?:title|description|summary)|content|subtitle|rights|(?:content:)?encoded|xhtml:\w+)$/;

/**
 * @param url that of the document. Links are relative to it where the document says nothing else.
 * @throws TidegateError `upstream`, with the line where one is to blame
 */
export function readRss(text: string, url: string | null = null): RssEntry[] {
  if (/^\s*[{[]/.test(text)) throw noFeed('JSON. For a JSON Feed declare no format, and items: items');
  const root = readTree(withoutPreface(text), url, (element) => {
    if (!ROOTS.has(element.name)) throw noFeed(`<${element.tag}>`);
    const keyOf = createElementKeys(element);
    return { isItem: (one) => ITEMS.has(keyOf(one)), hasMarkup: (one) => WITH_MARKUP.test(keyOf(one)) };
  });
  if (root === null) throw noFeed('text');
  const keyOf = createElementKeys(root);
  // Read once, because all items stand in it.
  const around = elementFields(channelOf(root, keyOf), keyOf);
  const items = itemsOf(root, keyOf);
  if (root.name === 'feed' || root.name === 'entry') return items.map((entry) => atomEntry(entry, around, keyOf));
  const site = around.first((link) => resolved(elementText(link), link.base), 'link');
  if (site !== null && URL.canParse(site)) for (const item of items) rebase(item, url, site);
  return items.map((item) => rssEntry(item, around, keyOf));
}

/** RSS means links that are relative to its site, which may be at another host than the document. */
function rebase(element: XmlElement, from: string | null, to: string): void {
  if (element.base === from) element.base = to;
  for (const part of element.content) if (typeof part !== 'string') rebase(part, from, to);
}

/** Some servers write notices before the document, in HTML. Their lines still count. */
function withoutPreface(text: string): string {
  const start = text.search(DOCUMENT_START);
  return start > 0 ? text.slice(0, start).replace(/[^\n]+/g, '') + text.slice(start) : text;
}

/** The element whose fields are the feed's own. */
function channelOf(root: XmlElement, keyOf: KeyOf): XmlElement {
  return elementFields(root, keyOf).all('channel')[0] ?? root;
}

/** In the order of the document, wherever they stand: some sources put them behind the channel. */
function itemsOf(element: XmlElement, keyOf: KeyOf): XmlElement[] {
  if (ITEMS.has(keyOf(element))) return [element];
  return element.content.flatMap((part) => (typeof part === 'string' ? [] : itemsOf(part, keyOf)));
}

function noFeed(found: string): TidegateError {
  return new TidegateError('upstream', `the document is ${found}`, { field: 'format', expected: 'RSS, RDF or Atom' });
}
