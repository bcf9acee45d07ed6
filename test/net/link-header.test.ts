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
  ['</a>; rel="prev"; title="5\\" pipe", </n>; rel="next"', '/n'],
  ['</a>; title="5\\" pipe"; rel="next"', '/a'],
  ['</a>; rel="ne\\xt"', '/a'],
  ['</a>; rel="prev"; rel="next"', null],
  ['</a>; nofollow; rel=next', '/a'],
  ['</a>; rel; title=x, </b>; rel=next', '/b'],
  ["</a>; title*=UTF-8''next; rel=next", '/a'],
  ["</a>; rel*=UTF-8''next", null],
  ['</a>; rel="prev\tnext"', '/a'],
  ['</a>; rel=next; anchor="#other", </b>; rel=next', '/b'],
  ['</a>; rel=next; anchor=""', '/a'],
  ['< /a >; rel=next', '/a'],
  ['</a?x=1;2,3>;rel=next', '/a?x=1;2,3'],
  [',, </a>; rel=next', '/a'],
  ['</a>; ; rel=next', '/a'],
  ['</a>;;;rel=next', '/a'],
  ['</a>  rubbish; rel=next', '/a'],
  ['</a> rel=prev, </b>; rel=next', '/b'],
  ['</a>; rel="next', null],
  ['<>; rel=next', ''],
  ['rubbish, </a>; rel=next', null],
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
