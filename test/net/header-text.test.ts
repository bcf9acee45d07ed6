/** Headers whose bytes are no ASCII. */
import { expect, test } from 'vitest';
import { utf8Header } from '../../src/net/header-text.ts';
import { linkTarget } from '../../src/net/link-header.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

test.each(['/caf\u00e9', '/\u0628\u062e\u0634/a b?q=\u00fc', '/plain?x=%C3%A9', '/\u{1f4a7}'])(
  '%s is read as UTF-8',
  (text) => {
    expect(utf8Header(bytes(text))).toBe(text);
    expect(linkTarget(bytes(`<${text}>; rel="next"`), 'next')).toBe(text);
  },
);

test('what is no UTF-8, or was read as such before, stays as it is', () => {
  expect(utf8Header('/caf\u00e9')).toBe('/caf\u00e9');
  expect(utf8Header('/\u0628')).toBe('/\u0628');
});
