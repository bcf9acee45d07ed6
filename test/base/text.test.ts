/** Texts in pieces: together they are the text, and none is larger than it may be. */
import { expect, test } from 'vitest';
import { utf8Bytes } from '../../src/base/json.ts';
import { inPieces, inPages } from '../../src/base/text.ts';

// The last character is a byte order mark, which decoders drop at the beginning of a text.
const text = 'aé€😀\uFEFF'.repeat(99);

test('a text is never cut within a character', () => {
  for (let most = 4; most < 20; most += 1) {
    const pieces = inPieces(text, most);
    expect(pieces.join('')).toBe(text);
    expect(Math.max(...pieces.map(utf8Bytes))).toBeLessThanOrEqual(most);
  }
});

test.each([text, '"\\\n\u0000'.repeat(500), 'x', ''])('pages are measured as JSON', (whole) => {
  const pages = inPages(whole, 100);
  expect(pages.join('')).toBe(whole);
  expect(Math.max(...pages.map((page) => utf8Bytes(JSON.stringify(page))))).toBeLessThanOrEqual(100);
});
