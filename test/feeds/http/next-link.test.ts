import { expect, test } from 'vitest';
import { restoreLink, storeLink } from '../../../src/feeds/http/next-link.ts';

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
