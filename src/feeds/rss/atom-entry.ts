/** An entry of Atom 1.0 or 0.3, with what Dublin Core, iTunes and Media RSS say in it. Pure. */
import { authorsOf } from './authors.ts';
import type { RssEntry } from './entry.ts';
import { distinct, elementFields, type Fields, type KeyOf, linkIn, entryTime } from './fields.ts';
import { alternateLink, labelsOf, mediaText, mediaUrl } from './rss-entry.ts';
import { atomText, attributeOf, htmlOf, elementText } from './text.ts';
import type { XmlElement } from './tree.ts';

export function atomEntry(entry: XmlElement, feed: Fields, keyOf: KeyOf): RssEntry {
  const fields = elementFields(entry, keyOf);
  const sources = fields.all('source').map((source) => elementFields(source, keyOf));
  const media = fields.all('media:group').map((group) => elementFields(group, keyOf));
  const link = fields.first(alternateLink, 'link');
  const updated = fields.text('updated', 'modified', 'dcterms:modified');
  return {
    id: fields.text('id') ?? link,
    time: entryTime(fields.text('published', 'issued', 'created', 'dc:date', 'dcterms:created'), updated),
    updated: entryTime(updated),
    title: fields.first(atomText, 'title') ?? mediaText('title', fields, media),
    link,
    summary:
      fields.first(atomText, 'summary') ??
      fields.first(htmlOf, 'itunes:summary') ??
      mediaText('description', fields, media),
    content: fields.first(atomText, 'content'),
    authors: authorsOf(keyOf, fields, ...sources, feed),
    categories: distinct([
      ...fields.all('category', 'itunes:category', 'media:category').flatMap((category) => labelsOf(category, keyOf)),
      ...fields.all('dc:subject').map(elementText),
    ]),
    enclosure: fields.first(enclosureLink, 'link') ?? mediaUrl(fields, media),
  };
}

function enclosureLink(element: XmlElement): string | null {
  return attributeOf(element, 'rel')?.toLowerCase() === 'enclosure' ? linkIn(element, 'href') : null;
}
