import { expect, test } from 'vitest';
import { nextInHeader } from '../../src/ingest/next-link.ts';

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
