import { expect, test } from 'vitest';
import { linkTarget } from '../../src/net/link-header.ts';

test.each([
  ['</a>; rel="next"', '/a'],
  ['</a>; rel=next', '/a'],
  ['</a>;REL=Next', '/a'],
  ['</p>; rel="prev", </n>; rel="next"', '/n'],
  ['</p?x=1,2>; rel="prev"; title="next, <please>", </n>; rel="start next"', '/n'],
  ['</a>; title="quoted \\" and, <comma>"; rel="next"', '/a'],
  ['</a>; title="ends with \\\\"; rel="next"', '/a'],
  ['</a>; rel="nextish"', null],
  ['</a>; title="x; rel=next"', null],
  ['</a>; title="x; rel=next"; rel="prev"', null],
  ['</a>; rel = "next"', '/a'],
  ['</a>; title="never ends; rel=next', null],
  ['</a>; rel="prev", </b>; rel="last"', null],
  ['</a>', null],
  ['next', null],
  ['', null],
  [null, null],
])('%s links to %s', (header, expected) => {
  expect(linkTarget(header, 'next')).toBe(expected);
});

test('a header of nothing but beginnings costs no time', () => {
  expect(linkTarget('<'.repeat(60_000), 'next')).toBeNull();
  expect(linkTarget('<a>;"'.repeat(12_000), 'next')).toBeNull();
}, 10_000);
