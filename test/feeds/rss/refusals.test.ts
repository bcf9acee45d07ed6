/** Documents that are not well-formed, and such as attack: read where they mean one thing, else refused with their line. */
import { describe, expect, it } from 'vitest';
import { readRss } from '../../../src/feeds/rss/read.ts';

const channel = (items: string, head = '') =>
  `<?xml version="1.0"?>\n${head}<rss version="2.0">\n<channel><title>T</title>\n${items}\n</channel></rss>`;
const idsOf = (text: string) => readRss(text).map(({ id }) => id);

describe('an item without its end', () => {
  const items = [1, 2, 3, 4, 5].map((id) => `<item><title>T${id}</title><guid>${id}</guid></item>`);

  it.each([0, 1, 2, 3, 4])('ends where the next one begins: item %i', (broken) => {
    const text = items.map((item, at) => (at === broken ? item.replace('</item>', '') : item)).join('\n');
    expect(idsOf(channel(text))).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is read however many there are', () => {
    expect(idsOf(channel(items.join('').replaceAll('</item>', '')))).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is refused where a field of it lacks its end too', () => {
    expect(() => readRss(channel(`<item><guid>1\n<item><guid>2</guid></item>`))).toThrow(refused('<guid>', 4));
  });
});

describe('an item that stands where none is read is no item less without an error', () => {
  const two = '<item>\n<guid>2</guid></item>\n<item><guid>3</guid></item>';

  it.each([
    [
      'an attribute without its quote',
      `<item><enclosure url="a/></item>${two}<item><x url=" a="b"/></item>`,
      '<enclosure',
      4,
    ],
    ['an attribute without its apostrophe', `<item><x url='a/></item>${two}<item><x url='' /></item>`, '<x', 4],
    ['a comment that begins twice', `<item><!-- a </item>\n${two}<item><!-- b --></item>`, 'a comment', 5],
    [
      'a comment that begins in one item and ends in the next',
      `<item><!-- a </item>\n<item>--></item>`,
      'a comment',
      5,
    ],
    [
      'CDATA that begins twice',
      `<item><title><![CDATA[a</title></item>\n<item><title><![CDATA[b]]></title></item>`,
      'CDATA',
      5,
    ],
    ['an instruction', `<item><?php </item>\n<item><?php ?></item>`, 'an instruction', 5],
    ['a declaration', `<item><!x \n<item></item>`, 'a declaration', 5],
    ['an end tag', `<item></item\n<item></item>`, 'an end tag', 5],
    ['a description', `<item><description>a\n<item></description></item>${two}`, '<item> within <description>', 5],
    ['a summary, in another case', `<item><summary>a<b>\n<ITEM></summary></ITEM>${two}`, '<ITEM> within <summary>', 5],
    ['the title of the channel', `<title>a\n${two}</title>`, '<item> within <title>', 5],
    ['CDATA alone', `\n<![CDATA[<item></item>]]>`, 'nothing but texts', 5],
    ['a text that was escaped', `\n&lt;item&gt;&lt;/item&gt;`, 'nothing but texts', 5],
    ['a text that was escaped with numbers', `\n&#60;item&#62;`, 'nothing but texts', 5],
    ['a comment alone', `<!--\n<item></item> -->`, 'nothing but texts', 5],
    ['a vocabulary that nobody knows', `<x:item xmlns:x="urn:x"/>`, 'nothing but texts', 4],
  ])('%s', (_what, items, found, line) => {
    expect(() => readRss(channel(items))).toThrow(refused(found, line));
  });

  it('before the document', () => {
    expect(() => readRss(`x\n<item></item>${channel('<item/>')}`)).toThrow(refused('before it|a preface', 2));
    expect(() => readRss(`<!-- a <item/> <!-- b -->${channel('<item/>')}`)).toThrow(refused('a comment', 1));
  });

  it.each([
    [
      'an entry of Atom',
      '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><summary>a\n<entry></summary></entry></feed>',
    ],
    [
      'one of a prefix',
      '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:summary>a\n<a:entry></a:summary></a:entry></a:feed>',
    ],
  ])('%s', (_what, text) => {
    expect(() => readRss(text)).toThrow(refused('entry> within <.*summary>', 2));
  });

  it.each([
    ['a comment without an end in doubt', '<!-- <item><guid>0</guid></item> --><item><guid>1</guid></item>'],
    ['a comment that names it', '<!-- each <item> is a post --><item><guid>1</guid></item>'],
    ['a text that was escaped', '<item><guid>1</guid><description>&lt;item&gt;</description></item>'],
    ['CDATA', '<item><guid>1</guid><description><![CDATA[<item></item>]]></description></item>'],
    [
      'CDATA whose end was split',
      '<item><guid>1</guid><description><![CDATA[<item><![CDATA[x]]]]><![CDATA[></item>]]></description></item>',
    ],
    [
      'CDATA that speaks of an item and of CDATA',
      '<item><guid>1</guid><description><![CDATA[write <item> and <![CDATA[ in it]]></description></item>',
    ],
    ['a name that is longer', '<items><itemx/><item-x/><item><guid>1</guid></item></items>'],
  ])('but is none within %s', (_what, items) => {
    expect(idsOf(channel(items))).toEqual(['1']);
  });
});

it.each([
  ['CDATA', '<![CDATA[each <item> is a post]]>'],
  ['a text that was escaped', 'each &lt;item&gt; is a post, &#60;entry&#62; too'],
])('a channel without items may describe them, in %s', (_what, description) => {
  expect(readRss(channel(`<description>${description}</description>`))).toEqual([]);
  expect(() => readRss(channel(`<description>${description}</description>\n<!-- <item/> -->`))).toThrow(
    refused('nothing but texts', 4),
  );
});

it('an item in the markup of a text is refused with the reason and the way out', () => {
  expect(() => readRss(channel('<item><description>use <item> here</description></item>'))).toThrow(
    /either <description> lacks its end, or its text names a tag that is not escaped \(&lt;item&gt;\) and not in CDATA/,
  );
});

it('a value may hold what is no tag', () => {
  expect(readRss(channel('<item><link href="https://example.org/?a<3&b< c"/></item>'))).toHaveLength(1);
});

it('entries of Atom in an RSS channel are read as such', () => {
  const text = `<rss xmlns:a="http://www.w3.org/2005/Atom"><channel><link>https://example.org</link><item><guid>0</guid></item>
    <a:entry><a:id>1</a:id><a:title>T</a:title><a:updated>2026-01-02T03:04:05Z</a:updated><a:author><a:name>N</a:name></a:author>
    <a:link href="/p"/><a:content type="html">&lt;b&gt;</a:content></a:entry></channel></rss>`;
  expect(readRss(text)).toMatchObject([
    { id: '0' },
    {
      id: '1',
      title: 'T',
      updated: '2026-01-02T03:04:05.000Z',
      authors: ['N'],
      link: 'https://example.org/p',
      content: '<b>',
    },
  ]);
});

it('a comment before the document may name its root', () => {
  const text = channel('<item><guid>1</guid></item>').slice('<?xml version="1.0"?>\n'.length);
  for (const comment of ['<!-- <rss> -->', '<!-- a --><!--\n<rss><channel>-->\n', 'Notice: x\n<!-- <feed> -->'])
    expect(idsOf(comment + text)).toEqual(['1']);
});

it('items that stand behind the channel are read', () => {
  expect(idsOf('<rss><channel></channel><item><guid>1</guid></item></rss>')).toEqual(['1']);
});

it('the very last character may be missing', () => {
  expect(idsOf(channel('<item><guid>1</guid></item>').slice(0, -1))).toEqual(['1']);
});

it('what stands before and behind the document is passed over', () => {
  expect(idsOf(`\n Notice: x\n${channel('<item><guid>1</guid></item>')}\n<!-- cached -->\nbye`)).toEqual(['1']);
  const notice = '<br />\n<b>Deprecated</b>: x<br />\n';
  expect(idsOf(notice + channel('<item><guid>1</guid></item>'))).toEqual(['1']);
  expect(() => readRss(notice + channel('<item><guid>1</item>'))).toThrow(refused('<guid>', 6));
});

it('characters that XML does not have are left out', () => {
  expect(readRss(channel('<item><title>a\u0008b\u001f\uffff<![CDATA[\u000b]]></title></item>'))).toMatchObject([
    { title: 'ab' },
  ]);
});

it('a document type that declares nothing is passed over, and nothing is fetched', () => {
  const types = [
    '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://example.org/rss.dtd">',
    `<!DOCTYPE rss [<!-- it's > --> <!ELEMENT rss (channel)> <!ENTITY % HTMLlat1 PUBLIC "x" "y]>">]>`,
  ];
  for (const type of types) expect(idsOf(channel('<item><guid>1</guid></item>', type))).toEqual(['1']);
});

describe('a document that is refused', () => {
  const bomb = `<!DOCTYPE rss [\n<!ENTITY a "aaaaaaaaaa"><!ENTITY b "${'&a;'.repeat(10)}"><!ENTITY c "${'&b;'.repeat(10)}">]>`;

  it.each([
    ['entities that unfold, without a declaration', `${bomb}<rss>&c;</rss>`, 'entities of its own', 2],
    ['entities that unfold', channel('<item><title>&c;</title></item>', bomb), 'entities of its own', 3],
    [
      'an external entity',
      channel('', '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
      'entities of its own',
      2,
    ],
    ['a document type without an end', channel('', '<!DOCTYPE rss [<!-- x'), 'document type', 2],
    ['a document type within it', channel('<item/><!doctype rss>'), 'document type', 4],
    ['half of it', channel('<item><title>x</title></item>').slice(0, -30), 'cut off', 4],
    ['half of a comment', `${channel('')}\n<!-- x`, 'a comment', 6],
    ['half of CDATA', '<rss version="2.0"><channel><item>\n<title><![CDATA[x', 'CDATA', 2],
    ['half of a tag', '<rss>\n<channel', '<channel', 2],
    ['an instruction without an end', '<?xml version="1.0"', 'instruction', 1],
    ['a tag with an open quote', channel('<item><link href="x></item>'), '<link', 4],
    ['a field without its end', channel('<item>\n<title>x\n<guid>1</guid></item>'), '<title>', 5],
    ['an end of nothing', channel('<title>x</title><guid>1</guid></item>'), '</item>', 4],
    ['two documents', `${channel('')}${channel('')}`, '<rss>', 6],
    ['NUL', channel('<item><title>a\u0000b</title></item>'), 'NUL', 4],
    [
      'elements as deep as it goes',
      channel(`<item>${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}</item>`),
      'within each other',
      4,
    ],
    [
      'namespaces without number',
      `<rss ${Array.from({ length: 300 }, (_, at) => `xmlns:n${at}="u"`).join(' ')}/>`,
      'namespaces',
      1,
    ],
  ])('%s', (_what, text, found, line) => {
    expect(() => readRss(text)).toThrow(refused(found, line));
  });

  it.each([
    ['another root', '<svg></svg>', '<svg>'],
    ['HTML', '<!DOCTYPE html>\n<html><body>Sorry</body></html>', '<html>'],
    ['text', 'hello', 'text'],
    ['a JSON Feed', ' {"version":"https://jsonfeed.org/version/1.1","title":"x","items":[]}', 'JSON Feed'],
  ])('%s', (_what, text, found) => {
    expect(() => readRss(text)).toThrow(
      expect.objectContaining({
        code: 'upstream',
        field: 'format',
        message: expect.stringContaining(found) as string,
      }) as Error,
    );
  });
});

/** Each of some megabytes: what takes more than linear time would take minutes. */
it.each([
  ['comments without an end', `<rss>${'<!--'.repeat(500_000)}`],
  ['comments before the document', `${'<!--><!-- <rss> -->'.repeat(100_000)}<rss/>`],
  ['comments without an end before the document', `${'<!--'.repeat(500_000)}<rss/>`],
  ['CDATA without an end', `<rss>${'<![CDATA['.repeat(300_000)}`],
  ['a document type of brackets', `<!DOCTYPE x ${'[<"'.repeat(500_000)}`],
  ['items without an end', `<rss>${'<item>'.repeat(500_000)}`],
  ['items without number', channel('<item><guid>1</guid></item>'.repeat(100_000))],
  ['tags without an end', `<rss>${'<a '.repeat(500_000)}`],
  ['ends of nothing in markup', channel(`<item><title>${'</b>'.repeat(500_000)}</title></item>`)],
  ['an attribute of megabytes', channel(`<item><link href="${'x'.repeat(3_000_000)}"/></item>`)],
  [
    'attributes without number',
    channel(`<item ${Array.from({ length: 200_000 }, (_, at) => `a${at}="x"`).join(' ')}/>`),
  ],
  ['ampersands', channel(`<item><title>${'&amp'.repeat(700_000)}</title></item>`)],
  ['namespaces again and again', `<rss>${'<a xmlns:b="c"></a>'.repeat(150_000)}</rss>`],
])(
  'is done in no time: %s',
  (_what, text) => {
    try {
      readRss(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'upstream' });
    }
  },
  20_000,
);

function refused(found: string, line: number): Error {
  const message = expect.stringMatching(
    new RegExp(`${found.replace(/[/<>]/g, '\\$&')}.*\\(line ${line}\\)$`),
  ) as string;
  return expect.objectContaining({ code: 'upstream', field: 'format', message }) as Error;
}

describe('a document costs as much as it is long', () => {
  const LENGTH = 1_000_000;
  const blanks = ' '.repeat(LENGTH);

  it.each([
    ['blanks in a tag', channel(`<item${blanks}a="b"><guid>1</guid></item>`)],
    ['an author of blanks', channel(`<item><guid>1</guid><author>Ann${blanks}B</author></item>`)],
    ['openings in a comment', channel(`<!-- ${'<![CDATA['.repeat(LENGTH / 9)} -->`)],
    ['comments without an end', channel(`<? ${'<!--'.repeat(LENGTH / 4)} ?>`)],
  ])('%s', (_, text) => {
    const begun = performance.now();
    readRss(text);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
