import { describe, expect, it } from 'vitest';
import { readRss } from '../../../src/feeds/http/rss-parser.ts';

const channel = (items: string, head = '') =>
  `<?xml version="1.0"?>${head}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title><link>https://example.org/</link><description>d</description>${items}</channel></rss>`;
const NOTHING = {
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

  it.each([
    ['<guid>https://example.org/p</guid>', { id: 'https://example.org/p', link: 'https://example.org/p' }],
    ['<link>https://example.org/1</link>', { id: 'https://example.org/1', link: 'https://example.org/1' }],
    ['<title>only</title><pubDate>soon</pubDate>', { title: 'only' }],
  ])('has an id as far as it can: %s', (item, expected) => {
    expect(readRss(channel(`<item>${item}</item>`))).toEqual([{ ...NOTHING, ...expected }]);
  });

  it('may have no item', () => {
    expect(readRss(channel(''))).toEqual([]);
  });
});

it('Atom has the same shape', () => {
  const entry = `<entry><id>urn:1</id><title type="html">x</title><link rel="self" href="https://example.org/s"/>
    <link href="https://example.org/1"/><link rel="enclosure" href="https://example.org/e"/>
    <updated>2026-11-20T12:00:00Z</updated><published>2026-11-19T12:00:00+01:00</published><summary>s</summary>
    <author><name>N</name></author><category term="t" label="L"/></entry><entry><id>urn:2</id><updated>2026-11-20T12:00:00Z</updated></entry>`;
  const text = `<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>u</id><updated>2026-11-20T12:00:00Z</updated>${entry}</feed>\n<!-- made by hand -->`;
  expect(readRss(text)).toEqual([
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

it('RDF has it too', () => {
  const text = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.org/"><title>T</title><link>https://example.org/</link></channel><item rdf:about="https://example.org/1"><title>x</title><link>https://example.org/1</link><dc:date>2026-11-20T12:00:00Z</dc:date></item></rdf:RDF>`;
  expect(readRss(text)).toEqual([
    {
      ...NOTHING,
      id: 'https://example.org/1',
      link: 'https://example.org/1',
      title: 'x',
      time: '2026-11-20T12:00:00.000Z',
    },
  ]);
});

describe('a document that is refused', () => {
  const bomb = `<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "${'&a;'.repeat(10)}"><!ENTITY c "${'&b;'.repeat(10)}">]>`;

  it.each([
    ['entities that unfold', channel('<item><title>&c;</title></item>', bomb), 'document type'],
    ['an external document type', channel('', '<!DOCTYPE rss SYSTEM "https://example.org/rss.dtd">'), 'document type'],
    ['a document type behind a comment', channel('', '<!-- x --><!doctype rss>'), 'document type'],
    ['half of it', channel('<item><title>x</title></item>').slice(0, -30), 'cut off'],
    ['half of a comment', `${channel('')}<!-- x`, 'cut off'],
    ['half of CDATA', '<rss version="2.0"><channel><item><title><![CDATA[x', 'cut off'],
    ['another root', '<svg></svg>', 'no feed'],
    ['HTML', '<html><body>Sorry</body></html>', 'no feed'],
    ['text', 'hello', 'cannot be read'],
    ['a JSON Feed', '{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[]}', 'JSON Feed'],
  ])('%s', (_what, text, found) => {
    expect(() => readRss(text)).toThrow(
      expect.objectContaining({
        code: 'upstream',
        field: 'format',
        message: expect.stringContaining(found) as string,
      }) as Error,
    );
  });

  it.each([
    ['comments without an end', `<rss>${'<!--'.repeat(500_000)}`],
    ['elements as deep as it goes', channel(`<item>${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}</item>`)],
  ])(
    'in no time: %s',
    (_what, text) => {
      expect(() => readRss(text)).toThrow(expect.objectContaining({ code: 'upstream' }) as Error);
    },
    2_000,
  );
});
