/** What links are relative to: bases within each other, the site, the URL of the document. */
import { describe, expect, it } from 'vitest';
import { readRss } from '../../../src/feeds/rss/read.ts';
import { withAbsoluteLinks } from '../../../src/feeds/rss/links.ts';

const URL_OF_FEED = 'https://feeds.example.org/all/feed.xml';

const entry = (attributes: string, link: string) =>
  readRss(
    `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/b/"><entry ${attributes}>${link}</entry></feed>`,
    URL_OF_FEED,
  )[0]?.link;

const links = (site: string, base = '') =>
  readRss(
    `<rss><channel ${base}><item><link>/1</link><enclosure url="2.mp3"/><description>&lt;img src="i.png"&gt;</description></item>${site}</channel></rss>`,
    URL_OF_FEED,
  ).map(({ link, enclosure, summary }) => [link, enclosure, summary])[0];

describe('links of Atom', () => {
  it.each([
    ['', '<link href="x/1"/>', 'https://feeds.example.org/b/x/1'],
    ['xml:base="c/"', '<link href="x"/>', 'https://feeds.example.org/b/c/x'],
    ['xml:base="https://other.example.org/d/"', '<link xml:base="e/" href="x"/>', 'https://other.example.org/d/e/x'],
    ['', '<link href=" https://example.org "/>', 'https://example.org'],
    ['', '<link href="//example.org/x"/>', 'https://example.org/x'],
    ['xml:base="javascript:alert(1)"', '<link href="x"/>', 'x'],
    ['', '<link href=""/>', null],
    ['xml:base="When/2013/08/"', '<link href="Title"/>', 'https://feeds.example.org/b/When/2013/08/Title'],
  ])('%s %s', (attributes, link, expected) => {
    expect(entry(attributes, link)).toBe(expected);
  });
});

describe('links of RSS', () => {
  it('are relative to the site', () => {
    expect(links('<link>https://www.example.org/blog/</link>')).toEqual([
      'https://www.example.org/1',
      'https://www.example.org/blog/2.mp3',
      '<img src="https://www.example.org/blog/i.png">',
    ]);
  });

  it('are relative to the document where no site is named', () => {
    expect(links('')?.slice(0, 2)).toEqual(['https://feeds.example.org/1', 'https://feeds.example.org/all/2.mp3']);
  });

  it('are relative to a base that is declared, whatever the site is', () => {
    const [link] = links('<link>https://www.example.org/</link>', 'xml:base="https://base.example.org/"') ?? [];
    expect(link).toBe('https://base.example.org/1');
  });

  it('stay as they are where nothing is known', () => {
    expect(readRss('<rss><channel><item><link>/1</link></item></channel></rss>')).toMatchObject([{ link: '/1' }]);
  });
});

describe('links in markup', () => {
  const BASE = 'https://example.org/a/';

  it.each([
    ['<a href="b?x=1&amp;y=2">b</a>', '<a href="https://example.org/a/b?x=1&amp;y=2">b</a>'],
    ["<IMG alt='>' SRC=/c.png>", '<IMG alt=\'>\' SRC="https://example.org/c.png">'],
    ['<a href="#top" title="href=x">', '<a href="#top" title="href=x">'],
    ['<a href="mailto:a@example.org">', '<a href="mailto:a@example.org">'],
    ['a < b href="x" > c', 'a < b href="x" > c'],
    ['<a href="x', '<a href="x'],
  ])('%s', (html, expected) => {
    expect(withAbsoluteLinks(html, BASE)).toBe(expected);
  });

  it('are found in linear time', () => {
    for (const piece of ['<a ', '<a href="', "<a '", '<a b=']) {
      expect(withAbsoluteLinks(piece.repeat(300_000), BASE)).toHaveLength(piece.length * 300_000);
    }
    for (const tag of [`<a ${'b'.repeat(1_000_000)}>`, `<a b${' '.repeat(1_000_000)}>`])
      expect(withAbsoluteLinks(tag, BASE)).toBe(tag);
  }, 20_000);

  it('are absolute in XHTML', () => {
    const content = '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><a href="b">b</a></div></content>';
    const text = `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="${BASE}"><entry>${content}</entry></feed>`;
    expect(readRss(text)).toMatchObject([{ content: '<a href="https://example.org/a/b">b</a>' }]);
  });
});
