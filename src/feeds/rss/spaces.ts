/** The vocabularies that feeds mix, told apart by namespace and not by prefix. Data alone. */
import type { XmlElement } from './tree.ts';

/** Namespaces in lower case, and the usual prefixes, for sources that declare none. */
const VOCABULARIES: ReadonlyMap<string, string> = new Map([
  ['', 'rss'],
  ['rss', 'rss'],
  ['http://purl.org/rss/1.0/', 'rss'],
  ['http://purl.org/net/rss1.1#', 'rss'],
  ['http://my.netscape.com/rdf/simple/0.9/', 'rss'],
  ['http://channel.netscape.com/rdf/simple/0.9/', 'rss'],
  ['http://backend.userland.com/rss', 'rss'],
  ['http://backend.userland.com/rss2', 'rss'],
  ['http://backend.userland.com/rss091', 'rss'],
  ['http://blogs.law.harvard.edu/tech/rss', 'rss'],
  ['http://www.w3.org/1999/02/22-rdf-syntax-ns#', 'rdf'],
  ['rdf', 'rdf'],
  ['http://www.w3.org/2005/atom', 'atom'],
  ['http://purl.org/atom/ns#', 'atom'],
  ['atom', 'atom'],
  ['atom10', 'atom'],
  ['a10', 'atom'],
  ['http://purl.org/dc/elements/1.0/', 'dc'],
  ['http://purl.org/dc/elements/1.1/', 'dc'],
  ['dc', 'dc'],
  ['http://purl.org/dc/terms/', 'dcterms'],
  ['dcterms', 'dcterms'],
  ['http://purl.org/rss/1.0/modules/content/', 'content'],
  ['content', 'content'],
  ['http://www.itunes.com/dtds/podcast-1.0.dtd', 'itunes'],
  ['itunes', 'itunes'],
  ['http://search.yahoo.com/mrss', 'media'],
  ['http://search.yahoo.com/mrss/', 'media'],
  ['media', 'media'],
  ['http://www.w3.org/1999/xhtml', 'xhtml'],
  ['xhtml', 'xhtml'],
]);

/**
 * Answers the key of an element: its name where it belongs to the document's own vocabulary (`title`), else the vocabulary
 * before the name (`dc:creator`). The own one is that of the root, and any that has no prefix and that nobody knows.
 */
export function createElementKeys(root: XmlElement): (element: XmlElement) => string {
  const own = root.name === 'feed' || root.name === 'entry' ? 'atom' : 'rss';
  return ({ space, name, tag }) => {
    if (space === root.space || space === '') return name;
    const vocabulary = VOCABULARIES.get(space.toLowerCase()) ?? (tag.includes(':') ? space : own);
    return vocabulary === own ? name : `${vocabulary}:${name}`;
  };
}
