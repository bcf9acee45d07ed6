import { describe, expect, test } from 'vitest';
import { normalUri } from '../../src/base/uri.ts';

describe('the normal form of a URI', () => {
  test.each([
    ['note://café menu.md', 'note://caf%C3%A9%20menu.md'],
    ['note://house/café menu.md', 'note://house/caf%c3%a9%20menu.md'],
    ['note://a%2fb', 'note://a%2Fb'],
    ['note://~x', 'note://%7Ex'],
    ['note://house/[1]{a}|b^c\\d', 'note://house/%5B1%5D%7Ba%7D%7Cb%5Ec%5Cd'],
    ['note://[1]|b', 'note://%5B1%5D%7Cb'],
    ['note://"a"<b>`c`', 'note://%22a%22%3Cb%3E%60c%60'],
    ['urn:note:ü "a"', 'urn:note:%C3%BC%20%22a%22'],
    ['https://Bücher.example/ä b', 'https://xn--bcher-kva.example/%C3%A4%20b'],
    ['http://[::1]:8080/a[b]', 'http://[::1]:8080/a%5Bb%5D'],
    ['note:// %', 'note://%20%'],
  ])('is one for %s and %s', (written, sent) => {
    expect(normalUri(sent)).toBe(normalUri(written));
    // What a client's parser makes of either, and the form itself, are no other URI.
    for (const uri of [written, sent]) expect(normalUri(URL.parse(uri)?.href ?? uri)).toBe(normalUri(written));
    expect(normalUri(normalUri(written))).toBe(normalUri(written));
  });

  test.each([
    ['note://a/b', 'note://a%2Fb'],
    ['note://a?b', 'note://a%3Fb'],
    ['note://a%20b', 'note://a%2520b'],
    ['note://A/b', 'note://a/b'],
    ['note://a/b', 'note://a/b/'],
    ['note://é', 'note://e'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(normalUri(one)).not.toBe(normalUri(other));
  });

  test('is there for half a character too', () => {
    expect(normalUri('note://\ud800')).toBe('note://%EF%BF%BD');
  });
});
