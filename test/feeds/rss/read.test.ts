/** Entries of each kind of feed, in one shape, and the vocabularies that feeds mix. */
import { describe, expect, it } from 'vitest';
import { readRss } from '../../../src/feeds/rss/read.ts';
import type { RssEntry } from '../../../src/feeds/rss/entry.ts';

const DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"';
const channel = (items: string, head = '') =>
  `<?xml version="1.0"?>${head}<rss version="2.0" ${DC} xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:a="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>T</title><link>https://example.org/</link><description>d</description>${items}</channel></rss>`;
const feed = (entries: string, attributes = '') =>
  `<feed xmlns="http://www.w3.org/2005/Atom" ${attributes}>${entries}</feed>`;
const NOTHING: RssEntry = {
  id: null,
  time: null,
  updated: null,
  title: null,
  link: null,
  summary: null,
  content: null,
  authors: [],
  categories: [],
  enclosure: null,
};

describe('RSS', () => {
  it('has its fields in one shape', () => {
    const item = `<item><title>A &amp; B</title><link>https://example.org/1</link><guid isPermaLink="false">g1</guid>
      <pubDate>Fri, 20 Nov 2026 13:00:00 +0100</pubDate><description><![CDATA[<p>hi <!DOCTYPE x></p>]]></description>
      <category>c1</category><category>c2</category><dc:creator>me</dc:creator><content:encoded>all</content:encoded>
      <enclosure url="https://example.org/1.mp3" length="7" type="audio/mpeg"/></item>`;
    expect(readRss(channel(item))).toEqual([
      {
        id: 'g1',
        time: '2026-11-20T12:00:00.000Z',
        updated: null,
        title: 'A & B',
        link: 'https://example.org/1',
        summary: '<p>hi <!DOCTYPE x></p>',
        content: 'all',
        authors: ['me'],
        categories: ['c1', 'c2'],
        enclosure: 'https://example.org/1.mp3',
      },
    ]);
  });

  it.each<[string, Partial<RssEntry>]>([
    ['<guid>https://example.org/p</guid>', { id: 'https://example.org/p', link: 'https://example.org/p' }],
    ['<guid isPermaLink="true">/p</guid>', { id: '/p', link: 'https://example.org/p' }],
    ['<guid isPermaLink="false">https://example.org/p</guid>', { id: 'https://example.org/p' }],
    ['<guid>4711</guid>', { id: '4711' }],
    ['<link>https://example.org/1</link>', { id: 'https://example.org/1', link: 'https://example.org/1' }],
    ['<guid>7</guid><enclosure url="https://example.org/e.mp3"/>', { id: '7', enclosure: 'https://example.org/e.mp3' }],
    [
      '<guid>7</guid><media:group><media:content url="/e.mp4"/></media:group>',
      { id: '7', enclosure: 'https://example.org/e.mp4' },
    ],
    ['<title>only</title><pubDate>soon</pubDate>', { title: 'only', time: 'soon' }],
    ['<title>  a\n</title>', { title: 'a' }],
    ['<title>1 < 2 & 3 &copy; &unknown; &#8217;</title>', { title: '1 < 2 & 3 © &unknown; ’' }],
    ['<description>a<br>b <b>c</description>', { summary: 'a<br />b <b>c</b>' }],
    ['<description>x</description><a:summary>y</a:summary>', { summary: 'x' }],
    ['<summary>x</summary><description>y</description>', { summary: 'x', content: 'y' }],
    ['<description>x</description><summary>y</summary>', { summary: 'x', content: 'y' }],
    ['<itunes:summary>y</itunes:summary>', { summary: 'y' }],
    [
      '<itunes:category text="c"><itunes:category text="d"/></itunes:category><itunes:keywords>e, f</itunes:keywords>',
      { categories: ['e', 'f', 'c', 'd'] },
    ],
    [
      '<guid>7</guid><a:link href="/1"/><a:link rel="enclosure" href="/2"/>',
      { id: '7', link: 'https://example.org/1' },
    ],
    [
      '<a:id>urn:1</a:id><a:title type="html">&lt;b&gt;</a:title><a:updated>2026-11-20T12:00:00Z</a:updated>',
      { id: 'urn:1', title: '<b>', time: '2026-11-20T12:00:00.000Z', updated: '2026-11-20T12:00:00.000Z' },
    ],
    ['<PubDate>Fri, 20 Nov 2026 12:00:00 GMT</pubdate>', { time: '2026-11-20T12:00:00.000Z' }],
    ['<pubDate>dom, 02 ott 2022 10:00:00</pubDate>', { time: 'dom, 02 ott 2022 10:00:00' }],
    [
      '<pubDate>Fri, 20 Nov 2026 12:00:00 IST</pubDate><dc:date>2026-11-20T12:00:00Z</dc:date>',
      { time: '2026-11-20T12:00:00.000Z', updated: '2026-11-20T12:00:00.000Z' },
    ],
  ])('reads %s', (item, expected) => {
    expect(readRss(channel(`<item>${item}</item>`))).toEqual([{ ...NOTHING, ...expected }]);
  });

  it.each([
    ['<author>me@example.org (Ann)</author>', ['Ann']],
    ['<author>Ann &lt;me@example.org&gt;</author>', ['Ann']],
    ['<author>me@example.org</author>', ['me@example.org']],
    ['<author>Ann (of the press)</author>', ['Ann (of the press)']],
    ['<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator>', ['Ann', 'Bob']],
    ['<a:author><a:name>Ann</a:name></a:author>', ['Ann']],
    ['<itunes:author>Ann</itunes:author>', ['Ann']],
    ['<title>x</title>', ['Ed']],
  ])('has the authors of %s', (item, authors) => {
    const [entry] = readRss(channel(`<managingEditor>ed@example.org (Ed)</managingEditor><item>${item}</item>`));
    expect(entry?.authors).toEqual(authors);
  });

  it('may have no item', () => {
    expect(readRss(channel(''))).toEqual([]);
  });

  it('is told by its namespace, whatever the prefix', () => {
    const items = '<n:item><n:title>x</n:title><d:creator>Ann</d:creator></n:item>';
    const text = `<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:n="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/">${items}</r:RDF>`;
    expect(readRss(text)).toEqual([{ ...NOTHING, title: 'x', authors: ['Ann'] }]);
  });

  it('is told by its usual prefixes where they are declared nowhere', () => {
    const text = '<rss><channel><item><guid>1</guid><dc:creator>Ann</dc:creator></item></channel></rss>';
    expect(readRss(text)).toMatchObject([{ id: '1', authors: ['Ann'] }]);
  });

  it('may have a namespace that nobody knows', () => {
    const text = '<rss xmlns="urn:own"><channel xmlns="urn:other"><item><guid>1</guid></item></channel></rss>';
    expect(readRss(text)).toMatchObject([{ id: '1' }]);
  });

  it('RDF is RSS', () => {
    const text = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" ${DC}><channel rdf:about="https://example.org/"><title>T</title><link>https://example.org/</link></channel><item rdf:about="https://example.org/1"><title>x</title><link>https://example.org/1</link><dc:date>2026-11-20T12:00:00Z</dc:date></item></rdf:RDF>`;
    const time = '2026-11-20T12:00:00.000Z';
    const link = 'https://example.org/1';
    expect(readRss(text)).toEqual([{ ...NOTHING, id: link, link, title: 'x', time, updated: time }]);
  });
});

describe('Atom', () => {
  it('has the same shape', () => {
    const entry = `<entry><id>urn:1</id><title type="html">x</title><link rel="self" href="https://example.org/s"/>
      <link href="https://example.org/1"/><link rel="enclosure" href="https://example.org/e"/>
      <updated>2026-11-20T12:00:00Z</updated><published>2026-11-19T12:00:00+01:00</published><summary>s</summary>
      <author><name>N</name></author><category term="t" label="L"/></entry><entry><id>urn:2</id><updated>2026-11-20T12:00:00Z</updated></entry>`;
    expect(readRss(`${feed(entry)}\n<!-- made by hand -->`)).toEqual([
      {
        ...NOTHING,
        id: 'urn:1',
        time: '2026-11-19T11:00:00.000Z',
        updated: '2026-11-20T12:00:00.000Z',
        title: 'x',
        link: 'https://example.org/1',
        summary: 's',
        authors: ['N'],
        categories: ['L'],
        enclosure: 'https://example.org/e',
      },
      { ...NOTHING, id: 'urn:2', time: '2026-11-20T12:00:00.000Z', updated: '2026-11-20T12:00:00.000Z' },
    ]);
  });

  it.each<[string, Partial<RssEntry>]>([
    ['<title type="text">1 &lt; 2</title>', { title: '1 < 2' }],
    ['<title type="html">&lt;b&gt;x&lt;/b&gt;</title>', { title: '<b>x</b>' }],
    [
      '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <b>x</b> &amp; y</div></title>',
      { title: 'A <b>x</b> &amp; y' },
    ],
    [
      '<content type="xhtml"><x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:p>a<x:br/></x:p></x:div></content>',
      { content: '<p>a<br /></p>' },
    ],
    ['<content type="application/octet-stream">aGVsbG8=</content>', { content: 'hello' }],
    ['<content type="image/png">no base64</content>', { content: 'no base64' }],
    ['<content type="video/mp4" src="https://example.org/v.mp4"/>', {}],
    ['<link rel="related" href="/r"/><link rel="enclosure" href="/e"/>', { enclosure: '/e' }],
    [
      '<author><name>Ann</name></author><author><email>b@example.org</email></author>',
      { authors: ['Ann', 'b@example.org'] },
    ],
  ])('reads %s', (fields, expected) => {
    expect(readRss(feed(`<entry>${fields}</entry>`))).toEqual([{ ...NOTHING, ...expected }]);
  });

  it('0.3 has other names for its times, and the authors of the feed where an entry has none', () => {
    const entry = '<entry><issued>2026-11-19T12:00:00Z</issued><modified>2026-11-20T12:00:00Z</modified></entry>';
    const text = `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><author><name>Ann</name></author>${entry}</feed>`;
    expect(readRss(text)).toEqual([
      { ...NOTHING, time: '2026-11-19T12:00:00.000Z', updated: '2026-11-20T12:00:00.000Z', authors: ['Ann'] },
    ]);
  });

  it('an entry from another feed has the authors of that one', () => {
    const entry =
      '<entry><id>1</id><source><author><name>Bob</name></author></source></entry><entry><id>2</id></entry>';
    const entries = readRss(feed(`${entry}<author><name>Ann</name></author>`));
    expect(entries.map(({ authors }) => authors)).toEqual([['Bob'], ['Ann']]);
  });

  it('may be one entry', () => {
    expect(readRss('<entry xmlns="http://www.w3.org/2005/Atom"><id>1</id></entry>')).toMatchObject([{ id: '1' }]);
  });
});
