/** RSS and Atom as the format of an HTTP feed. They are read by `feeds/rss`, which is loaded with the first burst that needs it. */
import { specProblems } from '../../../declare/spec/problems.ts';
import type { DocumentFormat } from '../format.ts';
import { type RssOptions, rssSpec } from './rss-options.ts';

/** Reading an XML document takes many times its size in memory. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * RSS, RDF and Atom: each entry is an item, in the shape of `RssEntry`. Links are absolute, also in markup. An item that
 * lacks its end is read. Any other tag that does, and a document that is cut off or declares entities of its own, is an
 * error with its line.
 */
export function rss(options: RssOptions = {}): DocumentFormat {
  return {
    kind: 'format',
    name: 'RSS or Atom',
    accept: 'application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1',
    refuses: /\b(?:json|csv|event-stream)\b/,
    maxBytes: MOST_BYTES,
    options,
    reads: 'document',
    problems: () => specProblems(rssSpec, options),
    async load() {
      const { readRss } = await import('../../rss/read.ts');
      const { decodeXml } = await import('../../rss/charset.ts');
      return (bytes, { url, charset }) =>
        readRss(decodeXml(bytes, { declared: options.charset ?? null, answered: charset }), url);
    },
  };
}
