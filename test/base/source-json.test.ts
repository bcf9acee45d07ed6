import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLongNumber, readSourceJson } from '../../src/base/source-json.ts';

test.each<[string, unknown]>([
  ['9007199254740991', 9007199254740991],
  ['-9007199254740991', -9007199254740991],
  ['9007199254740992', '9007199254740992'],
  ['-9007199254740993', '-9007199254740993'],
  ['[18446744073709551615]', ['18446744073709551615']],
  ['{"a":{"b":[1,9007199254740993]}}', { a: { b: [1, '9007199254740993'] } }],
  ['1e400', '1e400'],
  ['[-1E+400]', ['-1E+400']],
  // Fractions and powers are measures, not names: the nearest double stands for them.
  ['0.1234567890123456789', 0.12345678901234568],
  ['9007199254740993.0', 9007199254740992],
  ['1e22', 1e22],
  ['1e-400', 0],
  ['{"a":1,"a":9007199254740993}', { a: '9007199254740993' }],
  ['{"a":9007199254740993,"a":1}', { a: 1 }],
  ['\uFEFF[1]', [1]],
  ['"9007199254740993 and 1e400"', '9007199254740993 and 1e400'],
])('%s', (text, expected) => {
  expect(readSourceJson(text)).toEqual(expected);
});

test('a name that objects have of their own stays a name', () => {
  const value = readSourceJson('{"__proto__":9007199254740993,"constructor":1}') as object;
  expect(Object.entries(value)).toEqual([
    ['__proto__', '9007199254740993'],
    ['constructor', 1],
  ]);
});

const deep = (inner: string) => '['.repeat(100_000) + inner + ']'.repeat(100_000);

test('what is nested very deeply is read or refused, and never breaks the process', () => {
  expect(() => JSON.stringify((readSourceJson(deep('')) as unknown[]).length)).not.toThrow();
  expect(() => readSourceJson(`[${deep('')},9007199254740993]`)).toThrow(RangeError);
});

test('no two whole numbers become one', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (number) => {
      const value = readSourceJson(String(number));
      expect(String(value)).toBe(String(number));
      expect(typeof value).toBe(Number.isSafeInteger(Number(number)) ? 'number' : 'string');
      expect(isLongNumber(value)).toBe(typeof value === 'string');
    }),
  );
});

test('all else is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = JSON.parse(text) as unknown;
      fc.pre(!/\d{16}/.test(text));
      expect(readSourceJson(text)).toEqual(value);
    }),
  );
});
