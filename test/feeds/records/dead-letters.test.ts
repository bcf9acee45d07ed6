/** The stored form of dead letters: those that an older release can read are written as it wrote them. */
import { expect, test } from 'vitest';
import { deadLetter, toDeadLetter } from '../../../src/feeds/records/dead-letters.ts';

const item = { stream: 'numbers', data: { n: 'one' }, key: 'a', time: 7, bytes: 10 };
const plain = toDeadLetter(item, { reason: 'schema', field: 'n' }, 5);

test('a letter without meta is of version 1, which names none', () => {
  expect(deadLetter.encode(plain)).toEqual(plain);
  expect(deadLetter.encode(plain)).not.toHaveProperty('$v');
});

test('a letter with meta is of version 2, which releases before do not read', () => {
  const full = toDeadLetter({ ...item, meta: { source: 'plant/1' } }, { reason: 'schema', field: 'n' }, 5);
  expect(deadLetter.encode(full)).toEqual({ $v: 2, value: { ...plain, meta: { source: 'plant/1' } } });
});

test('both versions are read in one log', () => {
  const full = { ...plain, meta: { source: 'plant/1' } };
  expect([plain, full].map((letter) => deadLetter.decode(deadLetter.encode(letter)))).toEqual([plain, full]);
});
