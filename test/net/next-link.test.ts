import { expect, test } from 'vitest';
import { nextInHeader, restoreLink, storeLink } from '../../src/net/next-link.ts';

test.each([
  ['</a>; rel="next"', '/a'],
  ['</a>; rel=next', '/a'],
  ['</a>;REL=Next', '/a'],
  ['</p>; rel="prev", </n>; rel="next"', '/n'],
  ['</p?x=1,2>; rel="prev"; title="next, <please>", </n>; rel="start next"', '/n'],
  ['</a>; rel="nextish"', null],
  ['</a>; title="x; rel=next"', null],
  ['</a>', null],
  ['next', null],
  ['', null],
  [null, null],
])('%s links to %s', (header, expected) => {
  expect(nextInHeader(header)).toBe(expected);
});

test('a header of nothing but beginnings costs no time', () => {
  expect(nextInHeader('<'.repeat(60_000))).toBeNull();
  expect(nextInHeader('<a>;"'.repeat(12_000))).toBeNull();
}, 10_000);

test.each([
  'https://a.example/key/items?token=key&page=2',
  'https://a.example/key/items/page/2?token=key',
  'https://a.example/key',
  'https://a.example/key/items/',
  'https://a.example/other?x=1&x=2',
])('%s is the same when it was stored, and what it repeats of the feed’s own URL is not stored', (link) => {
  const base = new URL('https://a.example/key/items?token=key');
  const stored = storeLink(new URL(link), base);
  expect(restoreLink(stored, base).href).toBe(link);
  expect(JSON.stringify(stored)).not.toContain('key');
  // A key that was changed meanwhile is the one that is sent.
  const changed = new URL('https://a.example/KEY/items?token=KEY');
  expect(restoreLink(stored, changed).href).toBe(link.replaceAll('key', 'KEY'));
});

test('a link that an earlier version stored is followed', () => {
  const base = new URL('https://a.example/items?token=key');
  const stored = { path: '/items/2', query: [['page', '2'], ['token']] };
  expect(restoreLink(stored, base).href).toBe('https://a.example/items/2?page=2&token=key');
});
