import { describe, expect, test } from 'vitest';
import { createSorted } from '../../../src/store/drivers/sorted.ts';

const ascending = (a: number, b: number) => a - b;

/** A row of numbers below `below` in which none comes twice, in an order that looks like none. */
const mixed = (below: number, step: number) => Array.from({ length: below }, (_, index) => (index * step) % below);

describe('items in an order', () => {
  test.each([
    ['as they come', Array.from({ length: 5_000 }, (_, index) => index)],
    ['the last first', Array.from({ length: 5_000 }, (_, index) => 4_999 - index)],
    ['anyhow', mixed(5_003, 1_999)],
  ])('are kept in it: %s', (_how, numbers) => {
    const sorted = createSorted(ascending);
    for (const number of numbers) sorted.add(number);
    expect([...sorted.from(null)]).toEqual(numbers.toSorted(ascending));
    for (const least of [0, 1, 1_023, 1_024, 2_500, 4_999]) expect([...sorted.from(least)][0]).toBe(least);
  });

  test('some that are taken out are gone, and those that never were there change nothing', () => {
    const sorted = createSorted(ascending);
    for (const number of mixed(4_001, 1_234)) sorted.add(number * 2);
    for (const number of mixed(4_001, 777)) sorted.remove(number);
    const left = Array.from({ length: 4_001 }, (_, index) => index * 2).filter((number) => number > 4_000);
    expect([...sorted.from(null)]).toEqual(left);
    expect([...sorted.from(4_003)].slice(0, 2)).toEqual([4_004, 4_006]);
    for (const number of left) sorted.remove(number);
    expect([...sorted.from(null)]).toEqual([]);
    sorted.add(1);
    expect([...sorted.from(0)]).toEqual([1]);
    expect([...sorted.from(2)]).toEqual([]);
  });

  test('one is found without a look at all of them', () => {
    let looks = 0;
    const sorted = createSorted<number>((a, b) => {
      looks += 1;
      return a - b;
    });
    for (const number of mixed(100_003, 54_321)) sorted.add(number);
    looks = 0;
    for (const number of [3, 50_000, 99_999]) {
      sorted.remove(number);
      sorted.add(number);
      expect(sorted.from(number)[Symbol.iterator]().next().value).toBe(number);
    }
    expect(looks).toBeLessThan(3 * 3 * 40);
  });
});
