/** RSS and Atom as the format of an HTTP feed. They are read by rss-parser.ts, which is loaded with the first burst that needs it. */
import type { DocumentFormat } from './format.ts';

/** Reading an XML document takes many times its size in memory, and about a second for this many bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * RSS, RDF and Atom: each entry is an item, in the shape of `RssEntry`. A document with a document type is refused: it
 * may declare entities that unfold without end.
 */
export function rss(): DocumentFormat {
  return {
    kind: 'format',
    name: 'RSS or Atom',
    accept: 'application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1',
    refuses: /\b(?:json|csv|event-stream)\b/,
    maxBytes: MOST_BYTES,
    reads: 'document',
    problems: () => [],
    async load() {
      const { readRss } = await import('./rss-parser.ts');
      return readRss;
    },
  };
}
