/** An item of RSS, RDF or CDF, with what Dublin Core, Atom, iTunes and Media RSS say in it. Pure. */
import { authorsOf } from './authors.ts';
import type { RssEntry } from './entry.ts';
import { distinct, type Fields, elementFields, type KeyOf, linkIn, entryTime } from './fields.ts';
import { resolved } from './links.ts';
import { atomText, attributeOf, htmlOf, elementText } from './text.ts';
import type { XmlElement } from './tree.ts';

export function rssEntry(item: XmlElement, channel: Fields, keyOf: KeyOf): RssEntry {
  const fields = elementFields(item, keyOf);
  const [shorter, longer] = textsOf(item, keyOf);
  const media = fields.all('media:group').map((group) => elementFields(group, keyOf));
  const about = attributeOf(item, 'rdf:about') ?? attributeOf(item, 'about');
  const link =
    fields.first((element) => resolved(elementText(element), element.base) ?? linkIn(element, 'href'), 'link') ??
    fields.first(alternateLink, 'atom:link') ??
    fields.first(permanentLink, 'guid') ??
    linkIn(item, 'href') ??
    (about !== null && URL.canParse(about) ? about : null);
  const published = fields.text('pubdate', 'dcterms:issued', 'dcterms:created', 'atom:published');
  const updated = fields.text('atom:updated', 'dcterms:modified', 'dc:date') ?? attributeOf(item, 'lastmod');
  return {
    id: fields.text('guid', 'atom:id') ?? about ?? link,
    time: entryTime(published, fields.text('dc:date'), updated),
    updated: entryTime(updated),
    title: fields.first(htmlOf, 'title') ?? fields.first(atomText, 'atom:title') ?? mediaText('title', fields, media),
    link,
    summary:
      fields.first(htmlOf, shorter, longer, 'abstract', 'dc:description') ??
      fields.first(atomText, 'atom:summary') ??
      fields.first(htmlOf, 'itunes:summary') ??
      mediaText('description', fields, media),
    content:
      fields.first(htmlOf, 'content:encoded', 'encoded', 'fullitem', 'xhtml:body', 'body') ??
      fields.first(atomText, 'atom:content') ??
      (fields.all(shorter).length > 0 ? fields.first(htmlOf, longer) : null),
    authors: authorsOf(keyOf, fields, channel),
    categories: distinct([
      ...fields.all('category').map(elementText),
      ...(fields.text('itunes:keywords') ?? '').split(',').map((word) => word.trim()),
      ...fields.all('dc:subject').map(elementText),
      ...fields
        .all('atom:category', 'itunes:category', 'media:category')
        .flatMap((category) => labelsOf(category, keyOf)),
    ]),
    enclosure: fields.first((element) => linkIn(element, 'url'), 'enclosure') ?? mediaUrl(fields, media),
  };
}

/** The two texts that an item may have, in their order. Where a source has both, the first is the shorter one. */
function textsOf(item: XmlElement, keyOf: KeyOf): [shorter: string, longer: string] {
  for (const part of item.content) {
    const key = typeof part === 'string' ? '' : keyOf(part);
    if (key === 'summary') return ['summary', 'description'];
    if (key === 'description') break;
  }
  return ['description', 'summary'];
}

/** A category and those within it. */
export function labelsOf(category: XmlElement, keyOf: KeyOf): string[] {
  const own = attributeOf(category, 'label') ?? attributeOf(category, 'term') ?? attributeOf(category, 'text');
  const within = elementFields(category, keyOf).all(keyOf(category));
  return [own ?? elementText(category), ...within.flatMap((inner) => labelsOf(inner, keyOf))];
}

export function alternateLink(element: XmlElement): string | null {
  const rel = attributeOf(element, 'rel')?.toLowerCase() ?? 'alternate';
  return rel === 'alternate' ? linkIn(element, 'href') : null;
}

/** A text that Dublin Core or Media RSS has, where nothing else has it. */
export function mediaText(name: 'title' | 'description', fields: Fields, media: readonly Fields[]): string | null {
  for (const one of [fields, ...media]) {
    const found = one.text(`dc:${name}`, `media:${name}`);
    if (found !== null) return found;
  }
  return null;
}

export function mediaUrl(fields: Fields, media: readonly Fields[]): string | null {
  for (const one of [fields, ...media]) {
    const found = one.first((element) => linkIn(element, 'url'), 'media:content');
    if (found !== null) return found;
  }
  return null;
}

/** A guid is a link unless it says that it is none. */
function permanentLink(guid: XmlElement): string | null {
  const says = attributeOf(guid, 'ispermalink')?.toLowerCase();
  const written = elementText(guid);
  if (says === 'false') return null;
  if (/^https?:/i.test(written)) return written;
  return says === undefined ? null : resolved(written, guid.base);
}
