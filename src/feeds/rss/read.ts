/** Reads the entries of RSS, RDF and Atom in one shape. */
import { TidegateError } from '../../base/errors.ts';
import { atomEntry } from './atom-entry.ts';
import type { RssEntry } from './entry.ts';
import { elementFields, type KeyOf } from './fields.ts';
import { resolved } from './links.ts';
import { rssEntry } from './rss-entry.ts';
import { createElementKeys } from './spaces.ts';
import { anyItemWithin, isItemInComment, passOver } from './swallowed.ts';
import { elementText } from './text.ts';
import { readTree, type XmlElement } from './tree.ts';
import { unreadable } from './unreadable.ts';

const ROOTS = new Set(['rss', 'rdf', 'channel', 'feed', 'entry']);
const DOCUMENT_START = /<\?xml\s|<!doctype\s+(?!html)|<(?:[\w-]+:)?(?:rss|rdf|channel|feed|entry)[\s>]/gi;
/** Those of the document's own vocabulary, and such as an RSS channel has of Atom. */
const ITEMS = new Set(['item', 'entry', 'atom:entry', 'rss:item']);
/** Fields whose text may be markup that the source did not escape. */
const WITH_MARKUP =
  /^(?:(?:\w+:)?(?:title|description|summary)|(?:atom:)?content|subtitle|rights|(?:content:)?encoded|xhtml:\w+)$/;

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
  const isHidden = items.length === 0 && (hidesItem(root, keyOf) || isItemInComment(text));
  const hidden = isHidden ? anyItemWithin(text) : null;
  if (hidden !== null) throw unreadable('has items in nothing but texts and comments', text, hidden);
  const isAtom = root.name === 'feed' || root.name === 'entry';
  const site = isAtom ? null : around.first((link) => resolved(elementText(link), link.base), 'link');
  if (site !== null && URL.canParse(site)) for (const item of items) rebase(item, url, site);
  return items.map((item) => {
    const isForeign = keyOf(item).includes(':');
    const readEntry = (isForeign ? item.name === 'entry' : isAtom) ? atomEntry : rssEntry;
    return readEntry(item, around, isForeign ? createElementKeys(item) : keyOf);
  });
}

/** RSS means links that are relative to its site, which may be at another host than the document. */
function rebase(element: XmlElement, from: string | null, to: string): void {
  if (element.base === from) element.base = to;
  for (const part of element.content) if (typeof part !== 'string') rebase(part, from, to);
}

/** Some servers write notices before the document, in HTML. Their lines still count. */
function withoutPreface(text: string): string {
  const start = startOf(text);
  return start > 0 ? text.slice(0, start).replace(/[^\n]+/g, '') + text.slice(start) : text;
}

/** Where the document begins, outside of comments; -1 where it does not. */
function startOf(text: string): number {
  let start = -1;
  for (let at = 0; ;) {
    if (start < at) {
      DOCUMENT_START.lastIndex = at;
      start = DOCUMENT_START.exec(text)?.index ?? -1;
    }
    const comment = text.indexOf('<!--', at);
    const end = comment === -1 ? -1 : text.indexOf('-->', comment + 4);
    const isReached = start === -1 || end === -1 || start < comment;
    passOver('a preface', text, at, isReached ? Math.max(start, at) : comment);
    if (isReached) return start;
    passOver('a comment', text, comment, end + 3);
    at = end + 3;
  }
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

/** Whether an element holds an item that is none of its document, or is text. A field of text may speak of items. */
function hidesItem({ content }: XmlElement, keyOf: KeyOf): boolean {
  return content.some((part) => {
    if (typeof part === 'string') return anyItemWithin(part) !== null;
    return part.name === 'item' || part.name === 'entry' || (!WITH_MARKUP.test(keyOf(part)) && hidesItem(part, keyOf));
  });
}

function noFeed(found: string): TidegateError {
  return new TidegateError('upstream', `the document is ${found}`, { field: 'format', expected: 'RSS, RDF or Atom' });
}
