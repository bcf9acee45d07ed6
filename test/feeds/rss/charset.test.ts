/** In which charset a document is read, on Node. `test/workerd/http-formats.test.ts` has some of it in workerd. */
import { describe, expect, it } from 'vitest';
import { decodeXml } from '../../../src/feeds/rss/charset.ts';

const NONE = { declared: null, answered: null };
const bytesOf = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)));
const xml = (charset: string, ...text: (string | number[])[]) =>
  bytesOf(`<?xml version="1.0" encoding="${charset}"?><t>`, ...text, '</t>');
const utf16 = (text: string, isLittle: boolean) =>
  Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).flatMap((code) => {
    return isLittle ? [code & 255, code >> 8] : [code >> 8, code & 255];
  });

describe('the charset of a document', () => {
  it.each<[string, Uint8Array, string]>([
    ['ISO-8859-1', xml('ISO-8859-1', 'D', [0xfc], 'sseldorf'), 'Düsseldorf'],
    ['windows-1252', xml('windows-1252', [0x80]), '€'],
    ['windows-1251', xml('windows-1251', [0xcf, 0xf0]), 'Пр'],
    ['Shift_JIS', xml('Shift_JIS', [0x93, 0xfa, 0x96, 0x7b]), '日本'],
    ['EUC-KR', xml('euc-kr', [0xb3, 0xe2]), '년'],
    ['GB2312, by its greater form', xml('gb2312', [0x81, 0x30, 0x81, 0x30]), '\u0080'],
    ['Big5', xml('big5', [0xa4, 0xa4]), '中'],
    ['UTF-8 without a declaration', bytesOf('<t>ü</t>'), 'ü'],
    ['a mark of UTF-8', bytesOf([0xef, 0xbb, 0xbf], '<?xml version="1.0" encoding="iso-8859-1"?><t>ü</t>'), 'ü'],
    ['a mark of UTF-16', Uint8Array.from([0xff, 0xfe, ...utf16('<t>ü</t>', true)]), 'ü'],
    ['UTF-16 without a mark', Uint8Array.from(utf16('<?xml version="1.0" encoding="utf-16"?><t>ü</t>', false)), 'ü'],
    ['UTF-16 that is none', xml('utf-16', 'ü'), 'ü'],
    ['one that nobody knows', xml('x-klingon', 'ü'), 'ü'],
  ])('is as the document says: %s', (_what, bytes, expected) => {
    const text = decodeXml(bytes, NONE);
    expect(text.slice(text.indexOf('<t>') + 3, -4)).toBe(expected);
  });

  it('is as its answer says, before the document', () => {
    expect(decodeXml(xml('utf-8', [0xcf, 0xf0]), { declared: null, answered: 'windows-1251' })).toContain('Пр');
  });

  it('is another where the bytes make no sense in what the answer says', () => {
    expect(decodeXml(xml('iso-8859-1', [0xfc]), { declared: null, answered: 'utf-8' })).toContain('<t>ü</t>');
  });

  it('is what the app says before all', () => {
    expect(decodeXml(xml('utf-8', 'ü'), { declared: 'iso-8859-1', answered: 'utf-8' })).toContain('Ã¼');
  });

  it.each([
    ['what the document says', xml('utf-8', [0xfc]), NONE, 'utf-8'],
    ['what the app says', xml('iso-8859-1', [0xfc]), { declared: 'utf-8', answered: null }, 'utf-8'],
    ['UTF-32', Uint8Array.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c]), NONE, 'utf-32'],
  ])('is told where the bytes are not %s', (_what, bytes, clues, charset) => {
    const message = expect.stringContaining(charset) as string;
    expect(() => decodeXml(bytes, clues)).toThrow(expect.objectContaining({ code: 'upstream', message }) as Error);
  });
});
